//! Lossless decoder (RFC 9649, sections 3 to 7), also for compressed alpha channels: decodes some thousands of pixels
//! in a step and hands them out in rows.
//!
//! The caller can stop after each step. The decoder holds no more of the picture than back-references can reach, about
//! six megabytes.

mod bits;
mod image;
mod neighbours;
mod prefix_codes;
mod row;
mod transform;

use resizer_kernel::with_widest;

use self::bits::Bits;
use self::image::{Image, LONGEST_BACK_REFERENCE, MetaPrefixCodes, Pixel, SLACK, WINDOW, read_cache_bits};
pub use self::neighbours::NEIGHBOURS;
use self::row::FinishRow;
use self::transform::{Transform, width_bits};
use crate::{DecodeError, Pixels};

/// The first byte of a picture.
const SIGNATURE: u32 = 0x2f;
const SIDE_BITS: u32 = 14;
/// How many pixels are decoded in one step, but one row at least.
const STEP: usize = 1 << 15;

/// A lossless picture being decoded, from the top down.
#[derive(Debug)]
pub struct LosslessDecoder<'a> {
    bits: Bits<'a>,
    width: usize,
    height: usize,
    has_alpha: bool,
    output: Output,
    stage: Stage,
    /// In the order in which the encoder applied them.
    transforms: Vec<Transform>,
    /// The kinds of transforms read so far, one bit each.
    kinds: u32,
    /// The width of rows before the transforms that were read are undone. Colour indexing can make it smaller.
    stored_width: usize,
    /// A row of pixels.
    row: Vec<Pixel>,
    rows: Vec<u8>,
    /// The index of the next row to hand out.
    next: usize,
    /// The damage after the rows that were handed out last.
    damage: Option<DecodeError>,
}

/// The output form of each decoded pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Pixels(Pixels),
    /// The green channel alone, which holds alpha.
    Alpha,
}

/// The part of the data that is decoded next.
#[derive(Debug)]
enum Stage {
    /// Whether there is one more transform, and its kind.
    Header,
    /// The sub-image of a transform: its kind, the tile size in bits, and the image.
    Transform(Kind, u32, Image),
    /// The meta prefix codes ("entropy image"): the picture's colour cache bits, the tile size in bits, and the image.
    MetaPrefixCodes(u32, u32, Image),
    Picture(Image),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Predictor,
    CrossColour,
    ColourIndexing,
}

impl Output {
    const fn bytes(self) -> usize {
        match self {
            Self::Pixels(pixels) => pixels.bytes(),
            Self::Alpha => 1,
        }
    }
}

impl<'a> LosslessDecoder<'a> {
    /// Reads the header of a picture: the contents of a chunk `VP8L`. A picture without alpha is decoded as opaque.
    pub fn new(data: &'a [u8], pixels: Pixels) -> Result<Self, DecodeError> {
        let mut bits = Bits::new(data);
        if bits.number(8) != SIGNATURE {
            return Err(DecodeError::StartCode);
        }
        let [width, height] = [(); 2].map(|()| bits.number(SIDE_BITS) as usize + 1);
        let has_alpha = bits.number(1) == 1;
        let version = bits.number(3);
        if version != 0 {
            return Err(DecodeError::Version(version as u8));
        }
        if bits.is_exhausted() {
            return Err(DecodeError::Truncated("its header"));
        }
        Ok(Self::of(bits, width, height, has_alpha, Output::Pixels(pixels)))
    }

    /// Begins to decode the compressed alpha channel of a lossy picture: the contents of a chunk `ALPH` after the first
    /// byte. Rows have one byte a pixel.
    ///
    /// # Errors
    /// The width or the height is zero.
    pub fn alpha(data: &'a [u8], width: u16, height: u16) -> Result<Self, DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::Empty);
        }
        let (width, height) = (width.into(), height.into());
        Ok(Self::of(Bits::new(data), width, height, false, Output::Alpha))
    }

    fn of(bits: Bits<'a>, width: usize, height: usize, has_alpha: bool, output: Output) -> Self {
        Self {
            bits,
            width,
            height,
            has_alpha,
            output,
            stage: Stage::Header,
            transforms: Vec::new(),
            kinds: 0,
            stored_width: width,
            row: vec![0; width],
            rows: Vec::new(),
            next: 0,
            damage: None,
        }
    }

    /// Width in pixels, 1 to 16384.
    pub const fn width(&self) -> u32 {
        self.width as u32
    }

    /// Height in pixels, 1 to 16384.
    pub const fn height(&self) -> u32 {
        self.height as u32
    }

    /// Whether the header says that pixels may be transparent.
    pub const fn has_alpha(&self) -> bool {
        self.has_alpha
    }

    /// The bytes that a decoder of a picture of this size holds, without the compressed picture. [`Self::more_bytes`]
    /// reports anything beyond.
    pub fn bytes(width: u32, height: u32, pixels: Pixels) -> u64 {
        Self::bytes_of(width as usize, height as usize, Output::Pixels(pixels))
    }

    /// The same for an alpha channel.
    pub fn alpha_bytes(width: u32, height: u32) -> u64 {
        Self::bytes_of(width as usize, height as usize, Output::Alpha)
    }

    fn bytes_of(width: usize, height: usize, output: Output) -> u64 {
        let total = width * height;
        let held = total.min(WINDOW + SLACK) + LONGEST_BACK_REFERENCE;
        // The pixels within reach, a row and the one above, and the rows to hand out.
        let pixels = (held + 3 * width) * size_of::<Pixel>() + rows_at_once(width) * width * output.bytes();
        pixels as u64 + usual_bytes(total)
    }

    /// The bytes of prefix codes and transforms beyond those that most pictures have. They are known only while
    /// decoding.
    pub fn more_bytes(&self) -> u64 {
        let transforms: u64 = self.transforms.iter().map(Transform::bytes).sum();
        let stage = match &self.stage {
            Stage::Header => 0,
            // The transform that is built from the image takes memory too.
            Stage::Transform(_, _, image) | Stage::MetaPrefixCodes(_, _, image) => {
                image.codes_bytes() + 2 * image.pixel_bytes()
            }
            Stage::Picture(image) => image.codes_bytes(),
        };
        (transforms + stage).saturating_sub(usual_bytes(self.width * self.height))
    }

    /// Decodes some thousands of pixels more. Returns whether there are finished rows, or the picture is complete. An
    /// error comes after the rows before the damage. The decoder must not be used after it.
    pub fn step(&mut self) -> Result<bool, DecodeError> {
        self.rows.clear();
        if let Some(damage) = self.damage {
            return Err(damage);
        }
        if self.next < self.height {
            self.go_on()?;
        }
        Ok(!self.rows.is_empty() || self.next == self.height)
    }

    /// The rows that the last step finished, one after another without gaps. Empty after the last row.
    pub fn rows(&self) -> &[u8] {
        &self.rows
    }

    fn go_on(&mut self) -> Result<(), DecodeError> {
        match std::mem::replace(&mut self.stage, Stage::Header) {
            Stage::Header => self.stage = self.read_header()?,
            Stage::Transform(kind, tile_bits, mut image) => {
                self.stage = if is_done(&mut image, &mut self.bits)? {
                    self.add_transform(kind, tile_bits, &image);
                    Stage::Header
                } else {
                    Stage::Transform(kind, tile_bits, image)
                };
            }
            Stage::MetaPrefixCodes(cache_bits, tile_bits, mut image) => {
                self.stage = if is_done(&mut image, &mut self.bits)? {
                    Stage::Picture(self.picture(cache_bits, Some(MetaPrefixCodes::of(tile_bits, &image))))
                } else {
                    Stage::MetaPrefixCodes(cache_bits, tile_bits, image)
                };
            }
            Stage::Picture(mut image) => {
                let end = (self.next + rows_at_once(self.width)).min(self.height);
                match image.advance(&mut self.bits, end * image.width()) {
                    Ok(true) => self.finish_rows(&image, end),
                    Ok(false) => {}
                    Err(damage) if image.complete_rows() > self.next => {
                        self.finish_rows(&image, image.complete_rows().min(end));
                        self.damage = Some(damage);
                    }
                    Err(damage) => return Err(damage),
                }
                self.stage = Stage::Picture(image);
            }
        }
        Ok(())
    }

    /// Reads the next transform's kind, or the prefix codes' header after the last transform.
    fn read_header(&mut self) -> Result<Stage, DecodeError> {
        let bits = &mut self.bits;
        if bits.is_exhausted() {
            return Err(DecodeError::Truncated("its transforms"));
        }
        if bits.number(1) == 0 {
            let cache_bits = read_cache_bits(bits)?;
            if bits.number(1) == 0 {
                return Ok(Stage::Picture(self.picture(cache_bits, None)));
            }
            let tile_bits = 2 + bits.number(3);
            let image = tiles(self.stored_width, self.height, tile_bits, bits)?;
            return Ok(Stage::MetaPrefixCodes(cache_bits, tile_bits, image));
        }
        let number = bits.number(2);
        if self.kinds >> number & 1 == 1 {
            return Err(DecodeError::Transform);
        }
        self.kinds |= 1 << number;
        let kind = match number {
            0 => Kind::Predictor,
            1 => Kind::CrossColour,
            2 => {
                self.transforms.push(Transform::SubtractGreen);
                return Ok(Stage::Header);
            }
            _ => {
                let colours = bits.number(8) as usize + 1;
                return Ok(Stage::Transform(
                    Kind::ColourIndexing,
                    0,
                    Image::small(colours, 1, bits)?,
                ));
            }
        };
        let tile_bits = 2 + bits.number(3);
        let image = tiles(self.stored_width, self.height, tile_bits, bits)?;
        Ok(Stage::Transform(kind, tile_bits, image))
    }

    fn add_transform(&mut self, kind: Kind, tile_bits: u32, image: &Image) {
        self.transforms.push(match kind {
            Kind::Predictor => Transform::predictor(tile_bits, image, self.stored_width),
            Kind::CrossColour => Transform::cross_colour(tile_bits, image),
            Kind::ColourIndexing => {
                let packed = 1 << width_bits(image.pixels().len());
                self.stored_width = self.stored_width.div_ceil(packed);
                Transform::colour_indexing(image)
            }
        });
    }

    fn picture(&self, cache_bits: u32, meta_codes: Option<MetaPrefixCodes>) -> Image {
        Image::new(self.stored_width, self.height, cache_bits, meta_codes)
    }

    /// Undoes the transforms of the rows before `end`, from the last to the first.
    fn finish_rows(&mut self, image: &Image, end: usize) {
        for row in self.next..end {
            with_widest(FinishRow {
                number: row,
                stored: image.row(row),
                row: &mut self.row,
                transforms: &mut self.transforms,
                output: self.output,
                has_alpha: self.has_alpha,
                rows: &mut self.rows,
            });
        }
        self.next = end;
    }
}

/// How many rows are finished in one step.
fn rows_at_once(width: usize) -> usize {
    (STEP / width.max(1)).max(1)
}

/// The most bytes that transforms and prefix codes of most pictures take: tiles of 16 pixels or more, and some hundred
/// groups of codes.
fn usual_bytes(total: usize) -> u64 {
    (256 << 10) + total as u64 / 64
}

/// A sub-image with one pixel for each tile.
fn tiles(width: usize, height: usize, tile_bits: u32, bits: &mut Bits<'_>) -> Result<Image, DecodeError> {
    let side = 1 << tile_bits;
    Image::small(width.div_ceil(side), height.div_ceil(side), bits)
}

/// Decodes one step of a sub-image. Returns whether the image is complete.
fn is_done(image: &mut Image, bits: &mut Bits<'_>) -> Result<bool, DecodeError> {
    image.advance(bits, image.done() + STEP)?;
    Ok(image.is_complete())
}
