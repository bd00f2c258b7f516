//! Limits of a job: sizes of sources and results, checked against the header before a pixel is allocated, and whether
//! damaged sources are shown.

use crate::{ImageError, Size};

/// The bounds of a job. The engine fills them from its settings. The defaults are Imageflow's security defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels of a source. Default 100 million.
    pub max_source_pixels: u64,
    /// The longest side of a source, in pixels. Default 12000.
    pub max_source_side: u32,
    /// The most pixels of a result. Default 100 million.
    pub max_output_pixels: u64,
    /// The longest side of a result, in pixels. Default 10000.
    pub max_output_side: u32,
    /// The most frames of an animation that is processed whole. Default 2000.
    pub max_frames: u32,
    /// The most pixels of all decoded frames together, and of all written frames. Default 400 million.
    pub max_total_pixels: u64,
    /// Whether a source that is damaged behind its header is shown as far as it can be decoded. Otherwise it is an
    /// error. Default `false`.
    pub show_damaged: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_source_pixels: 100_000_000,
            max_source_side: 12_000,
            max_output_pixels: 100_000_000,
            max_output_side: 10_000,
            max_frames: 2000,
            max_total_pixels: 400_000_000,
            show_damaged: false,
        }
    }
}

impl Limits {
    /// Refuses a source of more than `max_source_side` or `max_source_pixels`.
    pub fn check_source(&self, source: Size) -> Result<(), ImageError> {
        check(
            "source image",
            source,
            (self.max_source_side, "max_source_side"),
            (self.max_source_pixels, "max_source_pixels"),
        )
    }

    /// Refuses a result of more than `max_output_side` or `max_output_pixels`.
    pub fn check_output(&self, output: Size) -> Result<(), ImageError> {
        check(
            "requested image",
            output,
            (self.max_output_side, "max_output_side"),
            (self.max_output_pixels, "max_output_pixels"),
        )
    }

    /// Refuses an animation of more than `max_frames`.
    pub fn check_frames(&self, frames: u32) -> Result<(), ImageError> {
        if frames > self.max_frames {
            return Err(ImageError::TooLarge {
                what: "source image",
                unit: "frames",
                actual: u64::from(frames),
                limit: u64::from(self.max_frames),
                setting: "max_frames",
            });
        }
        Ok(())
    }

    /// Refuses frames of more than `max_total_pixels` together. `what` is "source image" or "requested image".
    pub fn check_total(&self, what: &'static str, pixels: u64) -> Result<(), ImageError> {
        if pixels > self.max_total_pixels {
            return Err(ImageError::TooLarge {
                what,
                unit: "pixels in all its frames",
                actual: pixels,
                limit: self.max_total_pixels,
                setting: "max_total_pixels",
            });
        }
        Ok(())
    }
}

fn check(
    what: &'static str,
    size: Size,
    (max_side, side_setting): (u32, &'static str),
    (max_pixels, pixels_setting): (u64, &'static str),
) -> Result<(), ImageError> {
    let side = size.width.max(size.height);
    if side > max_side {
        let (actual, limit) = (u64::from(side), u64::from(max_side));
        return Err(ImageError::TooLarge {
            what,
            unit: "pixels on its longest side",
            actual,
            limit,
            setting: side_setting,
        });
    }
    if size.pixels() > max_pixels {
        let actual = size.pixels();
        return Err(ImageError::TooLarge {
            what,
            unit: "pixels",
            actual,
            limit: max_pixels,
            setting: pixels_setting,
        });
    }
    Ok(())
}
