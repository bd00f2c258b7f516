//! Colour management: converts the scaled picture from the source's colour space to sRGB. The scaled picture has the
//! fewest pixels, and the result needs no profile of its own.
//!
//! moxcms reads and applies profiles, with the perceptual intent where a profile has tables for it. A profile that
//! cannot be read or does not fit the pixels is ignored: a photograph in slightly wrong colours is better than none. A
//! profile that differs from sRGB by no more than rounding is skipped.

use std::sync::{Arc, LazyLock};

use moxcms::{
    ColorProfile, DataColorSpace, Layout, LutDataType, LutStore, LutType, LutWarehouse, ProfileVersion,
    RenderingIntent, Transform8BitExecutor, TransformOptions,
};

use crate::picture::Picture;
use crate::{Cancel, Channels, Detail, ImageError, Instructions, SourceInfo};

/// A conversion to sRGB.
pub(crate) enum ToSrgb {
    /// None: the picture is sRGB, or has no profile.
    Nothing,
    /// Grey values by table.
    Gray(Box<[u8; 256]>),
    /// Red, green and blue, or four inks, through the profile.
    Profile(Arc<Transform8BitExecutor>),
    /// Four inks without a profile.
    Inks,
}

/// The largest profile that is used. Those of printing presses have up to 3 MB.
pub(crate) const MOST_BYTES: u64 = 4 << 20;

static SRGB: LazyLock<ColorProfile> = LazyLock::new(ColorProfile::new_srgb);

impl ToSrgb {
    /// The conversion for a source with this header. `profile` fetches its profile.
    pub(crate) fn new(
        info: &SourceInfo,
        instructions: &Instructions,
        profile: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Self {
        let wanted = !instructions.ignore_profile && (1..=MOST_BYTES).contains(&info.profile_bytes);
        wanted
            .then(profile)
            .flatten()
            .and_then(|profile| Self::of(&profile, info.channels))
            .unwrap_or(if info.channels == Channels::Cmyk {
                Self::Inks
            } else {
                Self::Nothing
            })
    }

    /// Whether the picture stays as it is.
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// `None` for a profile that does not fit these channels.
    fn of(profile: &[u8], channels: Channels) -> Option<Self> {
        let mut profile = ColorProfile::new_from_slice(profile).ok()?;
        widen_tables(&mut profile);
        let transform = |from: Layout, to: Layout| {
            let options = TransformOptions {
                rendering_intent: intent(&profile),
                // Fixed point is faster, but up to three levels off.
                prefer_fixed_point: false,
                ..TransformOptions::default()
            };
            profile.create_transform_8bit(from, &SRGB, to, options).ok()
        };
        match (channels, profile.color_space) {
            (Channels::Rgb, DataColorSpace::Rgb) => unless_srgb(&transform(Layout::Rgb, Layout::Rgb)?, Self::Profile),
            (Channels::Rgba, DataColorSpace::Rgb) => {
                unless_srgb(&transform(Layout::Rgb, Layout::Rgb)?, |_| Self::Nothing)?;
                Some(Self::Profile(transform(Layout::Rgba, Layout::Rgba)?))
            }
            // Equal parts of red, green and blue stay grey in any useful profile.
            (Channels::Gray | Channels::GrayAlpha, DataColorSpace::Rgb) => {
                Self::by_table(&*transform(Layout::Rgb, Layout::Rgb)?, 3)
            }
            (Channels::Gray | Channels::GrayAlpha, DataColorSpace::Gray) => {
                Self::by_table(&*transform(Layout::Gray, Layout::Rgb)?, 1)
            }
            (Channels::Cmyk, DataColorSpace::Cmyk) => Some(Self::Profile(transform(Layout::Rgba, Layout::Rgb)?)),
            _ => None,
        }
    }

    /// Tabulates the result of each grey value. The transform takes `copies` equal channels.
    fn by_table(transform: &Transform8BitExecutor, copies: usize) -> Option<Self> {
        let grays: Vec<u8> = (0..=u8::MAX)
            .flat_map(|gray| std::iter::repeat_n(gray, copies))
            .collect();
        let mut colours = vec![0; 256 * 3];
        transform.transform(&grays, &mut colours).ok()?;
        let mut table = Box::new([0; 256]);
        for (entry, [_, green, _]) in table.iter_mut().zip(colours.as_chunks::<3>().0) {
            *entry = *green;
        }
        Some(Self::Gray(table))
    }

    /// The picture in sRGB.
    pub(crate) fn apply(&self, mut picture: Picture, cancel: &Cancel) -> Result<Picture, ImageError> {
        match self {
            Self::Nothing => Ok(picture),
            Self::Gray(table) => {
                for pixel in picture.pixels.chunks_exact_mut(picture.channels.count()) {
                    pixel[0] = table[usize::from(pixel[0])];
                }
                Ok(picture)
            }
            Self::Profile(transform) => {
                let failed = |error: moxcms::CmsError| ImageError::Internal {
                    detail: Detail(error.to_string()),
                };
                in_rows(&picture, cancel, |row, target| {
                    transform.transform(row, target).map_err(failed)
                })
            }
            Self::Inks => in_rows(&picture, cancel, |row, target| {
                for (inks, colour) in row.as_chunks::<4>().0.iter().zip(target.as_chunks_mut::<3>().0) {
                    *colour = plain(*inks);
                }
                Ok(())
            }),
        }
    }
}

/// Passes each row through `change`. Four inks become three colours.
fn in_rows(
    picture: &Picture,
    cancel: &Cancel,
    change: impl Fn(&[u8], &mut [u8]) -> Result<(), ImageError>,
) -> Result<Picture, ImageError> {
    let channels = match picture.channels {
        Channels::Cmyk => Channels::Rgb,
        channels => channels,
    };
    let mut pixels = vec![0; Picture::bytes(picture.size, channels)];
    let row_bytes = picture.size.width as usize * channels.count();
    for (row, target) in picture.rows().zip(pixels.chunks_exact_mut(row_bytes)) {
        cancel.check()?;
        change(row, target)?;
    }
    Ok(Picture {
        size: picture.size,
        channels,
        pixels,
    })
}

/// The light that inks leave of white paper: (1 - ink)(1 - black) each, rounded to the nearest value.
fn plain([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let left = |ink: u8| ((u32::from(255 - ink) * u32::from(255 - black) + 127) / 255) as u8;
    [left(cyan), left(magenta), left(yellow)]
}

/// Turns tables of 8 bits into tables of 16 bits. moxcms reads the output of both in the older 16-bit encoding of Lab,
/// where 0xff00 is a lightness of 100 and 0x8000 is neutral (ICC.1:2001-04, 6.3.4.2). A byte `b` is `b << 8` in it.
/// Profiles of version 4 have another encoding, to which bytes scale linearly.
fn widen_tables(profile: &mut ColorProfile) {
    if profile.pcs != DataColorSpace::Lab || profile.version() >= ProfileVersion::V4_0 {
        return;
    }
    for tables in [&mut profile.lut_a_to_b_perceptual, &mut profile.lut_a_to_b_colorimetric] {
        let Some(LutWarehouse::Lut(table)) = tables else {
            continue;
        };
        let LutDataType {
            input_table: LutStore::Store8(input),
            clut_table: LutStore::Store8(lattice),
            output_table: LutStore::Store8(output),
            ..
        } = table
        else {
            continue;
        };
        let widen = |bytes: &[u8], factor: u16| bytes.iter().map(|byte| u16::from(*byte) * factor).collect();
        let (input, lattice, output) = (widen(input, 257), widen(lattice, 257), widen(output, 256));
        table.input_table = LutStore::Store16(input);
        table.clut_table = LutStore::Store16(lattice);
        table.output_table = LutStore::Store16(output);
        table.lut_type = LutType::Lut16;
    }
}

/// Perceptual, the usual default, unless the profile has tables for another intent only.
fn intent(profile: &ColorProfile) -> RenderingIntent {
    if profile.lut_a_to_b_perceptual.is_none() && profile.lut_a_to_b_colorimetric.is_some() {
        RenderingIntent::RelativeColorimetric
    } else {
        RenderingIntent::Perceptual
    }
}

/// `None` if the transform leaves a lattice of colours unchanged, within rounding.
fn unless_srgb(
    transform: &Arc<Transform8BitExecutor>,
    otherwise: impl FnOnce(Arc<Transform8BitExecutor>) -> ToSrgb,
) -> Option<ToSrgb> {
    const LEVELS: [u8; 6] = [0, 51, 102, 153, 204, 255];
    let lattice: Vec<u8> = LEVELS
        .iter()
        .flat_map(|red| LEVELS.map(|green| (*red, green)))
        .flat_map(|(red, green)| LEVELS.map(|blue| [red, green, blue]))
        .flatten()
        .collect();
    let mut changed = vec![0; lattice.len()];
    transform.transform(&lattice, &mut changed).ok()?;
    let same = lattice.iter().zip(&changed).all(|(a, b)| a.abs_diff(*b) <= 1);
    (!same).then(|| otherwise(Arc::clone(transform)))
}
