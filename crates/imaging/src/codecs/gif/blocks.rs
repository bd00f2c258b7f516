//! GIF block reader (GIF89a specification, sections 15 to 27): walks through the blocks without decompressing.

use super::corrupt;
use crate::{ImageError, Size};

const INCOMPLETE: &str = "it ends before all its frames";

/// The properties that the blocks tell.
#[derive(Debug)]
pub(super) struct Blocks {
    /// The size of the canvas.
    pub(super) size: Size,
    /// The number of frames, above 0.
    pub(super) frames: u32,
    /// How often the animation plays. 0 means for ever.
    pub(super) plays: u32,
    /// The size of the frame with the most pixels, on the canvas or beyond it.
    pub(super) largest_frame: Size,
    /// Whether the pixels below a frame have to be restored later.
    pub(super) restores: bool,
    /// The bytes in application extensions, which the decoder copies.
    pub(super) note_bytes: u64,
    /// The length of the source up to its trailer, or up to where the trailer is missing.
    pub(super) end: usize,
}

impl Blocks {
    pub(super) fn read(source: &[u8]) -> Result<Self, ImageError> {
        let mut walk = Walk { source, position: 6 };
        let [w0, w1, h0, h1, flags, _, _] = walk.take::<7>()?;
        let screen = Size::new(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
        walk.skip(colour_table_bytes(flags))?;
        let mut blocks = Self {
            size: screen,
            frames: 0,
            plays: 1,
            largest_frame: Size::default(),
            restores: false,
            note_bytes: 0,
            end: 0,
        };
        loop {
            blocks.end = walk.position;
            match walk.take::<1>() {
                // Some writers omit the trailer. The frames before are complete.
                Err(_) if blocks.frames > 0 => break,
                Err(error) => return Err(error),
                Ok([0x21]) => blocks.extension(&mut walk)?,
                Ok([0x2c]) => blocks.frame(&mut walk)?,
                Ok([0x3b]) => break,
                // Browsers stop here too, and show the frames before.
                Ok(_) if blocks.frames > 0 => break,
                Ok(_) => return Err(corrupt("it has a block of no known kind")),
            }
        }
        if blocks.frames == 0 {
            return Err(corrupt("it has no frames"));
        }
        if blocks.size.pixels() == 0 {
            return Err(corrupt("it has no pixels"));
        }
        Ok(blocks)
    }

    fn extension(&mut self, walk: &mut Walk<'_>) -> Result<(), ImageError> {
        const GRAPHIC_CONTROL: u8 = 0xf9;
        const APPLICATION: u8 = 0xff;
        const RESTORE: u8 = 3;
        let [label] = walk.take()?;
        let mut looping = false;
        for index in 0.. {
            let Some(block) = walk.sub_block()? else { break };
            match (label, index, block) {
                (GRAPHIC_CONTROL, 0, [flags, ..]) => self.restores |= flags >> 2 & 7 == RESTORE,
                (APPLICATION, 0, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => looping = true,
                // The number says how often the frames are repeated. 0 means without end.
                (APPLICATION, _, &[1, low, high, ..]) if looping => {
                    let again = u16::from_le_bytes([low, high]);
                    self.plays = if again == 0 { 0 } else { u32::from(again) + 1 };
                }
                _ => {}
            }
            if label == APPLICATION {
                self.note_bytes += block.len() as u64 + 1;
            }
        }
        Ok(())
    }

    fn frame(&mut self, walk: &mut Walk<'_>) -> Result<(), ImageError> {
        let [l0, l1, t0, t1, w0, w1, h0, h1, flags] = walk.take::<9>()?;
        let number = |low, high| u32::from(u16::from_le_bytes([low, high]));
        let size = Size::new(number(w0, w1), number(h0, h1));
        walk.skip(colour_table_bytes(flags))?;
        let _code_size: [u8; 1] = walk.take()?;
        while walk.sub_block()?.is_some() {}
        if self.size.pixels() == 0 {
            // An empty canvas gets the size that the first frame needs.
            self.size = Size::new(number(l0, l1) + size.width, number(t0, t1) + size.height);
        }
        if size.pixels() > self.largest_frame.pixels() {
            self.largest_frame = size;
        }
        self.frames += 1;
        Ok(())
    }
}

/// The length of a colour table, from the flags of the descriptor before it.
fn colour_table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << (1 + (flags & 7)) }
}

struct Walk<'s> {
    source: &'s [u8],
    position: usize,
}

impl<'s> Walk<'s> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let rest = self.source.get(self.position..).unwrap_or_default();
        let bytes = rest.first_chunk::<N>().ok_or_else(|| corrupt(INCOMPLETE))?;
        self.position += N;
        Ok(*bytes)
    }

    fn skip(&mut self, length: usize) -> Result<&'s [u8], ImageError> {
        let end = self.position + length;
        let bytes = self.source.get(self.position..end).ok_or_else(|| corrupt(INCOMPLETE))?;
        self.position = end;
        Ok(bytes)
    }

    /// The next sub-block. `None` at the block's end.
    fn sub_block(&mut self) -> Result<Option<&'s [u8]>, ImageError> {
        let [length] = self.take()?;
        let block = self.skip(usize::from(length))?;
        Ok((length > 0).then_some(block))
    }
}
