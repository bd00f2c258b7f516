//! WebP container: reads the chunks of a file (RFC 9649, section 2), and the size at the head of each picture.
//!
//! Frames are read one by one, so that no list of them is held.

use super::corrupt;
use crate::cancel::Pace;
use crate::codecs::canvas::Area;
use crate::{Cancel, ImageError, Size};

pub(super) const INCOMPLETE: &str = "it ends before all its pixels";

/// The contents of the chunks.
pub(super) struct Container<'s> {
    /// The size of the canvas.
    pub(super) size: Size,
    /// Whether the file is an animation, even of one frame.
    pub(super) animated: bool,
    /// How often an animation plays; 0: for ever.
    pub(super) plays: u32,
    pub(super) profile: Option<&'s [u8]>,
    pub(super) exif: Option<&'s [u8]>,
    pub(super) xmp: Option<&'s [u8]>,
    chunks: Chunks<'s>,
    show_damaged: bool,
}

/// A picture and how it is laid on the canvas.
#[derive(Clone, Copy)]
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
    /// Whether the end of the picture is missing. The decoder may not notice that of the last byte.
    pub(super) is_cut: bool,
}

impl<'s> Container<'s> {
    /// Passes all chunks. Fails only if the header cannot be read. Damage of frames is reported by [`frames`]. With
    /// `show_damaged` a picture whose end is missing is none, and shows when it is decoded.
    ///
    /// [`frames`]: Self::frames
    pub(super) fn read(source: &'s [u8], show_damaged: bool, cancel: &Cancel) -> Result<Self, ImageError> {
        let &[_, _, _, _, s0, s1, s2, s3] = source.first_chunk().ok_or_else(|| corrupt(INCOMPLETE))?;
        let claimed = (u32::from_le_bytes([s0, s1, s2, s3]) as usize).saturating_add(8);
        let body = source
            .get(12..claimed.min(source.len()))
            .ok_or_else(|| corrupt(INCOMPLETE))?;
        let chunks = Chunks {
            rest: body,
            // A missing byte that makes the last length even is no loss.
            is_cut: claimed > source.len() + 1,
        };
        let mut rest = chunks.clone();
        let first = rest.next().ok_or_else(|| corrupt(INCOMPLETE))?;
        match first.kind {
            b"VP8X" => Self::extended(first.body, rest, show_damaged, cancel),
            b"VP8 " | b"VP8L" => Ok(Self {
                size: Frame::read(None, &mut chunks.clone(), show_damaged, cancel)?.area.size,
                animated: false,
                plays: 1,
                profile: None,
                exif: None,
                xmp: None,
                chunks,
                show_damaged,
            }),
            _ => Err(corrupt("its first chunk is of no known kind")),
        }
    }

    fn extended(header: &[u8], chunks: Chunks<'s>, show_damaged: bool, cancel: &Cancel) -> Result<Self, ImageError> {
        const ANIMATION: u8 = 0x02;
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2] = header
            .first_chunk()
            .ok_or_else(|| corrupt("its header chunk is too short"))?;
        let animated = flags & ANIMATION != 0;
        let mut container = Self {
            size: Size::new(number([w0, w1, w2]) + 1, number([h0, h1, h2]) + 1),
            animated,
            plays: u32::from(!animated),
            profile: None,
            exif: None,
            xmp: None,
            chunks: chunks.clone(),
            show_damaged,
        };
        let mut pace = Pace::default();
        for Chunk { kind, body, .. } in chunks {
            pace.step(cancel)?;
            match kind {
                b"ICCP" => container.profile = container.profile.or(Some(body)),
                // Some writers put the prefix of JPEG before the block.
                b"EXIF" => {
                    let block = body.strip_prefix(b"Exif\0\0").unwrap_or(body);
                    container.exif = container.exif.or(Some(block));
                }
                b"XMP " => container.xmp = container.xmp.or(Some(body)),
                b"ANIM" if animated => {
                    let &[_, _, _, _, low, high] = body
                        .first_chunk()
                        .ok_or_else(|| corrupt("its animation chunk is too short"))?;
                    container.plays = u16::from_le_bytes([low, high]).into();
                }
                _ => {}
            }
        }
        Ok(container)
    }

    /// The frames in their order, at least one. A frame that cannot be read is an error, and the last.
    pub(super) fn frames(&self, cancel: &Cancel) -> Frames<'s> {
        Frames {
            chunks: self.chunks.clone(),
            canvas: self.size,
            animated: self.animated,
            ended: false,
            show_damaged: self.show_damaged,
            cancel: cancel.clone(),
        }
    }
}

/// The frames of a container. They are read as they are asked for.
#[derive(Clone)]
pub(super) struct Frames<'s> {
    chunks: Chunks<'s>,
    canvas: Size,
    animated: bool,
    ended: bool,
    show_damaged: bool,
    cancel: Cancel,
}

impl<'s> Iterator for Frames<'s> {
    type Item = Result<Frame<'s>, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let frame = if self.animated {
            match self.next_chunk() {
                Ok(Some(chunk)) => Frame::of_animation(chunk.body, self.canvas, self.show_damaged, &self.cancel),
                // Frames are missing.
                Ok(None) if self.chunks.is_cut => Err(corrupt(INCOMPLETE)),
                Ok(None) => return None,
                Err(error) => Err(error),
            }
        } else {
            let area = Some(Area::whole(self.canvas));
            Frame::read(area, &mut self.chunks, self.show_damaged, &self.cancel)
        };
        self.ended = !self.animated || frame.is_err();
        Some(frame)
    }
}

impl<'s> Frames<'s> {
    /// The chunk of the next frame.
    fn next_chunk(&mut self) -> Result<Option<Chunk<'s>>, ImageError> {
        let mut pace = Pace::default();
        for chunk in self.chunks.by_ref() {
            pace.step(&self.cancel)?;
            if chunk.kind == b"ANMF" {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }
}

impl<'s> Frame<'s> {
    fn of_animation(body: &'s [u8], canvas: Size, show_damaged: bool, cancel: &Cancel) -> Result<Self, ImageError> {
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
        Ok(Self {
            delay: number([d0, d1, d2]),
            blends: flags & 0x02 == 0,
            clears: flags & 0x01 != 0,
            ..Self::read(
                Some(area),
                &mut Chunks {
                    rest: chunks,
                    is_cut: false,
                },
                show_damaged,
                cancel,
            )?
        })
    }

    /// Takes the chunks of a picture: the picture, and an alpha channel if there is one. The picture has the size of
    /// its area. Without an area it decides the size itself.
    fn read(
        area: Option<Area>,
        chunks: &mut Chunks<'s>,
        show_damaged: bool,
        cancel: &Cancel,
    ) -> Result<Self, ImageError> {
        let (mut alpha, mut pace) = (None, Pace::default());
        for Chunk { kind, body, is_cut } in chunks {
            pace.step(cancel)?;
            match kind {
                // The decoder could not tell that the last bytes of a lossy picture are missing.
                b"ALPH" | b"VP8 " | b"VP8L" if is_cut && !show_damaged => return Err(corrupt(INCOMPLETE)),
                b"ALPH" => alpha = alpha.or(Some(body)),
                b"VP8 " | b"VP8L" => {
                    let size = picture_size(*kind, body)?;
                    let area = area.unwrap_or(Area::whole(size));
                    if size != area.size {
                        return Err(corrupt("one of its pictures has another size than its frame"));
                    }
                    return Ok(Self {
                        area,
                        delay: 0,
                        blends: false,
                        clears: false,
                        alpha: alpha.filter(|_| kind == b"VP8 "),
                        is_cut,
                        kind: *kind,
                        picture: body,
                    });
                }
                _ => {}
            }
        }
        Err(corrupt(INCOMPLETE))
    }

    pub(super) fn is_lossless(&self) -> bool {
        &self.kind == b"VP8L"
    }

    /// Whether its pixels may be transparent. A lossless picture says so in the bit after its size.
    pub(super) fn has_alpha(&self) -> bool {
        self.alpha.is_some() || (self.is_lossless() && self.picture.get(4).is_some_and(|byte| byte & 0x10 != 0))
    }
}

/// The size at the head of the compressed picture: RFC 6386, 9.1; RFC 9649, 3.4.
fn picture_size(kind: [u8; 4], picture: &[u8]) -> Result<Size, ImageError> {
    let size = match (&kind, picture) {
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

struct Chunk<'s> {
    kind: &'s [u8; 4],
    body: &'s [u8],
    /// Whether the body is shorter than it says, because the source ends within it.
    is_cut: bool,
}

/// The chunks in order: name, length, body, and a byte to make the length even.
#[derive(Clone)]
struct Chunks<'s> {
    rest: &'s [u8],
    /// Whether the source ends before the chunks do.
    is_cut: bool,
}

impl<'s> Iterator for Chunks<'s> {
    type Item = Chunk<'s>;

    fn next(&mut self) -> Option<Chunk<'s>> {
        let (kind, rest) = self.rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let is_cut = length > rest.len();
        self.is_cut |= is_cut;
        let (body, rest) = rest.split_at(length.min(rest.len()));
        self.rest = rest.get(length % 2..).unwrap_or_default();
        Some(Chunk { kind, body, is_cut })
    }
}

fn number([b0, b1, b2]: [u8; 3]) -> u32 {
    u32::from_le_bytes([b0, b1, b2, 0])
}
