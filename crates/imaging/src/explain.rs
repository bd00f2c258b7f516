//! Explanation of a job before it is run: the scale that the decoder works at, and a header for a source of which only
//! the size is known. For operators' tools.

use crate::plan::Plan;
use crate::{Channels, Format, ImageError, Job, SourceInfo};

impl SourceInfo {
    /// The header that an upright, still source of this format and size usually has: with alpha where the format's
    /// files mostly have it, and with a decoder that holds nothing, as only a file tells how much it holds.
    pub fn of_size(format: Format, width: u32, height: u32) -> Self {
        let channels = match format {
            Format::Png | Format::Gif => Channels::Rgba,
            _ => Channels::Rgb,
        };
        let mut info = Self::new(format, width, height, channels);
        if format == Format::Jpeg {
            // A JPEG's decoder can deliver a part of the size.
            info.shrunk_bytes = Some([0; 3]);
        }
        info
    }
}

/// The part of its size at which the decoder delivers the source: 1 is the whole, 2 a half, 4 a quarter, 8 an eighth in
/// each direction.
///
/// # Errors
/// Those of [`predict`](crate::predict).
pub fn decode_scale(info: &SourceInfo, job: &Job) -> Result<u32, ImageError> {
    Ok(Plan::of(info, job)?.shrink.denominator())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Instructions, Limits};

    /// The scaler keeps at least a factor of 5/4 behind an eighth and a quarter, and of 3/2 behind a half.
    #[test]
    fn decode_scale_follows_from_the_requested_size() {
        let check = |format: Format, query: &[(&str, &str)], expected: u32| {
            let job = Job {
                instructions: Instructions::parse(query.iter().copied()).0,
                format: Format::Jpeg,
                limits: Limits::default(),
            };
            let info = SourceInfo::of_size(format, 4000, 3000);
            assert_eq!(decode_scale(&info, &job).ok(), Some(expected), "{format:?}, {query:?}");
        };
        check(Format::Jpeg, &[], 1);
        check(Format::Jpeg, &[("width", "3000")], 1);
        check(Format::Jpeg, &[("width", "1300")], 2);
        check(Format::Jpeg, &[("width", "800")], 4);
        check(Format::Jpeg, &[("width", "400")], 8);
        check(Format::Jpeg, &[("width", "200"), ("crop", "0,0,1000,750")], 4);
        check(Format::Png, &[("width", "400")], 1);
    }
}
