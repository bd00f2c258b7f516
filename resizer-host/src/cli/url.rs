//! Arguments of `resizer-host url`: a path, commands with types, and the settings of a site's addresses.

use std::path::PathBuf;

use clap::Args;
use resizer_url::{Anchor, Candidates, Flip, Format, Mode, Scale};

/// The arguments of `url`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(crate) struct Url {
    /// The path of the image, such as '/album/lake at dusk.jpg'
    pub(crate) path: String,
    #[command(flatten)]
    pub(crate) commands: UrlCommands,
    #[command(flatten)]
    pub(crate) site: UrlSite,
    #[command(flatten)]
    pub(crate) markup: UrlMarkup,
}

/// Commands for the image.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Commands for the image")]
pub(crate) struct UrlCommands {
    /// The width of the result
    #[arg(long, value_name = "PIXELS")]
    pub(crate) width: Option<u32>,
    /// The height of the result
    #[arg(long, value_name = "PIXELS")]
    pub(crate) height: Option<u32>,
    /// The largest width of the result
    #[arg(long, value_name = "PIXELS")]
    pub(crate) max_width: Option<u32>,
    /// The largest height of the result
    #[arg(long, value_name = "PIXELS")]
    pub(crate) max_height: Option<u32>,
    /// For other proportions than the image's: max, pad, crop, stretch or aspectcrop
    #[arg(long)]
    pub(crate) mode: Option<Mode>,
    /// Whether the image may become smaller or larger: down, up, both or canvas
    #[arg(long)]
    pub(crate) scale: Option<Scale>,
    /// The part that is kept when the image is cut, such as topleft or middlecenter
    #[arg(long)]
    pub(crate) anchor: Option<Anchor>,
    /// The window that is cut out of the source, in pixels
    #[arg(long, value_name = "LEFT,TOP,RIGHT,BOTTOM", value_parser = edges, allow_hyphen_values = true)]
    pub(crate) crop: Option<[f64; 4]>,
    /// The factor by which width and height are multiplied
    #[arg(long, value_name = "FACTOR", conflicts_with = "dpr")]
    pub(crate) zoom: Option<f64>,
    /// The same, as pixels per CSS pixel of a screen
    #[arg(long, value_name = "DENSITY")]
    pub(crate) dpr: Option<f64>,
    /// Degrees clockwise by which the result is turned
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true)]
    pub(crate) rotate: Option<f64>,
    /// How the result is mirrored: x, y or both
    #[arg(long)]
    pub(crate) flip: Option<Flip>,
    /// The colour of padding, such as ff8800 or white
    #[arg(long, value_name = "COLOUR")]
    pub(crate) background: Option<String>,
    /// The format of the result: jpg, png, gif, webp, avif, jxl, auto or keep
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// The quality of the result, from 0 to 100
    #[arg(long)]
    pub(crate) quality: Option<u8>,
    /// Presets of the server, separated by commas
    #[arg(long, value_name = "NAMES")]
    pub(crate) preset: Option<String>,
    /// Any other command; may be given several times
    #[arg(long = "command", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) others: Vec<(String, String)>,
}

/// The settings of a site's addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Address")]
pub(crate) struct UrlSite {
    /// The beginning of the address, such as https://img.example.org. Of several, the path of the image chooses one
    #[arg(long = "base", value_name = "URL")]
    pub(crate) bases: Vec<String>,
    /// Write commands behind semicolons in the path, as the plugin cloudfront reads them
    #[arg(long, visible_alias = "semicolon")]
    pub(crate) semicolons: bool,
    /// Sign with the key of this name
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<String>,
    /// The file with the secret of the key [default: $RESIZER_URL_KEY]
    #[arg(long, value_name = "FILE", requires = "sign")]
    pub(crate) key_file: Option<PathBuf>,
    /// When the signature ends, in seconds since 1970
    #[arg(long, value_name = "SECONDS", requires = "sign")]
    pub(crate) expires: Option<u64>,
}

/// The HTML for several sizes and formats.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "HTML")]
pub(crate) struct UrlMarkup {
    /// Write the value of a srcset, for these widths or densities
    #[arg(long, value_name = "400,800|1x,2x")]
    pub(crate) srcset: Option<Candidates>,
    /// Write a <picture> with these formats, best first
    #[arg(long, value_name = "FORMATS", value_delimiter = ',')]
    pub(crate) picture: Vec<Format>,
    /// The attribute sizes of the <picture>
    #[arg(long, requires_all = ["picture", "srcset"])]
    pub(crate) sizes: Option<String>,
    /// The text in place of the image
    #[arg(long, value_name = "TEXT", requires = "picture")]
    pub(crate) alt: Option<String>,
    /// A further attribute of the <img>; may be given several times
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = pair, requires = "picture")]
    pub(crate) attributes: Vec<(String, String)>,
}

/// Reads four numbers between commas.
fn edges(text: &str) -> Result<[f64; 4], &'static str> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or("a window has four edges, as in 10,10,-10,-10")
}

/// Reads `name=value`.
fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a name and a value, as in s.sepia=true"),
    }
}
