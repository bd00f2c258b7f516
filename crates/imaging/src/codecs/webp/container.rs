//! WebP container: reads the chunks of a file (RFC 9649, section 2), and the size at the head of each picture.

use super::corrupt;
use crate::codecs::canvas::Area;
use crate::{ImageError, Size};

const INCOMPLETE: &str = "it ends before all its pixels";

/// The contents of the chunks.
pub(super) struct Container<'s> {
    /// The size of the canvas.
    pub(super) size: Size,
    /// Whether the file is an animation, even of one frame.
    pub(super) animated: bool,
    /// At least one.
    pub(super) frames: Vec<Frame<'s>>,
    /// How often an animation plays; 0: for ever.
    pub(super) plays: u32,
    pub(super) profile: Option<&'s [u8]>,
    pub(super) exif: Option<&'s [u8]>,
}

/// A picture and how it is laid on the canvas.
pub(super) struct Frame<'s> {
    pub(super) area: Area,
    /// In milliseconds.
    pub(super) delay: u32,
    /// Whether the frame is blended over the canvas; else it replaces the pixels below.
    pub(super) blends: bool,
    /// Whether the frame's area becomes transparent before the next frame.
    pub(super) clears: bool,
    /// The alpha channel of a lossy picture.
    pub(super) alpha: Option<&'s [u8]>,
    /// `VP8 ` or `VP8L`, and the compressed picture.
    pub(super) kind: [u8; 4],
    pub(super) picture: &'s [u8],
}

impl<'s> Container<'s> {
    pub(super) fn read(source: &'s [u8]) -> Result<Self, ImageError> {
        let &[_, _, _, _, s0, s1, s2, s3] = source.first_chunk().ok_or_else(|| corrupt(INCOMPLETE))?;
        let length = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        let body = source.get(12..8 + length).ok_or_else(|| corrupt(INCOMPLETE))?;
        let mut chunks = Chunks(body);
        let mut rest = chunks.clone();
        match rest.next().transpose()? {
            Some((b"VP8X", header)) => Self::extended(header, rest),
            Some((b"VP8 " | b"VP8L", _)) => {
                let mut frame = Frame::read(Area::default(), &mut chunks)?;
                frame.area = Area::whole(frame.picture_size()?);
                Ok(Self {
                    size: frame.area.size,
                    animated: false,
                    frames: vec![frame],
                    plays: 1,
                    profile: None,
                    exif: None,
                })
            }
            Some(_) => Err(corrupt("its first chunk is of no known kind")),
            None => Err(corrupt(INCOMPLETE)),
        }
    }

    fn extended(header: &[u8], chunks: Chunks<'s>) -> Result<Self, ImageError> {
        const ANIMATION: u8 = 0x02;
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2] = header
            .first_chunk()
            .ok_or_else(|| corrupt("its header chunk is too short"))?;
        let size = Size::new(number([w0, w1, w2]) + 1, number([h0, h1, h2]) + 1);
        let mut container = Self {
            size,
            animated: flags & ANIMATION != 0,
            frames: Vec::new(),
            plays: 0,
            profile: None,
            exif: None,
        };
        let mut following = chunks;
        loop {
            let here = following.clone();
            let Some((kind, body)) = following.next().transpose()? else {
                break;
            };
            match kind {
                b"ICCP" => container.profile = container.profile.or(Some(body)),
                // Some writers put the prefix of JPEG before the block.
                b"EXIF" => {
                    let block = body.strip_prefix(b"Exif\0\0").unwrap_or(body);
                    container.exif = container.exif.or(Some(block));
                }
                b"ANIM" => {
                    let &[_, _, _, _, low, high] = body
                        .first_chunk()
                        .ok_or_else(|| corrupt("its animation chunk is too short"))?;
                    container.plays = u16::from_le_bytes([low, high]).into();
                }
                b"ANMF" if container.animated => container.frames.push(Frame::of_animation(body, size)?),
                b"ALPH" | b"VP8 " | b"VP8L" if !container.animated && container.frames.is_empty() => {
                    let mut chunks = here;
                    container
                        .frames
                        .push(Frame::read(Area::whole(size), &mut chunks)?.checked()?);
                    following = chunks;
                }
                _ => {}
            }
        }
        if container.frames.is_empty() {
            return Err(corrupt(INCOMPLETE));
        }
        if !container.animated {
            container.plays = 1;
        }
        Ok(container)
    }
}

impl Container<'_> {
    /// Whether pixels come row by row, as those of a still lossy picture do. (Its alpha channel may be held.)
    pub(super) fn streams(&self) -> bool {
        !self.animated && self.frames.iter().all(|frame| !frame.is_lossless())
    }
}

impl<'s> Frame<'s> {
    fn of_animation(body: &'s [u8], canvas: Size) -> Result<Self, ImageError> {
        let (&[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, d0, d1, d2, flags], chunks) =
            body.split_first_chunk()
                .ok_or_else(|| corrupt("one of its frames is too short"))?;
        let area = Area {
            left: number([x0, x1, x2]) * 2,
            top: number([y0, y1, y2]) * 2,
            size: Size::new(number([w0, w1, w2]) + 1, number([h0, h1, h2]) + 1),
        };
        if area.left + area.size.width > canvas.width || area.top + area.size.height > canvas.height {
            return Err(corrupt("one of its frames lies outside the picture"));
        }
        let frame = Self {
            delay: number([d0, d1, d2]),
            blends: flags & 0x02 == 0,
            clears: flags & 0x01 != 0,
            ..Self::read(area, &mut Chunks(chunks))?
        };
        frame.checked()
    }

    /// Takes the chunks of a picture: the picture, and an alpha channel if there is one.
    fn read(area: Area, chunks: &mut Chunks<'s>) -> Result<Self, ImageError> {
        let mut alpha = None;
        for chunk in chunks {
            let (kind, body) = chunk?;
            match kind {
                b"ALPH" => alpha = alpha.or(Some(body)),
                b"VP8 " | b"VP8L" => {
                    return Ok(Self {
                        area,
                        delay: 0,
                        blends: false,
                        clears: false,
                        alpha: alpha.filter(|_| kind == b"VP8 "),
                        kind: *kind,
                        picture: body,
                    });
                }
                _ => {}
            }
        }
        Err(corrupt(INCOMPLETE))
    }

    fn checked(self) -> Result<Self, ImageError> {
        if self.picture_size()? == self.area.size {
            Ok(self)
        } else {
            Err(corrupt("one of its pictures has another size than its frame"))
        }
    }

    /// The size at the head of the compressed picture: RFC 6386, 9.1; RFC 9649, 3.4.
    fn picture_size(&self) -> Result<Size, ImageError> {
        let size = match (&self.kind, self.picture) {
            (b"VP8 ", &[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => Size::new(
                u32::from(u16::from_le_bytes([w0, w1]) & 0x3fff),
                u32::from(u16::from_le_bytes([h0, h1]) & 0x3fff),
            ),
            (b"VP8L", &[0x2f, b0, b1, b2, b3, ..]) => {
                let bits = u32::from_le_bytes([b0, b1, b2, b3]);
                Size::new((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
            }
            _ => return Err(corrupt("one of its pictures begins wrongly")),
        };
        if size.pixels() == 0 {
            return Err(corrupt("it has no pixels"));
        }
        Ok(size)
    }

    pub(super) fn is_lossless(&self) -> bool {
        &self.kind == b"VP8L"
    }

    /// Whether its pixels may be transparent. A lossless picture says so in the bit after its size.
    pub(super) fn has_alpha(&self) -> bool {
        self.alpha.is_some() || (self.is_lossless() && self.picture.get(4).is_some_and(|byte| byte & 0x10 != 0))
    }
}

/// The chunks in order: name, length, body, and a byte to make the length even.
#[derive(Clone)]
struct Chunks<'s>(&'s [u8]);

impl<'s> Iterator for Chunks<'s> {
    type Item = Result<(&'s [u8; 4], &'s [u8]), ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.0);
        let cut = Some(Err(corrupt(INCOMPLETE)));
        let Some((kind, rest)) = rest.split_first_chunk::<4>() else {
            return cut;
        };
        let Some((length, rest)) = rest.split_first_chunk::<4>() else {
            return cut;
        };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((body, rest)) = rest.split_at_checked(length) else {
            return cut;
        };
        self.0 = rest.get(length % 2..).unwrap_or_default();
        Some(Ok((kind, body)))
    }
}

fn number([b0, b1, b2]: [u8; 3]) -> u32 {
    u32::from_le_bytes([b0, b1, b2, 0])
}
