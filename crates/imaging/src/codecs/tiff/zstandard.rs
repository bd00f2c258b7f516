//! Zstandard decompressor of a chunk (RFC 8878), whose window is no larger than the chunk.

use std::borrow::Cow;
use std::io::{BufRead, Cursor, Read};

use ruzstd::decoding::StreamingDecoder;

use super::failure::{Failure, INCOMPLETE, UNDECODABLE};
use super::unsupported;
use crate::Cancel;
use crate::codecs::reader::StoppableReader;

/// The largest window that is held: what RFC 8878, 3.1.1.1.2, asks of every decoder. Encoders use larger ones only at
/// their slowest levels, and only for more data.
pub(super) const MOST_WINDOW: usize = 8 << 20;

/// Begins to decompress a frame, of which `wanted` bytes are needed.
///
/// Encoders declare windows of megabytes for chunks of kilobytes, and the library keeps a window of data. No reference
/// within the wanted bytes reaches farther back than their number. So the frame is read with another header, whose
/// window is not larger than that. It leaves out the size of the contents, which would be a window, too.
pub(super) fn reader<'b>(bytes: Cow<'b, [u8]>, wanted: usize, cancel: &Cancel) -> Result<impl Read + use<'b>, Failure> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    const CHECKSUM: u8 = 1 << 2;
    /// Blocks are no larger than the window, and up to this size.
    const LEAST_WINDOW: usize = 128 * 1024;
    if bytes.len() <= MAGIC.len() {
        return Err(Failure::damaged(INCOMPLETE, 0));
    }
    let frame = bytes.strip_prefix(&MAGIC).and_then(<[u8]>::split_first);
    let (descriptor, rest) = frame.ok_or_else(|| Failure::damaged(UNDECODABLE, 0))?;
    // RFC 8878, 3.1.1.1: a flag for a window that is as large as the contents, and the sizes of three fields.
    let single_segment = descriptor >> 5 & 1 == 1;
    let window_bytes = usize::from(!single_segment);
    let dictionary_bytes = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size_bytes = [usize::from(single_segment), 2, 4, 8][usize::from(descriptor >> 6)];
    if dictionary_bytes > 0 {
        return Err(Failure::Other(unsupported("whose Zstandard data need a dictionary")));
    }
    let header_bytes = MAGIC.len() + 1 + window_bytes + size_bytes;
    if rest.len() < window_bytes + size_bytes {
        return Err(Failure::damaged(INCOMPLETE, 0));
    }
    // Windows are powers of two from 1 KiB on, as an exponent in the upper five bits, and up to seven eighths more.
    let enough = wanted.max(LEAST_WINDOW).next_power_of_two().trailing_zeros() - 10;
    let declared = match rest.first() {
        Some(window) if !single_segment => u32::from(window >> 3) + u32::from(window & 7 > 0),
        _ => u32::MAX,
    };
    let exponent = enough.min(declared.max(LEAST_WINDOW.trailing_zeros() - 10));
    if 1_usize << (10 + exponent) > MOST_WINDOW {
        return Err(Failure::Other(unsupported("whose Zstandard window is too large")));
    }
    let [a, b, c, d] = MAGIC;
    let header = [a, b, c, d, descriptor & CHECKSUM, (exponent << 3) as u8];
    let mut blocks = StoppableReader::new(bytes, cancel);
    blocks.consume(header_bytes);
    let reader = Cursor::new(header).chain(blocks);
    StreamingDecoder::new_with_max_window_size(reader, u64::MAX).map_err(|_| Failure::damaged(UNDECODABLE, 0))
}
