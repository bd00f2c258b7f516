//! GIF block reader (GIF89a specification, sections 15 to 27): walks through the blocks frame by frame, without
//! decompressing. It holds its place in the source, and nothing of what it has passed.
//!
//! Files that break the specification are read as browsers, Pillow and libvips agree to read them.

use super::corrupt;
use crate::cancel::Pace;
use crate::codecs::Delay;
use crate::codecs::canvas::{Area, Disposal};
use crate::{Cancel, ImageError, Size};

const INCOMPLETE: &str = "it ends before all its frames";

/// The frames of a source, one after another.
pub(super) struct Frames<'s> {
    walk: Walk<'s>,
    /// The size of the canvas, final after the first frame: a canvas too small for that frame grows to hold it.
    pub(super) size: Size,
    /// How often the animation plays, as far as the blocks read until now tell. 0 means for ever.
    pub(super) plays: u32,
    /// The global colour table. It may be empty.
    colours: &'s [u8],
    /// Whether there was a frame.
    begun: bool,
    /// Whether the source ends within a frame behind which there must have been more.
    is_cut: bool,
    pace: Pace,
}

/// A frame as its blocks describe it.
pub(super) struct Frame<'s> {
    pub(super) area: Area,
    pub(super) delay: Delay,
    pub(super) disposal: Disposal,
    pub(super) transparent: Option<u8>,
    pub(super) interlaced: bool,
    /// The colours of its own table or of the global one. Without a table they are none.
    pub(super) colours: &'s [[u8; 3]],
    /// The minimum code size of the compressed data.
    pub(super) code_bits: u8,
    /// The sub-blocks of compressed data. The source may end within them.
    pub(super) data: SubBlocks<'s>,
    /// Whether the descriptor tells no size. Such a frame covers the canvas, and may have fewer pixels, or none.
    pub(super) is_sizeless: bool,
}

/// A graphic control extension, which describes the frame that follows.
#[derive(Default)]
struct Control {
    flags: u8,
    /// In hundredths of a second.
    delay: u16,
    transparent: u8,
}

impl<'s> Frames<'s> {
    /// Reads the header and the global colour table.
    pub(super) fn new(source: &'s [u8]) -> Result<Self, ImageError> {
        let mut walk = Walk(source);
        let _signature: [u8; 6] = walk.take()?;
        let [w0, w1, h0, h1, flags, _, _] = walk.take()?;
        Ok(Self {
            colours: walk.skip(colour_table_bytes(flags))?,
            walk,
            size: Size::new(number(w0, w1), number(h0, h1)),
            plays: 1,
            begun: false,
            is_cut: false,
            pace: Pace::default(),
        })
    }

    /// The next frame. `None` after the last. An error after a frame is damage behind it.
    pub(super) fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Frame<'s>>, ImageError> {
        if self.is_cut {
            return Err(corrupt(INCOMPLETE));
        }
        let mut control = None;
        loop {
            self.pace.step(cancel)?;
            match self.walk.take() {
                // Some writers omit the trailer. The frames before are complete.
                Err(_) if self.begun && control.is_none() => return Ok(None),
                Err(error) => return Err(error),
                // A terminator too many is skipped, as Pillow and ImageMagick do.
                Ok([0]) => {}
                Ok([0x21]) => self.extension(&mut control, cancel)?,
                Ok([0x2c]) => {
                    if let Some(frame) = self.frame(&control.take().unwrap_or_default(), cancel)? {
                        self.begun = true;
                        return Ok(Some(frame));
                    }
                }
                Ok([kind]) => {
                    self.walk = Walk(&[]);
                    // Browsers stop at an unknown block, and show the frames before.
                    return match kind {
                        _ if self.begun => Ok(None),
                        0x3b => Err(corrupt("it has no frames")),
                        _ => Err(corrupt("it has a block of no known kind")),
                    };
                }
            }
        }
    }

    fn extension(&mut self, control: &mut Option<Control>, cancel: &Cancel) -> Result<(), ImageError> {
        const GRAPHIC_CONTROL: u8 = 0xf9;
        const APPLICATION: u8 = 0xff;
        let [label] = self.walk.take()?;
        let mut looping = false;
        for index in 0.. {
            self.pace.step(cancel)?;
            let Some(block) = self.walk.sub_block()? else { break };
            match (label, index, block) {
                // A block of five bytes or more begins with the four that count. A shorter one says nothing.
                (GRAPHIC_CONTROL, 0, &[flags, low, high, transparent, ..]) => {
                    *control = Some(Control {
                        flags,
                        delay: u16::from_le_bytes([low, high]),
                        transparent,
                    });
                }
                (APPLICATION, 0, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => looping = true,
                // The number says how often the frames are repeated. 0 means without end.
                (APPLICATION, _, &[1, low, high, ..]) if looping => {
                    let again = u16::from_le_bytes([low, high]);
                    self.plays = if again == 0 { 0 } else { u32::from(again) + 1 };
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A frame, or `None` for one before all others that has neither a size nor pixels.
    fn frame(&mut self, control: &Control, cancel: &Cancel) -> Result<Option<Frame<'s>>, ImageError> {
        /// The codes of data without a pixel: clear and end.
        const NO_PIXELS_CODES: usize = 2;
        let [l0, l1, t0, t1, w0, w1, h0, h1, flags] = self.walk.take()?;
        let mut area = Area {
            left: number(l0, l1),
            top: number(t0, t1),
            size: Size::new(number(w0, w1), number(h0, h1)),
        };
        let own = self.walk.skip(colour_table_bytes(flags))?;
        let [code_bits] = self.walk.take()?;
        let data = SubBlocks {
            rest: self.walk.0,
            is_cut: false,
        };
        let mut rest = data;
        let mut data_bytes = 0;
        for block in rest.by_ref() {
            self.pace.step(cancel)?;
            data_bytes += block.len();
        }
        self.walk = Walk(rest.rest);
        // The only frame of a still picture may lack its end. Whether its pixels are all there shows later.
        self.is_cut = rest.is_cut && (self.begun || self.plays != 1);

        let is_sizeless = area.size.pixels() == 0;
        if is_sizeless {
            if !self.begun && data_bytes * 8 / (usize::from(code_bits) + 1) <= NO_PIXELS_CODES {
                return Ok(None);
            }
            area = Area::whole(self.size);
        } else if !self.begun {
            self.size.width = self.size.width.max(area.left + area.size.width);
            self.size.height = self.size.height.max(area.top + area.size.height);
        }
        if self.size.pixels() == 0 {
            return Err(corrupt("it has no pixels"));
        }
        let colours = if own.is_empty() { self.colours } else { own };
        Ok(Some(Frame {
            area,
            delay: u32::from(control.delay) * 10,
            disposal: match control.flags >> 2 & 7 {
                2 => Disposal::Clear,
                // Some writers set the third bit for method 3, and browsers read both so.
                3 | 4 => Disposal::Restore,
                _ => Disposal::Keep,
            },
            transparent: (control.flags & 1 != 0).then_some(control.transparent),
            interlaced: flags & 0x40 != 0,
            colours: colours.as_chunks().0,
            code_bits,
            data,
            is_sizeless,
        }))
    }
}

/// The properties that all frames together tell.
pub(super) struct Summary {
    /// The size of the canvas.
    pub(super) size: Size,
    /// The number of frames, above 0. A damaged frame behind whole ones counts as the last.
    pub(super) frames: u32,
    /// How often the animation plays. 0 means for ever.
    pub(super) plays: u32,
    /// The size of the frame with the most pixels, on the canvas or beyond it.
    pub(super) largest_frame: Size,
    /// The width of the widest frame.
    pub(super) widest: u32,
    /// Whether the pixels below a frame have to be restored later.
    pub(super) restores: bool,
    /// Whether the first frame covers the canvas and has no transparent index.
    pub(super) begins_opaque: bool,
}

impl Summary {
    /// Passes all frames. Fails only if the header or the first frame cannot be read, since whoever asks for a still
    /// picture needs no more. Damage behind the first frame is reported when it is decoded.
    pub(super) fn read(source: &[u8], cancel: &Cancel) -> Result<Self, ImageError> {
        let mut rest = Frames::new(source)?;
        let mut summary = Self {
            size: Size::default(),
            frames: 0,
            plays: 1,
            largest_frame: Size::default(),
            widest: 0,
            restores: false,
            begins_opaque: false,
        };
        loop {
            match rest.next_frame(cancel) {
                Ok(Some(frame)) => {
                    if frame.area.size.pixels() > summary.largest_frame.pixels() {
                        summary.largest_frame = frame.area.size;
                    }
                    summary.widest = summary.widest.max(frame.area.size.width);
                    summary.restores |= frame.disposal == Disposal::Restore;
                    if summary.frames == 0 {
                        let covers = !frame.is_sizeless && frame.area == Area::whole(rest.size);
                        summary.begins_opaque = covers && frame.transparent.is_none();
                    }
                    summary.frames += 1;
                }
                Ok(None) => break,
                Err(error) if summary.frames == 0 || matches!(error, ImageError::Cancelled) => return Err(error),
                Err(_) => {
                    summary.frames += 1;
                    break;
                }
            }
        }
        summary.size = rest.size;
        summary.plays = rest.plays;
        Ok(summary)
    }
}

/// The length of a colour table, from the flags of the descriptor before it.
fn colour_table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << (1 + (flags & 7)) }
}

fn number(low: u8, high: u8) -> u32 {
    u16::from_le_bytes([low, high]).into()
}

/// The rest of the source.
struct Walk<'s>(&'s [u8]);

impl<'s> Walk<'s> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or_else(|| corrupt(INCOMPLETE))?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn skip(&mut self, length: usize) -> Result<&'s [u8], ImageError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(|| corrupt(INCOMPLETE))?;
        self.0 = rest;
        Ok(bytes)
    }

    /// The next sub-block. `None` at the block's end.
    fn sub_block(&mut self) -> Result<Option<&'s [u8]>, ImageError> {
        let [length] = self.take()?;
        let block = self.skip(usize::from(length))?;
        Ok((length > 0).then_some(block))
    }
}

/// The sub-blocks of compressed data, up to the empty one that ends them, or to the end of the source. The last one is
/// shorter than it says if the source ends within it.
#[derive(Clone, Copy)]
pub(super) struct SubBlocks<'s> {
    rest: &'s [u8],
    /// Whether the source ended before the empty sub-block.
    is_cut: bool,
}

impl<'s> Iterator for SubBlocks<'s> {
    type Item = &'s [u8];

    fn next(&mut self) -> Option<&'s [u8]> {
        let Some((length, rest)) = self.rest.split_first() else {
            self.is_cut = true;
            return None;
        };
        let length = usize::from(*length);
        let (block, rest) = rest.split_at(length.min(rest.len()));
        self.rest = rest;
        self.is_cut = block.len() < length;
        (!block.is_empty()).then_some(block)
    }
}
