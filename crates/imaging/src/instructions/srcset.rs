//! Short syntax of `srcset`: expands commands between commas, such as `webp-70,sharp-15,100w`, into pairs of other
//! keys, and reads each pair through the table of keys. So a command means exactly what its key means.
//!
//! The grammar is Imageflow's. The table calls [`read`] after all other keys, which the short syntax overrides.

use std::borrow::Cow;

use super::Reading;
use crate::keys::{Key, Support};

/// The name of the key that is read last.
pub(crate) const KEY: &str = "srcset";

/// A pair of a key and its value.
type Pair = (&'static str, Cow<'static, str>);

/// Reads the whole value. A command that cannot be read leaves a remark, and the others count.
///
/// # Errors
/// No command can be read.
pub(crate) fn read(reading: &mut Reading, value: &str) -> Result<(), String> {
    let (mut remarks, mut is_used) = (Vec::new(), false);
    let (mut fits, mut formats) = (0, 0);
    let value = value.to_ascii_lowercase();
    for command in value.split(',').map(str::trim).filter(|command| !command.is_empty()) {
        let Expansion { pairs, remark } = match expand(command) {
            Ok(expansion) => expansion,
            Err(expected) => {
                remarks.push(format!("`{command}`: {expected}"));
                continue;
            }
        };
        remarks.extend(remark.map(|remark| format!("`{command}`: {remark}")));
        if !is_used {
            is_used = true;
            give(reading, &("mode", Cow::Borrowed("max")))?;
        }
        for pair in &pairs {
            fits += u32::from(pair.0 == "mode");
            formats += u32::from(pair.0 == "format");
            if let Err(reason) = give(reading, pair) {
                remarks.push(format!("`{command}`: {reason}"));
            }
        }
    }
    if fits > 1 {
        remarks.push("the last one of several fits counts".to_owned());
    }
    if formats > 1 {
        remarks.push("the last one of several formats counts".to_owned());
    }
    let remarks = remarks.join("; ");
    if !is_used {
        return Err(if remarks.is_empty() {
            UNKNOWN.to_owned()
        } else {
            remarks
        });
    }
    reading.remark = (!remarks.is_empty()).then_some(remarks);
    Ok(())
}

const UNKNOWN: &str = "expected commands such as `webp-70`, `100w`, `100h`, `2x`, `fit-crop`, `crop-20-30-90-100`, \
                       `sharpen-15` or `upscale`";

/// Reads one pair as if it stood in the query.
fn give(reading: &mut Reading, (key, value): &Pair) -> Result<(), String> {
    let read = match Key::find(key).map(|key| key.support) {
        Some(Support::Yes(read)) => read,
        Some(Support::No { reason }) => return Err(format!("`{key}` is not supported: {reason}")),
        _ => return Err(format!("`{key}` is read by a plugin")),
    };
    read.0(reading, value)?;
    match reading.remark.take() {
        Some(remark) => Err(remark),
        None => Ok(()),
    }
}

/// The meaning of one command.
struct Expansion {
    pairs: Vec<Pair>,
    /// The fault of a part of the command that is not used.
    remark: Option<&'static str>,
}

impl Expansion {
    /// One pair, from a command with these arguments behind those that it takes.
    fn of(key: &'static str, value: impl Into<Cow<'static, str>>, surplus: &[&str]) -> Self {
        Self {
            pairs: vec![(key, value.into())],
            remark: (!surplus.is_empty()).then_some("more is given than the command takes"),
        }
    }
}

/// The meaning of a command, or what was expected in its place.
fn expand(command: &str) -> Result<Expansion, &'static str> {
    let mut arguments = command.split('-');
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<&str> = arguments.collect();
    match (name, &arguments[..]) {
        ("webp" | "jpeg" | "jpg" | "png" | "gif" | "avif" | "jxl" | "jpegxl" | "auto" | "keep", arguments) => {
            Ok(format(name, arguments))
        }
        ("lossless", surplus) => Ok(Expansion::of("lossless", "true", surplus)),
        ("lossy", surplus) => Ok(Expansion::of("lossless", "false", surplus)),
        ("fit", [name, surplus @ ..]) => Ok(Expansion::of("mode", fit(name)?, surplus)),
        ("fit", []) => Err(FITS),
        ("upscale", surplus) => Ok(Expansion::of("scale", "both", surplus)),
        ("sharp" | "sharpen", [percent, surplus @ ..]) if number(percent).is_some() => {
            Ok(Expansion::of("f.sharpen", (*percent).to_owned(), surplus))
        }
        ("sharp" | "sharpen", _) => Err("expected a percentage, as in `sharpen-15`"),
        ("crop", [x1, y1, x2, y2, surplus @ ..]) if [x1, y1, x2, y2].iter().all(|edge| number(edge).is_some()) => {
            Ok(Expansion::of("c", format!("{x1},{y1},{x2},{y2}"), surplus))
        }
        ("crop", _) => Err("expected four percentages, as in `crop-20-30-90-100`"),
        ("qp", ["dpr" | "dppx", density, surplus @ ..]) => Ok(Expansion::of("qp.dpr", (*density).to_owned(), surplus)),
        // The profiles with a hyphen.
        ("qp", ["medium", half @ ("low" | "high"), surplus @ ..]) => {
            Ok(Expansion::of("qp", format!("medium-{half}"), surplus))
        }
        ("qp", [profile, surplus @ ..]) => Ok(Expansion::of("qp", (*profile).to_owned(), surplus)),
        ("qp", []) => Err("expected a profile, as in `qp-medium`, or a density, as in `qp-dpr-2`"),
        (size, surplus) => of_size(size, surplus),
    }
}

/// `100w`, `100h` and `2x`. Widths and heights are rounded to whole pixels.
fn of_size(size: &str, surplus: &[&str]) -> Result<Expansion, &'static str> {
    let (key, length) = if let Some(length) = size.strip_suffix('w') {
        ("width", length)
    } else if let Some(length) = size.strip_suffix('h') {
        ("height", length)
    } else if let Some(length) = size.strip_suffix('x') {
        ("zoom", length)
    } else {
        return Err(UNKNOWN);
    };
    let length = number(length).ok_or("expected a number, as in `100w`, `100h` or `2x`")?;
    let length = if key == "zoom" { length } else { length.round() };
    Ok(Expansion::of(key, length.to_string(), surplus))
}

const FITS: &str = "expected `fit-pad`, `fit-crop`, `fit-max` or `fit-distort`";

fn fit(name: &str) -> Result<&'static str, &'static str> {
    match name {
        "pad" => Ok("pad"),
        "crop" | "cover" => Ok("crop"),
        "max" | "scale" | "contain" => Ok("max"),
        "distort" | "fill" => Ok("stretch"),
        _ => Err(FITS),
    }
}

/// A format and the arguments behind it: a quality, `lossless`, and the settings that the format has. Of two arguments
/// for one key the last counts.
fn format(name: &str, arguments: &[&str]) -> Expansion {
    /// The keys of one format.
    struct Keys {
        format: &'static str,
        quality: Option<&'static str>,
        lossless: Option<&'static str>,
        expected: &'static str,
    }
    let keys = match name {
        "webp" => Keys {
            format: "webp",
            quality: Some("webp.quality"),
            lossless: Some("webp.lossless"),
            expected: "expected a quality, `lossless`, `lossy` or `keep` behind the format, as in `webp-70`",
        },
        "jpeg" | "jpg" => Keys {
            format: "jpg",
            quality: Some("jpeg.quality"),
            lossless: None,
            expected: "expected a quality, `progressive` or `baseline` behind the format, as in `jpeg-80`",
        },
        "png" => Keys {
            format: "png",
            quality: Some("png.quality"),
            lossless: Some("png.lossless"),
            expected: "expected a quality, `lossless` or `mq20` behind the format, as in `png-90`",
        },
        "avif" => Keys {
            format: "avif",
            quality: Some("avif.quality"),
            lossless: None,
            expected: "expected a quality or `s6` behind the format, as in `avif-60-s6`",
        },
        "jxl" | "jpegxl" => Keys {
            format: "jxl",
            quality: Some("jxl.quality"),
            lossless: Some("jxl.lossless"),
            expected: "expected a quality, `lossless`, `d1` or `e4` behind the format, as in `jxl-90`",
        },
        "gif" => Keys {
            format: "gif",
            quality: None,
            lossless: None,
            expected: "expected nothing behind `gif`",
        },
        "keep" => Keys {
            format: "keep",
            quality: None,
            lossless: None,
            expected: "expected nothing behind `keep`",
        },
        _ => Keys {
            format: "auto",
            quality: None,
            lossless: Some("lossless"),
            expected: "expected `lossless`, `lossy` or `keep` behind `auto`",
        },
    };
    let mut expansion = Expansion::of("format", keys.format, &[]);
    for argument in arguments {
        let lossless = |value: &'static str| keys.lossless.map(|key| (key, Cow::Borrowed(value)));
        let progressive = |value: &'static str| ("jpeg.progressive", Cow::Borrowed(value));
        // A number behind a letter. Qualities and speeds are whole numbers.
        let whole = |key: &'static str, digits: &str| -> Option<Pair> {
            let number = number(digits).filter(|number| *number >= 0.0)?;
            Some((key, number.trunc().to_string().into()))
        };
        let pair: Option<Pair> = match (*argument, keys.format) {
            ("lossless" | "l", _) => lossless("true"),
            ("lossy", _) => lossless("false"),
            ("keep", _) => lossless("keep"),
            ("progressive", "jpg") => Some(progressive("true")),
            ("baseline", "jpg") => Some(progressive("false")),
            (argument, format) => match (argument.split_at_checked(1), format) {
                (Some(("d", distance)), "jxl") => {
                    number(distance).map(|_| ("jxl.distance", distance.to_owned().into()))
                }
                (Some(("e", effort)), "jxl") => whole("jxl.effort", effort),
                (Some(("s", speed)), "avif") => whole("avif.speed", speed),
                (Some(("m", quality)), "png") => quality
                    .strip_prefix('q')
                    .and_then(|quality| whole("png.min_quality", quality)),
                (Some(("q", quality)), _) => keys.quality.and_then(|key| whole(key, quality)),
                _ => keys.quality.and_then(|key| whole(key, argument)),
            },
        };
        match pair {
            Some(pair) => expansion.pairs.push(pair),
            None => expansion.remark = Some(keys.expected),
        }
    }
    expansion
}

/// A finite number.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests;
