//! Pictures without loss (RFC 9649, sections 3 to 7), and alpha channels that are stored as such: decoded in steps of some
//! thousands of pixels, so that whoever waits can stop after each, and handed out in rows. Held is no more of the picture
//! than copies can reach, about six megabytes.

mod bits;
mod codes;
mod image;
mod neighbours;
mod transform;

use self::bits::Bits;
use self::image::{Image, LONGEST_COPY, Pixel, Places, REACH, SLACK, read_cache_bits};
pub use self::neighbours::NEIGHBOURS;
use self::transform::{Transform, packed_bits};
use crate::{DecodeError, Pixels};

/// What a picture begins with.
const SIGNATURE: u32 = 0x2f;
const SIDE_BITS: u32 = 14;
/// How many pixels are decoded in one step, if that is a row at least.
const STEP: usize = 1 << 15;

/// A picture without loss being decoded, from the top down.
#[derive(Debug)]
pub struct LosslessDecoder<'a> {
    bits: Bits<'a>,
    width: usize,
    height: usize,
    has_alpha: bool,
    output: Output,
    stage: Stage,
    /// In the order in which they were done.
    transforms: Vec<Transform>,
    /// The kinds that there were, as bits.
    kinds: u32,
    /// How wide rows are before the transforms that were read are undone.
    stored_width: usize,
    /// A row of pixels.
    row: Vec<Pixel>,
    rows: Vec<u8>,
    /// The next row to hand out.
    next: usize,
}

/// What becomes of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Pixels(Pixels),
    /// Its green alone.
    Alpha,
}

/// What is decoded next.
#[derive(Debug)]
enum Stage {
    /// Which transform there is, if there is one more.
    Header,
    /// What a transform needs: its kind, how large its squares are, and its image.
    Transform(Kind, u32, Image),
    /// Which codes are used where: bits of a place in the picture's cache, how large the squares are, and their image.
    Places(u32, u32, Image),
    Picture(Image),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Prediction,
    Colour,
    Palette,
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
    /// Reads the header of a picture: the contents of a chunk `VP8L`. Where it has no alpha, it is opaque.
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

    /// Begins to decode a compressed alpha channel of a picture with loss: what follows the first byte of a chunk `ALPH`.
    /// Its rows are of one byte a pixel.
    ///
    /// # Errors
    /// It has no pixels.
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
        }
    }

    /// In pixels, 1 to 16384.
    pub const fn width(&self) -> u32 {
        self.width as u32
    }

    /// In pixels, 1 to 16384.
    pub const fn height(&self) -> u32 {
        self.height as u32
    }

    /// Whether the header says that a pixel may be transparent.
    pub const fn has_alpha(&self) -> bool {
        self.has_alpha
    }

    /// What a decoder of a picture of such a size holds, in bytes, without the compressed picture; what goes beyond that,
    /// [`Self::more_bytes`] says.
    pub fn bytes(width: u32, height: u32, pixels: Pixels) -> u64 {
        Self::bytes_of(width as usize, height as usize, Output::Pixels(pixels))
    }

    /// The same for an alpha channel.
    pub fn alpha_bytes(width: u32, height: u32) -> u64 {
        Self::bytes_of(width as usize, height as usize, Output::Alpha)
    }

    fn bytes_of(width: usize, height: usize, output: Output) -> u64 {
        let total = width * height;
        let held = total.min(REACH + SLACK) + LONGEST_COPY;
        // Pixels, a row and the one above, and rows to hand out.
        let pixels = (held + 3 * width) * size_of::<Pixel>() + rows_at_once(width) * width * output.bytes();
        pixels as u64 + usual_bytes(total)
    }

    /// What codes and transforms take beyond what most pictures have, which is known only as they are decoded.
    pub fn more_bytes(&self) -> u64 {
        let transforms: u64 = self.transforms.iter().map(Transform::bytes).sum();
        let stage = match &self.stage {
            Stage::Header => 0,
            // And what is made of the image.
            Stage::Transform(_, _, image) | Stage::Places(_, _, image) => image.codes_bytes() + 2 * image.pixel_bytes(),
            Stage::Picture(image) => image.codes_bytes(),
        };
        (transforms + stage).saturating_sub(usual_bytes(self.width * self.height))
    }

    /// Goes on for some thousands of pixels; whether there are finished rows now, or no more to come. After an error it is
    /// not to be asked again.
    pub fn step(&mut self) -> Result<bool, DecodeError> {
        self.rows.clear();
        if self.next < self.height {
            self.go_on()?;
        }
        Ok(!self.rows.is_empty() || self.next == self.height)
    }

    /// The rows that the last step finished, one after another without gaps; none behind the last.
    pub fn rows(&self) -> &[u8] {
        &self.rows
    }

    fn go_on(&mut self) -> Result<(), DecodeError> {
        match std::mem::replace(&mut self.stage, Stage::Header) {
            Stage::Header => self.stage = self.read_header()?,
            Stage::Transform(kind, square_bits, mut image) => {
                self.stage = if is_done(&mut image, &mut self.bits)? {
                    self.add_transform(kind, square_bits, &image);
                    Stage::Header
                } else {
                    Stage::Transform(kind, square_bits, image)
                };
            }
            Stage::Places(cache_bits, square_bits, mut image) => {
                self.stage = if is_done(&mut image, &mut self.bits)? {
                    Stage::Picture(self.picture(cache_bits, Some(Places::of(square_bits, &image))))
                } else {
                    Stage::Places(cache_bits, square_bits, image)
                };
            }
            Stage::Picture(mut image) => {
                let end = (self.next + rows_at_once(self.width)).min(self.height);
                if image.advance(&mut self.bits, end * image.width())? {
                    self.finish_rows(&image, end);
                }
                self.stage = Stage::Picture(image);
            }
        }
        Ok(())
    }

    /// Reads which transform comes next, or what comes behind the last one.
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
            let square_bits = 2 + bits.number(3);
            let image = squares(self.stored_width, self.height, square_bits, bits)?;
            return Ok(Stage::Places(cache_bits, square_bits, image));
        }
        let number = bits.number(2);
        if self.kinds >> number & 1 == 1 {
            return Err(DecodeError::Transform);
        }
        self.kinds |= 1 << number;
        let kind = match number {
            0 => Kind::Prediction,
            1 => Kind::Colour,
            2 => {
                self.transforms.push(Transform::Green);
                return Ok(Stage::Header);
            }
            _ => {
                let colours = bits.number(8) as usize + 1;
                return Ok(Stage::Transform(Kind::Palette, 0, Image::small(colours, 1, bits)?));
            }
        };
        let square_bits = 2 + bits.number(3);
        let image = squares(self.stored_width, self.height, square_bits, bits)?;
        Ok(Stage::Transform(kind, square_bits, image))
    }

    fn add_transform(&mut self, kind: Kind, square_bits: u32, image: &Image) {
        self.transforms.push(match kind {
            Kind::Prediction => Transform::prediction(square_bits, image, self.stored_width),
            Kind::Colour => Transform::colour(square_bits, image),
            Kind::Palette => {
                let packed = 1 << packed_bits(image.pixels().len());
                self.stored_width = self.stored_width.div_ceil(packed);
                Transform::palette(image)
            }
        });
    }

    fn picture(&self, cache_bits: u32, places: Option<Places>) -> Image {
        Image::new(self.stored_width, self.height, cache_bits, places)
    }

    /// Undoes what was done to the rows before this one, from the last transform to the first.
    fn finish_rows(&mut self, image: &Image, end: usize) {
        for row in self.next..end {
            let stored = image.row(row);
            self.row[..stored.len()].copy_from_slice(stored);
            let mut width = stored.len();
            for transform in self.transforms.iter_mut().rev() {
                // A palette widens the row to what it was before.
                if matches!(transform, Transform::Palette { .. }) {
                    width = self.width;
                }
                transform.undo(row, &mut self.row[..width]);
            }
            put(&self.row, self.output, self.has_alpha, &mut self.rows);
        }
        self.next = end;
    }
}

/// How many rows are finished in one step.
fn rows_at_once(width: usize) -> usize {
    (STEP / width.max(1)).max(1)
}

/// What transforms and codes of most pictures take at most: squares of 16 pixels or more, and some hundred groups of codes.
fn usual_bytes(total: usize) -> u64 {
    (256 << 10) + total as u64 / 64
}

/// The image of something for each square.
fn squares(width: usize, height: usize, square_bits: u32, bits: &mut Bits<'_>) -> Result<Image, DecodeError> {
    let side = 1 << square_bits;
    Image::small(width.div_ceil(side), height.div_ceil(side), bits)
}

/// Decodes some of an image; whether it is complete.
fn is_done(image: &mut Image, bits: &mut Bits<'_>) -> Result<bool, DecodeError> {
    image.advance(bits, image.done() + STEP)?;
    Ok(image.is_complete())
}

fn put(row: &[Pixel], output: Output, has_alpha: bool, bytes: &mut Vec<u8>) {
    let opaque = if has_alpha { 0 } else { u8::MAX };
    match output {
        Output::Pixels(Pixels::Rgb) => bytes.extend(row.iter().flat_map(|pixel| {
            let [blue, green, red, _] = pixel.to_le_bytes();
            [red, green, blue]
        })),
        Output::Pixels(Pixels::Rgba) => bytes.extend(row.iter().flat_map(|pixel| {
            let [blue, green, red, alpha] = pixel.to_le_bytes();
            [red, green, blue, alpha | opaque]
        })),
        Output::Alpha => bytes.extend(row.iter().map(|pixel| (pixel >> 8) as u8)),
    }
}
