//! AVIF file: the container's items and properties, checked, and the header that the caller plans with.

use std::borrow::Cow;

use enough::{Stop, StopReason};
use zenavif_parse::{AvifParser, ColorInformation, DecodeConfig, Error};

use crate::sequence::{Sequence, Signal};
use crate::{DecodeError, extents, units};

/// The bounds of a file's header.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most frames of an animation.
    pub frames: u32,
    /// The most tiles of a grid.
    pub tiles: u32,
    /// The most bytes that the container's tables may take in memory.
    pub table_bytes: u64,
}

/// The properties of a picture, known before its samples are decoded.
#[derive(Clone, Debug)]
pub struct Header {
    /// Width in pixels as stored: after the crop, before turning and mirroring.
    pub width: u32,
    /// Height in pixels as stored.
    pub height: u32,
    /// Width and height of all that is decoded: before the crop, and with the whole tiles of a grid. The caller bounds
    /// them too, since a crop can make any picture look small.
    pub coded: [u32; 2],
    /// Whether there is no colour.
    pub grey: bool,
    /// Whether there is an alpha channel.
    pub alpha: bool,
    /// Quarter turns that display the picture, counter-clockwise, before it is mirrored.
    pub turns: u8,
    /// The mirroring that displays the picture.
    pub mirror: Option<Mirror>,
    /// The frames of an animation, 1 for a still picture.
    pub frames: u32,
    /// How often an animation plays. 0 is for ever.
    pub plays: u32,
    /// The colours that samples mean, if the file tells.
    pub profile: Option<Profile>,
    /// The bytes of the samples that a decoder holds at once.
    pub sample_bytes: u64,
}

/// A mirroring (ISO/IEC 23008-12:2022, 6.5.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// Top and bottom are exchanged.
    TopToBottom,
    /// Left and right are exchanged.
    LeftToRight,
}

/// The colour space of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// An ICC profile.
    Icc(Vec<u8>),
    /// Colour primaries and transfer characteristics in numbers of ITU-T H.273.
    Numbers {
        /// Colour primaries.
        primaries: u16,
        /// Transfer characteristics.
        transfer: u16,
    },
}

/// The cells of a grid. A picture without one is a single cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
}

/// The part of the coded picture that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// An AVIF file whose tables have been read.
pub struct File<'s> {
    parser: AvifParser<'s>,
    pub(crate) colour: Sequence,
    pub(crate) alpha: Option<Sequence>,
    pub(crate) signal: Signal,
    pub(crate) grid: Option<Grid>,
    pub(crate) window: Window,
    pub(crate) animated: bool,
    header: Header,
}

/// A stop of zenavif-parse that asks the caller.
struct Ask<'f>(&'f (dyn Fn() -> bool + Sync));

impl Stop for Ask<'_> {
    fn check(&self) -> Result<(), StopReason> {
        if (self.0)() { Err(StopReason::Cancelled) } else { Ok(()) }
    }
}

impl<'s> File<'s> {
    /// Reads the tables and the sequence headers. `stop` is asked now and then.
    pub fn read(source: &'s [u8], limits: Limits, stop: &(dyn Fn() -> bool + Sync)) -> Result<Self, DecodeError> {
        extents::check(source)?;
        let config = DecodeConfig {
            peak_memory_limit: Some(limits.table_bytes),
            total_megapixels_limit: None,
            max_animation_frames: Some(limits.frames),
            max_grid_tiles: Some(limits.tiles),
            lenient: true,
        };
        let parser = AvifParser::from_bytes_with_config(source, &config, &Ask(stop)).map_err(of_container)?;
        let animation = parser
            .animation_info()
            .filter(|info| info.frame_count > 1 || parser_is_empty(&parser));
        let (colour, alpha) = if animation.is_some() {
            let frame = parser.frame(0).map_err(of_container)?;
            (
                sequence(&frame.data)?,
                frame.alpha_data.as_deref().map(sequence).transpose()?,
            )
        } else {
            let first = match parser.grid_config() {
                Some(_) => parser.tile_data(0),
                None => parser.primary_data(),
            };
            let alpha = parser.alpha_data().transpose().map_err(of_container)?;
            let colour = sequence(&first.map_err(of_container)?)?;
            if alpha.is_some() && parser.grid_config().is_some() {
                return Err(DecodeError::Unsupported("of several tiles with transparency"));
            }
            (colour, alpha.as_deref().map(sequence).transpose()?)
        };
        if alpha.is_some_and(|alpha| (alpha.width, alpha.height) != (colour.width, colour.height)) {
            return Err(DecodeError::Unsupported("whose transparency has another size"));
        }
        let (grid, coded) = grid(&parser, &colour)?;
        let window = window(&parser, coded)?;
        let mut signal = colour.signal;
        let profile = match parser.color_info() {
            Some(ColorInformation::IccProfile(profile)) => Some(Profile::Icc(profile.clone())),
            Some(&ColorInformation::Nclx {
                color_primaries,
                transfer_characteristics,
                matrix_coefficients,
                full_range,
            }) => {
                signal = Signal {
                    primaries: color_primaries,
                    transfer: transfer_characteristics,
                    matrix: matrix_coefficients,
                    full_range,
                };
                numbers(signal)
            }
            None => numbers(signal),
        };
        let header = Header {
            width: window.width,
            height: window.height,
            coded: [
                colour.width.saturating_mul(grid.map_or(1, |grid| grid.columns)),
                colour.height.saturating_mul(grid.map_or(1, |grid| grid.rows)),
            ],
            grey: colour.grey,
            alpha: alpha.is_some(),
            turns: parser.rotation().map_or(0, |rotation| (rotation.angle / 90 % 4) as u8),
            mirror: parser.mirror().map(|mirror| match mirror.axis {
                0 => Mirror::TopToBottom,
                _ => Mirror::LeftToRight,
            }),
            frames: animation.map_or(1, |info| info.frame_count as u32),
            plays: animation.map_or(1, |info| info.loop_count),
            profile,
            sample_bytes: sample_bytes(&colour, grid) + alpha.map_or(0, |alpha| sample_bytes(&alpha, None)),
        };
        Ok(Self {
            colour,
            alpha,
            signal,
            grid,
            window,
            animated: animation.is_some(),
            header,
            parser,
        })
    }

    /// The properties of the picture.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The EXIF block, from its byte order on.
    pub fn exif(&self) -> Option<Vec<u8>> {
        self.parser.exif()?.ok().map(Cow::into_owned)
    }

    /// The XMP packet.
    pub fn xmp(&self) -> Option<Vec<u8>> {
        self.parser.xmp()?.ok().map(Cow::into_owned)
    }

    /// The AV1 data of a cell, counted row by row, or of the only one.
    pub(crate) fn cell(&self, index: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
        let data = match self.grid {
            Some(_) => self.parser.tile_data(index),
            None => self.parser.primary_data(),
        };
        data.map_err(of_container)
    }

    /// The AV1 data of the still picture's alpha channel.
    pub(crate) fn still_alpha(&self) -> Result<Option<Cow<'_, [u8]>>, DecodeError> {
        self.parser.alpha_data().transpose().map_err(of_container)
    }

    /// The AV1 data of an animation's frame and of its alpha channel, and its duration in milliseconds.
    pub(crate) fn frame(&self, index: usize) -> Result<zenavif_parse::FrameRef<'_>, DecodeError> {
        self.parser.frame(index).map_err(of_container)
    }

    /// Whether colours are stored multiplied by alpha.
    pub(crate) fn premultiplied(&self) -> bool {
        self.parser.premultiplied_alpha()
    }
}

impl std::fmt::Debug for File<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("File")
            .field("header", self.header())
            .finish_non_exhaustive()
    }
}

/// Whether there is no still picture beside the animation.
fn parser_is_empty(parser: &AvifParser<'_>) -> bool {
    parser.primary_data().map_or(true, |data| data.is_empty())
}

fn sequence(data: &[u8]) -> Result<Sequence, DecodeError> {
    Sequence::read(units::sequence_header(data)?)
}

/// The cells of the picture, and its coded size.
fn grid(parser: &AvifParser<'_>, cell: &Sequence) -> Result<(Option<Grid>, [u32; 2]), DecodeError> {
    let size = [cell.width, cell.height];
    if parser.grid_config().is_none() {
        return Ok((None, size));
    }
    let data = parser.primary_data().map_err(of_container)?;
    let (grid, [width, height]) = read_grid(&data).ok_or(DecodeError::Corrupt("the item of its grid is cut"))?;
    if parser.grid_tile_count() != (grid.columns * grid.rows) as usize {
        return Err(DecodeError::Corrupt("its grid has another number of tiles than cells"));
    }
    let fits = |side: u32, cell: u32, cells: u32| {
        let most = u64::from(cell) * u64::from(cells);
        side > 0 && u64::from(side) <= most && u64::from(side) + u64::from(cell) > most
    };
    if !fits(width, size[0], grid.columns) || !fits(height, size[1], grid.rows) {
        return Err(DecodeError::Corrupt("its tiles do not cover its grid"));
    }
    Ok((Some(grid), [width, height]))
}

/// A grid and the size of its picture (ISO/IEC 23008-12, 6.6.2.3).
fn read_grid(data: &[u8]) -> Option<(Grid, [u32; 2])> {
    let [_, flags, rows, columns, sides @ ..] = data else {
        return None;
    };
    let sides = if flags & 1 == 0 {
        let &[a, b, c, d] = sides.get(..4)? else { return None };
        [
            u32::from(u16::from_be_bytes([a, b])),
            u32::from(u16::from_be_bytes([c, d])),
        ]
    } else {
        let side = |at: usize| Some(u32::from_be_bytes(sides.get(at..at + 4)?.try_into().ok()?));
        [side(0)?, side(4)?]
    };
    let grid = Grid {
        columns: u32::from(*columns) + 1,
        rows: u32::from(*rows) + 1,
    };
    Some((grid, sides))
}

/// The clean aperture (ISO/IEC 14496-12, 12.1.4), which lies on whole pixels, or the whole picture.
fn window(parser: &AvifParser<'_>, [width, height]: [u32; 2]) -> Result<Window, DecodeError> {
    let Some(clap) = parser.clean_aperture() else {
        return Ok(Window {
            left: 0,
            top: 0,
            width,
            height,
        });
    };
    let side = |whole: u32, n: u32, d: u32, offset: (i32, u32)| -> Option<(u32, u32)> {
        let part = n
            .checked_div(d)
            .filter(|part| *part > 0 && part.checked_mul(d) == Some(n))?;
        // The centre of the aperture is this far from the centre of the picture: offset + (whole - 1) / 2.
        let twice = i64::from(whole) - i64::from(part) + 2 * i64::from(offset.0).checked_div(i64::from(offset.1))?;
        let start = u32::try_from(twice / 2).ok().filter(|_| twice >= 0 && twice % 2 == 0)?;
        (start.checked_add(part)? <= whole).then_some((start, part))
    };
    let across = side(width, clap.width_n, clap.width_d, (clap.horiz_off_n, clap.horiz_off_d));
    let down = side(height, clap.height_n, clap.height_d, (clap.vert_off_n, clap.vert_off_d));
    match (across, down) {
        (Some((left, width)), Some((top, height))) => Ok(Window {
            left,
            top,
            width,
            height,
        }),
        _ => Err(DecodeError::Unsupported(
            "whose clean aperture lies between pixels or beyond the picture",
        )),
    }
}

/// The colours that the numbers mean, unless they are those of sRGB or unspecified.
fn numbers(signal: Signal) -> Option<Profile> {
    let primaries = if signal.primaries == 2 { 1 } else { signal.primaries };
    // The curves of BT.709, BT.601 and BT.2020 mean pictures for a display, which browsers show as sRGB.
    let transfer = if matches!(signal.transfer, 1 | 2 | 6 | 14 | 15) {
        13
    } else {
        signal.transfer
    };
    ((primaries, transfer) != (1, 13)).then_some(Profile::Numbers { primaries, transfer })
}

/// The bytes of a decoded frame, or of a row of tiles and the tile that is decoded.
fn sample_bytes(sequence: &Sequence, grid: Option<Grid>) -> u64 {
    // Planes are padded to whole blocks of 128 pixels.
    let padded = |side: u32| u64::from(side).next_multiple_of(128);
    let luma = padded(sequence.width) * padded(sequence.height);
    let chroma = match (sequence.grey, sequence.halved) {
        (true, _) => 0,
        (false, [true, true]) => luma / 2,
        (false, [true, false]) => luma,
        (false, _) => luma * 2,
    };
    let depth = if sequence.bits > 8 { 2 } else { 1 };
    (luma + chroma) * depth * grid.map_or(1, |grid| u64::from(grid.columns) + 1)
}

fn of_container(error: Error) -> DecodeError {
    match error {
        Error::Stopped(_) => DecodeError::Stopped,
        Error::Unsupported(reason) => DecodeError::Library {
            part: "its boxes have something that is not decoded",
            reason: reason.to_owned(),
        },
        error => DecodeError::Library {
            part: "its boxes are damaged",
            reason: error.to_string(),
        },
    }
}
