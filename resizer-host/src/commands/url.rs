//! `resizer-host url PATH`: writes the address of an image, a `srcset` or a `<picture>`, through the crate
//! `resizer-url`. Neither a configuration nor a server is needed.

use std::env::VarError;

use resizer_url::{Error, Generator, ImageUrl, Key, Picture};

use crate::cli::Url;
use crate::complaint::Complaint;

/// The variable that holds the secret of the key.
const KEY_VARIABLE: &str = "RESIZER_URL_KEY";

/// Prints what the arguments ask for, on one line.
pub(super) fn url(arguments: Url) -> Result<u8, Complaint> {
    let secret = match &arguments.site.sign {
        Some(_) => Some(secret(&arguments)?),
        None => None,
    };
    let text = written(arguments, secret.as_deref()).map_err(Complaint::new)?;
    crate::print(&format!("{text}\n"))
}

fn written(arguments: Url, secret: Option<&str>) -> Result<String, Error> {
    let image = image(&arguments);
    let site = arguments.site;
    let mut generator = Generator::new().bases(&site.bases)?.semicolons(site.semicolons);
    if let (Some(id), Some(secret)) = (&site.sign, secret) {
        generator = generator.key(Key::new(id, secret)?);
    }
    if let Some(seconds) = site.expires {
        generator = generator.expires(seconds);
    }
    let markup = arguments.markup;
    match markup.srcset {
        candidates if !markup.picture.is_empty() => {
            let picture = Picture {
                formats: markup.picture,
                candidates,
                sizes: markup.sizes,
                alt: markup.alt.unwrap_or_default(),
                attributes: markup.attributes,
            };
            generator.picture(&image, &picture)
        }
        Some(candidates) => generator.srcset(&image, &candidates),
        None => generator.url(&image),
    }
}

/// The image with its commands, in the order of the help.
fn image(arguments: &Url) -> ImageUrl {
    let commands = &arguments.commands;
    let mut image = ImageUrl::new(&arguments.path);
    macro_rules! add {
        ($($name:ident),+) => {
            $(if let Some(value) = commands.$name {
                image = image.$name(value);
            })+
        };
    }
    add!(width, height, max_width, max_height, mode, scale, anchor);
    if let Some([left, top, right, bottom]) = commands.crop {
        image = image.crop(left, top, right, bottom);
    }
    add!(zoom, dpr, rotate, flip);
    if let Some(colour) = &commands.background {
        image = image.background(colour);
    }
    add!(format, quality);
    if let Some(names) = &commands.preset {
        image = image.preset(names);
    }
    for (name, value) in &commands.others {
        image = image.command(name, value);
    }
    image
}

/// The secret of the key, of the file or of the environment, without white space around it.
#[expect(clippy::disallowed_methods, reason = "a command line tool blocks no request")]
fn secret(arguments: &Url) -> Result<String, Complaint> {
    let text = match &arguments.site.key_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Complaint::new(format!("cannot read the key from {}: {error}", path.display())))?,
        None => std::env::var(KEY_VARIABLE).map_err(|error| match error {
            VarError::NotPresent => Complaint::new(format!(
                "--sign needs the secret of the key: give a file with --key-file, or set ${KEY_VARIABLE}"
            )),
            VarError::NotUnicode(_) => Complaint::new(format!("${KEY_VARIABLE} is not UTF-8")),
        })?,
    };
    Ok(text.trim().to_owned())
}
