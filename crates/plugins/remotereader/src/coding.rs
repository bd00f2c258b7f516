//! Content coding: reads `Content-Encoding`, and decodes a body that an origin compressed although it was asked not to.
//! Objects in buckets carry the coding that their uploader wrote. Called by `reading`.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use brotli_decompressor::Decompressor;
use bytes::{Buf as _, Bytes};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, HeaderMap};

/// The most decoded bytes that are in memory at once, however well they are compressed.
const PIECE: usize = 64 << 10;
/// The most bits of a window of brotli, 4 MiB: the default of its encoders. A decoder takes that much memory.
const WINDOW_BITS: u8 = 22;

/// A coding that is decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    /// The coding of a body; `None` if its bytes are to be taken as they are. Words that name no coding, such as
    /// `base64` or `utf-8`, are passed over, as the Fetch standard does. They are frequent in the metadata of objects.
    ///
    /// # Errors
    /// The value, if it names a coding that cannot be decoded here, or several codings.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let lines: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let value = lines.join(", ").to_ascii_lowercase();
        let mut found = None;
        for word in value.split(',').map(str::trim) {
            let coding = match word {
                "gzip" | "x-gzip" => Self::Gzip,
                "deflate" => Self::Deflate,
                "br" => Self::Brotli,
                "zstd" | "compress" | "x-compress" | "dcb" | "dcz" => return Err(value),
                _ => continue,
            };
            if found.replace(coding).is_some() {
                return Err(value);
            }
        }
        Ok(found)
    }

    /// Decodes what `coded` gives. `first` are the first bytes that it will give.
    fn decoder(self, coded: Coded, first: &[u8]) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(coded)),
            // The name means zlib (RFC 9110, section 8.4.1.2), but some servers leave its header out.
            Self::Deflate if is_zlib(first) => Box::new(ZlibDecoder::new(coded)),
            Self::Deflate => Box::new(DeflateDecoder::new(coded)),
            Self::Brotli if first.first().is_some_and(|byte| window_bits(*byte) > WINDOW_BITS) => {
                return Err(io::Error::other("its window is larger than 4 MiB"));
            }
            Self::Brotli => Box::new(Decompressor::new(coded, PIECE)),
        })
    }
}

/// Whether a stream begins with the header of zlib (RFC 1950, section 2.2).
fn is_zlib(first: &[u8]) -> bool {
    match first {
        [method, flags, ..] => method & 0xF == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0,
        _ => false,
    }
}

/// The bits of the window of a brotli stream with this first byte, if they are 16 or above 17 (RFC 7932, section 9.1).
fn window_bits(first: u8) -> u8 {
    match (first & 1, (first >> 1) & 7) {
        (0, _) => 16,
        // Further bits say which of the smaller sizes it is.
        (_, 0) => 17,
        (_, bits) => 17 + bits,
    }
}

/// A body that is being decoded.
pub(crate) struct Decoding {
    coding: Coding,
    decoder: Option<Box<dyn Read + Send>>,
    /// Bytes that are too few to choose a decoder by.
    first: Vec<u8>,
    /// Gone at the end of the body.
    coded: Option<Sender<Bytes>>,
    piece: Vec<u8>,
    is_done: bool,
}

/// The state of a body that is being decoded.
pub(crate) enum Decoded {
    Bytes(Bytes),
    /// More of the body is needed.
    Wants,
    End,
}

impl Decoding {
    pub(crate) fn new(coding: Coding) -> Self {
        Self {
            coding,
            decoder: None,
            first: Vec::new(),
            coded: None,
            piece: Vec::new(),
            is_done: false,
        }
    }

    /// Takes the next bytes of the body; none are its end.
    pub(crate) fn take(&mut self, chunk: Option<Bytes>) -> io::Result<()> {
        if self.decoder.is_none() {
            self.first.extend_from_slice(chunk.as_deref().unwrap_or_default());
            if chunk.is_some() && self.first.len() < 2 {
                return Ok(());
            }
            let (sender, receiver) = channel();
            let coded = Coded {
                receiver,
                chunk: std::mem::take(&mut self.first).into(),
            };
            let first = coded.chunk.clone();
            self.decoder = Some(self.coding.decoder(coded, &first)?);
            self.piece = vec![0; PIECE];
            self.coded = chunk.map(|_| sender);
            return Ok(());
        }
        match (chunk, &self.coded) {
            // Fails only if the decoder is gone.
            (Some(chunk), Some(coded)) => drop(coded.send(chunk)),
            _ => self.coded = None,
        }
        Ok(())
    }

    /// The next decoded bytes.
    ///
    /// # Errors
    /// The body is not in this coding, or ends too early.
    pub(crate) fn next(&mut self) -> io::Result<Decoded> {
        if self.is_done {
            return Ok(Decoded::End);
        }
        let Some(decoder) = &mut self.decoder else {
            return Ok(Decoded::Wants);
        };
        match decoder.read(&mut self.piece) {
            Ok(0) => {
                self.is_done = true;
                Ok(Decoded::End)
            }
            Ok(length) => Ok(Decoded::Bytes(Bytes::copy_from_slice(&self.piece[..length]))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Decoded::Wants),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Decoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoding({:?})", self.coding)
    }
}

/// The coded bytes, as far as they have come. A decoder that wants more hears `WouldBlock`.
struct Coded {
    receiver: Receiver<Bytes>,
    chunk: Bytes,
}

impl Read for Coded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.receiver.try_recv() {
                Ok(chunk) => self.chunk = chunk,
                Err(TryRecvError::Empty) => return Err(ErrorKind::WouldBlock.into()),
                Err(TryRecvError::Disconnected) => return Ok(0),
            }
        }
        let length = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn words_that_name_no_coding_are_passed_over() {
        let check = |values: &[&str], expected: Result<Option<Coding>, &str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
            }
            let found = Coding::of(&headers);
            assert_eq!(found.as_ref().copied().map_err(String::as_str), expected, "{values:?}");
        };
        for none in ["", "identity", "base64", "UTF-8", "none", "aws-chunked", "binary", ","] {
            check(&[none], Ok(None));
        }
        check(&[], Ok(None));
        check(&["GZip"], Ok(Some(Coding::Gzip)));
        check(&["x-gzip"], Ok(Some(Coding::Gzip)));
        check(&["deflate"], Ok(Some(Coding::Deflate)));
        check(&["br"], Ok(Some(Coding::Brotli)));
        check(&["aws-chunked,gzip"], Ok(Some(Coding::Gzip)));
        check(&["identity", "br"], Ok(Some(Coding::Brotli)));
        check(&["gzip, br"], Err("gzip, br"));
        check(&["gzip", "gzip"], Err("gzip, gzip"));
        check(&["zstd"], Err("zstd"));
    }

    /// Against the table of RFC 7932, section 9.1.
    #[test]
    fn window_of_brotli_is_read_from_its_first_byte() {
        for (bits, first) in [
            (16, 0b0),
            (18, 0b0011),
            (21, 0b1001),
            (22, 0b1011),
            (23, 0b1101),
            (24, 0b1111),
        ] {
            assert_eq!(window_bits(first), bits, "{first:b}");
        }
        assert!(window_bits(0b010_0001) <= WINDOW_BITS, "10 bits");
    }
}
