//! Markup: the attribute `srcset` (HTML, section 4.8.4.2.1) and the element `<picture>` for one image in several sizes
//! and formats.

use std::str::FromStr;

use crate::image_url::written;
use crate::words::Format;
use crate::{Error, Generator, ImageUrl, escape};

/// The sizes among which a browser chooses.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Candidates {
    /// Widths in pixels, for images whose size on the page varies. `sizes` tells the browser that size.
    Widths(Vec<u32>),
    /// Densities, pixels per CSS pixel, for images of one size on the page.
    Densities(Vec<f64>),
}

/// Reads widths (`400,800` or `400w,800w`) or densities (`1x,1.5x,2x`).
impl FromStr for Candidates {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        let densities = items.iter().map(|item| item.strip_suffix('x')?.parse().ok());
        if let Some(densities) = densities.collect() {
            return Ok(Self::Densities(densities));
        }
        let widths = items
            .iter()
            .map(|item| item.strip_suffix('w').unwrap_or(item).parse().ok());
        let widths: Option<_> = widths.collect();
        widths
            .map(Self::Widths)
            .ok_or_else(|| Error::Candidates(text.to_owned()))
    }
}

/// The parts of a `<picture>`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The formats, best first. The last is that of `<img>`, which every browser has to show.
    pub formats: Vec<Format>,
    /// The sizes among which a browser chooses; without them, each format has one address.
    pub candidates: Option<Candidates>,
    /// The attribute `sizes`, such as `(min-width: 60em) 50vw, 100vw`.
    pub sizes: Option<String>,
    /// The text in place of the image.
    pub alt: String,
    /// Further attributes of `<img>`: name and value, such as `loading` and `lazy`.
    pub attributes: Vec<(String, String)>,
}

/// The addresses with their descriptors, separated by commas.
pub(crate) fn srcset(generator: &Generator, image: &ImageUrl, candidates: &Candidates) -> Result<String, Error> {
    let listed: Vec<String> = match candidates {
        Candidates::Widths(widths) => widths
            .iter()
            .map(|width| Ok(format!("{} {width}w", address(generator, &at_width(image, *width))?)))
            .collect::<Result<_, Error>>()?,
        Candidates::Densities(densities) => densities
            .iter()
            .map(|density| {
                let image = image.clone().dpr(*density);
                Ok(format!("{} {}x", address(generator, &image)?, written(*density)))
            })
            .collect::<Result<_, Error>>()?,
    };
    if listed.is_empty() {
        return Err(Error::Candidates(String::new()));
    }
    Ok(listed.join(", "))
}

/// An address in a list: browsers remove commas from its end.
fn address(generator: &Generator, image: &ImageUrl) -> Result<String, Error> {
    let url = generator.url(image)?;
    Ok(match url.strip_suffix(',') {
        Some(rest) => format!("{rest}%2C"),
        None => url,
    })
}

/// The image at another width. Its height keeps its proportion to the width, rounded, and is at least 1.
fn at_width(image: &ImageUrl, width: u32) -> ImageUrl {
    let side = |name: &str| image.get(name).and_then(|value| value.parse::<u64>().ok());
    let image = image.clone();
    match (side("width").filter(|width| *width > 0), side("height")) {
        (Some(old), Some(height)) => {
            let height = height.saturating_mul(2 * u64::from(width)).saturating_add(old) / (2 * old);
            image
                .height(u32::try_from(height.max(1)).unwrap_or(u32::MAX))
                .width(width)
        }
        _ => image.width(width),
    }
}

/// `<source>` for each format but the last, and `<img>` for the last.
pub(crate) fn picture(generator: &Generator, image: &ImageUrl, picture: &Picture) -> Result<String, Error> {
    let Some((last, others)) = picture.formats.split_last() else {
        return Err(Error::Formats);
    };
    let sizes = picture.sizes.as_ref().map(|sizes| attribute("sizes", sizes));
    let sizes = sizes.unwrap_or_default();
    let mut html = String::from("<picture>");
    for format in others {
        let media_type = format.media_type().ok_or(Error::Formats)?;
        let image = image.clone().format(*format);
        let listed = match &picture.candidates {
            Some(candidates) => srcset(generator, &image, candidates)?,
            None => address(generator, &image)?,
        };
        html += "<source";
        html += &attribute("type", media_type);
        html += &attribute("srcset", &listed);
        html += &sizes;
        html += ">";
    }
    last.media_type().ok_or(Error::Formats)?;
    let image = image.clone().format(*last);
    html += "<img";
    html += &attribute("src", &generator.url(&fallback(&image, picture))?);
    if let Some(candidates) = &picture.candidates {
        html += &attribute("srcset", &srcset(generator, &image, candidates)?);
        html += &sizes;
    }
    html += &attribute("alt", &picture.alt);
    for (name, value) in &picture.attributes {
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let own = ["src", "srcset", "sizes", "alt"];
        if !begins || !plain || own.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Error::Attribute(name.clone()));
        }
        html += &attribute(name, value);
    }
    html += "></picture>";
    Ok(html)
}

/// The image for browsers without `srcset`: at its own width, or else at the largest of the list.
fn fallback(image: &ImageUrl, picture: &Picture) -> ImageUrl {
    match &picture.candidates {
        Some(Candidates::Widths(widths)) if image.get("width").is_none() => {
            let largest = widths.iter().max().copied();
            largest.map_or_else(|| image.clone(), |width| at_width(image, width))
        }
        _ => image.clone(),
    }
}

fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", escape::attribute(value))
}
