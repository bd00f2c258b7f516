//! Damaged sources: completes a picture whose decoder fails in the middle, where the job's limits say that it shall be
//! shown. Missing rows are grey, or transparent where the picture has alpha. Used by `pipeline`, for all formats alike:
//! a decoder delivers the rows before the damage, and then returns `Corrupt`.
//!
//! A picture without a single row stays an error. An animation ends before the frame that is damaged. JPEG, TIFF and
//! BMP are damaged in the middle or at the top as well. Their decoders cover the damage by themselves, and say so.

use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay};
use crate::shrink::Shrink;
use crate::{Cancel, Channels, ImageError, SourceInfo};

/// A decoder whose damage may be covered.
pub(crate) struct Completed<'s> {
    decoder: Box<dyn Decoder + 's>,
    show: bool,
    channels: Channels,
    /// The rows that the decoder delivers of a frame.
    height: u32,
    /// Frames that were begun, and the rows and the width that were delivered of the last one.
    frames: u32,
    rows: u32,
    width: u32,
    damaged: bool,
    /// Rows in place of missing ones.
    missing: Vec<u8>,
}

/// The next part of a frame.
pub(crate) enum Next<'a> {
    /// Rows, from the top.
    Rows(Band<'a>),
    /// The frame is complete.
    End,
    /// The frame is damaged, and the frames before it are the whole animation.
    Dropped,
}

impl<'s> Completed<'s> {
    /// The decoder delivers the picture of this header at this scale. With `show`, damage is covered.
    pub(crate) fn new(decoder: Box<dyn Decoder + 's>, info: &SourceInfo, shrink: Shrink, show: bool) -> Self {
        Self {
            decoder,
            show,
            channels: info.channels,
            height: info.height.div_ceil(shrink.denominator()),
            frames: 0,
            rows: 0,
            width: 0,
            damaged: false,
            missing: Vec::new(),
        }
    }

    /// Whether something was missing so far.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged || self.decoder.is_damaged()
    }

    /// As [`Decoder::more_bytes`].
    pub(crate) fn more_bytes(&self) -> u64 {
        self.decoder.more_bytes() + self.missing.len() as u64
    }

    /// As [`Decoder::next_frame`]. Damage behind the first frame is the end of the animation.
    pub(crate) fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        if self.damaged {
            return Ok(None);
        }
        match self.decoder.next_frame(cancel) {
            Ok(Some(delay)) => {
                self.frames += 1;
                self.rows = 0;
                Ok(Some(delay))
            }
            Err(ImageError::Corrupt { .. }) if self.show && self.frames > 0 => {
                self.damaged = true;
                Ok(None)
            }
            end => end,
        }
    }

    /// The next rows of the frame.
    pub(crate) fn next_rows(&mut self, cancel: &Cancel) -> Result<Next<'_>, ImageError> {
        if !self.damaged {
            let is_covered = self.decoder.is_damaged();
            match self.decoder.next_band(cancel) {
                Ok(Some(band)) => {
                    self.rows += band.rows().len() as u32;
                    self.width = band.width;
                    return Ok(Next::Rows(band));
                }
                Ok(None) => return Ok(Next::End),
                Err(ImageError::Corrupt { .. }) if self.show && self.frames > 1 => {
                    self.damaged = true;
                    return Ok(Next::Dropped);
                }
                Err(ImageError::Corrupt { .. }) if self.show && self.rows > 0 && !is_covered => {
                    self.damaged = true;
                }
                Err(error) => return Err(error),
            }
        }
        cancel.check()?;
        let row_bytes = self.width as usize * self.channels.count();
        let rows = self
            .height
            .saturating_sub(self.rows)
            .min(rows_per_band(row_bytes) as u32);
        if rows == 0 {
            return Ok(Next::End);
        }
        self.rows += rows;
        let bytes = rows as usize * row_bytes;
        if self.missing.is_empty() {
            self.missing = self.channels.missing().iter().copied().cycle().take(bytes).collect();
        }
        Ok(Next::Rows(Band {
            pixels: &self.missing[..bytes],
            width: self.width,
            channels: self.channels,
        }))
    }
}

impl Channels {
    /// A pixel of which nothing is known: transparent, or a medium grey, as libjpeg shows it.
    pub(crate) const fn missing(self) -> &'static [u8] {
        match self {
            Self::Gray => &[128],
            Self::Rgb => &[128; 3],
            Self::GrayAlpha => &[0; 2],
            Self::Rgba => &[0; 4],
            // No colours, and half of the black.
            Self::Cmyk => &[0, 0, 0, 127],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    /// A decoder of frames of a width of two, whose bands of one row are their own numbers, and which fails at a row of
    /// a frame.
    struct Fails {
        at: (u32, u32),
        frame: u32,
        row: u32,
        pixels: Vec<u8>,
    }

    impl Decoder for Fails {
        fn next_frame(&mut self, _: &Cancel) -> Result<Option<Delay>, ImageError> {
            self.frame += 1;
            self.row = 0;
            match self.at {
                (frame, 0) if frame == self.frame => Err(damage()),
                _ => Ok((self.frame <= 3).then_some(10)),
            }
        }

        fn next_band(&mut self, _: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
            self.row += 1;
            if self.at == (self.frame, self.row) {
                return Err(damage());
            }
            self.pixels = vec![self.row as u8; 2];
            Ok((self.row <= 4).then_some(Band {
                pixels: &self.pixels,
                width: 2,
                channels: Channels::Gray,
            }))
        }
    }

    fn damage() -> ImageError {
        ImageError::Corrupt {
            format: None,
            reason: "it ends".to_owned(),
            detail: None,
        }
    }

    /// The rows of each frame that come of a picture of 2 by 4 that is damaged at this frame and row, each counted from
    /// 1. Row 0 is the beginning of the frame, row 5 its end.
    fn frames(at: (u32, u32), show: bool) -> Result<(Vec<Vec<u8>>, bool), ImageError> {
        let fails = Fails {
            at,
            frame: 0,
            row: 0,
            pixels: Vec::new(),
        };
        let info = SourceInfo::new(Format::Gif, 2, 4, Channels::Gray);
        let mut decoder = Completed::new(Box::new(fails), &info, Shrink::NONE, show);
        let (mut frames, cancel) = (Vec::new(), Cancel::new());
        while decoder.next_frame(&cancel)?.is_some() {
            let mut rows = Vec::new();
            let whole = loop {
                match decoder.next_rows(&cancel)? {
                    Next::Rows(band) => rows.extend(band.rows().map(|row| row[1])),
                    Next::End => break true,
                    Next::Dropped => break false,
                }
            };
            if whole {
                frames.push(rows);
            }
        }
        Ok((frames, decoder.is_damaged()))
    }

    #[test]
    fn missing_rows_of_the_first_frame_are_grey() {
        let check = |row: u32, expected: [u8; 4]| {
            let (frames, damaged) = frames((1, row), true).unwrap();
            assert_eq!((frames, damaged), (vec![expected.to_vec()], true), "row {row}");
        };
        check(2, [1, 128, 128, 128]);
        check(4, [1, 2, 3, 128]);
        // All rows are there, and something behind them is damaged.
        check(5, [1, 2, 3, 4]);
    }

    #[test]
    fn animation_ends_before_the_damaged_frame() {
        for (at, whole) in [((2, 0), 1), ((2, 1), 1), ((3, 3), 2), ((3, 5), 2)] {
            let (frames, damaged) = frames(at, true).unwrap();
            assert_eq!((frames, damaged), (vec![vec![1, 2, 3, 4]; whole], true), "{at:?}");
        }
        let (frames, damaged) = frames((9, 9), true).unwrap();
        assert_eq!((frames.len(), damaged), (3, false));
    }

    #[test]
    fn picture_without_a_row_is_an_error() {
        for at in [(1, 0), (1, 1)] {
            assert!(matches!(frames(at, true), Err(ImageError::Corrupt { .. })), "{at:?}");
        }
    }

    #[test]
    fn damage_is_an_error_where_it_is_not_to_be_shown() {
        for at in [(1, 2), (1, 5), (2, 0), (3, 3)] {
            assert!(matches!(frames(at, false), Err(ImageError::Corrupt { .. })), "{at:?}");
        }
    }
}
