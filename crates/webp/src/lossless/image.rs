//! LZ77 and colour-cache coded image (RFC 9649, section 5): decodes literals, colour cache indices and back-references.
//!
//! The picture is stored in this way, as are the sub-images of transforms and of meta prefix codes. Of the picture only
//! as many pixels are held as a back-reference can reach.

use super::bits::{Bits, FILLED};
use super::neighbours::distance;
use super::prefix_codes::{Group, LENGTHS, LITERALS, PrefixCodes};
use crate::DecodeError;

/// A pixel: from the highest byte alpha, red, green, blue.
pub(super) type Pixel = u32;

/// How many pixels a back-reference can reach. The largest distance that can be coded is a little less.
pub(super) const WINDOW: usize = 1 << 20;
/// How many more pixels are held before those out of reach are dropped.
pub(super) const SLACK: usize = 1 << 19;
/// The longest back-reference, in pixels.
pub(super) const LONGEST_BACK_REFERENCE: usize = 4096;
/// How many prefix code groups are read in one step.
const GROUPS_AT_ONCE: usize = 64;

/// Meta prefix codes: which prefix code group each tile of the picture uses.
#[derive(Debug)]
pub(super) struct MetaPrefixCodes {
    bits: u32,
    across: usize,
    groups: Vec<u16>,
}

/// An image being decoded.
#[derive(Debug)]
pub(super) struct Image {
    width: usize,
    /// The number of all pixels, and of those decoded so far.
    total: usize,
    done: usize,
    /// The rows that were complete before the data ended.
    complete_rows: usize,
    prefix_codes: PrefixCodes,
    /// How many prefix code groups are to be read in all.
    groups: usize,
    meta_codes: Option<MetaPrefixCodes>,
    cache: ColourCache,
    /// The last pixels that were decoded, and how many before them were dropped.
    pixels: Vec<Pixel>,
    dropped: usize,
    /// Whether pixels out of reach are dropped.
    drops: bool,
}

impl MetaPrefixCodes {
    /// Takes the groups' numbers from the red and green channels of an image.
    pub(super) fn of(bits: u32, image: &Image) -> Self {
        Self {
            bits,
            across: image.width,
            groups: image.pixels.iter().map(|pixel| (pixel >> 8) as u16).collect(),
        }
    }

    fn bytes(&self) -> u64 {
        2 * self.groups.len() as u64
    }
}

/// Reads the number of index bits of the colour cache. 0 means that there is no cache.
pub(super) fn read_cache_bits(bits: &mut Bits<'_>) -> Result<u32, DecodeError> {
    const MOST: u32 = 11;
    if bits.number(1) == 0 {
        return Ok(0);
    }
    match bits.number(4) {
        cache_bits @ 1..=MOST => Ok(cache_bits),
        _ => Err(DecodeError::ColourCache),
    }
}

impl Image {
    /// A sub-image, which keeps all its pixels and has one prefix code group.
    pub(super) fn small(width: usize, height: usize, bits: &mut Bits<'_>) -> Result<Self, DecodeError> {
        let cache_bits = read_cache_bits(bits)?;
        Ok(Self {
            drops: false,
            ..Self::new(width, height, cache_bits, None)
        })
    }

    /// The picture itself.
    pub(super) fn new(width: usize, height: usize, cache_bits: u32, meta_codes: Option<MetaPrefixCodes>) -> Self {
        let most = meta_codes.iter().flat_map(|meta_codes| &meta_codes.groups).max();
        Self {
            width,
            total: width * height,
            done: 0,
            complete_rows: 0,
            prefix_codes: PrefixCodes::default(),
            groups: most.map_or(0, |most| usize::from(*most)) + 1,
            meta_codes,
            cache: ColourCache::new(cache_bits),
            pixels: Vec::new(),
            dropped: 0,
            drops: true,
        }
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// How many rows were complete before the data ended.
    pub(super) const fn complete_rows(&self) -> usize {
        self.complete_rows
    }

    /// How many pixels were decoded.
    pub(super) const fn done(&self) -> usize {
        self.done
    }

    pub(super) fn is_complete(&self) -> bool {
        self.done == self.total
    }

    /// The pixels that are held: all, unless some were dropped.
    pub(super) fn pixels(&self) -> &[Pixel] {
        &self.pixels
    }

    /// A row that was decoded lately.
    pub(super) fn row(&self, row: usize) -> &[Pixel] {
        let first = (row * self.width).saturating_sub(self.dropped);
        self.pixels.get(first..first + self.width).unwrap_or_default()
    }

    /// The bytes of prefix codes and meta prefix codes.
    pub(super) fn codes_bytes(&self) -> u64 {
        self.prefix_codes.bytes() + self.meta_codes.as_ref().map_or(0, MetaPrefixCodes::bytes)
    }

    /// The bytes of the pixels.
    pub(super) fn pixel_bytes(&self) -> u64 {
        (self.pixels.capacity() * size_of::<Pixel>()) as u64
    }

    /// Reads some prefix code groups or, after the last, decodes pixels until `end` of them are there, or a few more.
    /// Returns whether `end` was reached.
    pub(super) fn advance(&mut self, bits: &mut Bits<'_>, end: usize) -> Result<bool, DecodeError> {
        let end = end.min(self.total);
        let codes_left = self.groups - self.prefix_codes.groups.len();
        if codes_left > 0 {
            for _ in 0..codes_left.min(GROUPS_AT_ONCE) {
                self.prefix_codes.read_group(bits, self.cache.pixels.len())?;
            }
        } else {
            self.make_room(end);
            if self.cache.pixels.is_empty() {
                self.decode::<false>(bits, end)?;
            } else {
                self.decode::<true>(bits, end)?;
            }
        }
        if bits.is_exhausted() {
            return Err(DecodeError::Truncated("its pixels"));
        }
        Ok(codes_left == 0)
    }

    /// Drops pixels out of reach, and reserves memory for those that are decoded now.
    fn make_room(&mut self, end: usize) {
        let wanted = end.saturating_sub(self.done) + LONGEST_BACK_REFERENCE;
        if self.drops && self.pixels.len() + wanted > WINDOW + SLACK && self.pixels.len() > WINDOW {
            let dropped = self.pixels.len() - WINDOW;
            self.pixels.copy_within(dropped.., 0);
            self.pixels.truncate(WINDOW);
            self.dropped += dropped;
        }
        let most = if self.drops {
            (WINDOW + SLACK).min(self.total)
        } else {
            self.total
        };
        // Reserved at once: while a vector grows, its old and its new memory exist together.
        self.pixels.reserve_exact(
            most.saturating_sub(self.pixels.len())
                .max(wanted.min(self.total - self.done)),
        );
    }

    fn decode<const CACHED: bool>(&mut self, reader: &mut Bits<'_>, end: usize) -> Result<(), DecodeError> {
        let mut bits = *reader;
        let (mut x, mut y) = (self.done % self.width, self.done / self.width);
        // Another group can begin only where the masked column is 0.
        let mask = self
            .meta_codes
            .as_ref()
            .map_or(usize::MAX, |meta_codes| (1 << meta_codes.bits) - 1);
        let mut group = self.group(x, y);
        while self.done < end {
            if x & mask == 0 {
                group = self.group(x, y);
            }
            bits.fill();
            let green = self.prefix_codes.symbol(group.green, &mut bits);
            if green < LITERALS {
                let red = self.prefix_codes.symbol(group.red, &mut bits);
                let blue = self.prefix_codes.symbol(group.blue, &mut bits);
                if bits.buffered() < FILLED / 3 {
                    bits.fill();
                }
                let alpha = self.prefix_codes.symbol(group.alpha, &mut bits);
                let pixel = (alpha << 24 | red << 16 | green << 8 | blue) as Pixel;
                self.pixels.push(pixel);
                if CACHED {
                    self.cache.put(pixel);
                }
            } else if green < LITERALS + LENGTHS {
                let length = number(green - LITERALS, &mut bits);
                let symbol = self.prefix_codes.symbol(group.distance, &mut bits);
                bits.fill();
                let distance = distance(number(symbol, &mut bits), self.width);
                if distance > self.done || length > self.total - self.done {
                    return Err(DecodeError::BackReference);
                }
                self.copy_back_reference::<CACHED>(distance, length)?;
                self.done += length;
                x += length;
                if x >= self.width {
                    y += x / self.width;
                    x %= self.width;
                    self.complete(y, &bits);
                }
                group = self.group(x, y);
                continue;
            } else {
                let pixel = self.cache.get(green - LITERALS - LENGTHS);
                self.pixels.push(pixel);
                // Only an unset entry changes the cache here: its zero goes to the place that its hash says.
                self.cache.put(pixel);
            }
            self.done += 1;
            x += 1;
            if x == self.width {
                (x, y) = (0, y + 1);
                self.complete(y, &bits);
            }
        }
        *reader = bits;
        Ok(())
    }

    /// The pixels before row `rows` are there, unless more bits were taken than the data holds.
    #[inline(always)]
    const fn complete(&mut self, rows: usize, bits: &Bits<'_>) {
        if !bits.is_exhausted() {
            self.complete_rows = rows;
        }
    }

    #[inline(always)]
    fn copy_back_reference<const CACHED: bool>(&mut self, distance: usize, length: usize) -> Result<(), DecodeError> {
        let to = self.pixels.len();
        // Dropped pixels are out of reach of every back-reference.
        let from = to.checked_sub(distance).ok_or(DecodeError::BackReference)?;
        if distance >= length {
            self.pixels.extend_from_within(from..from + length);
        } else {
            // The run overlaps itself, so the copied part doubles each time.
            let mut there = distance;
            self.pixels.extend_from_within(from..);
            while there < length {
                let more = there.min(length - there);
                self.pixels.extend_from_within(to..to + more);
                there += more;
            }
        }
        if CACHED {
            for pixel in self.pixels.get(to..).unwrap_or_default() {
                self.cache.put(*pixel);
            }
        }
        Ok(())
    }

    /// The prefix code group of a pixel.
    #[inline(always)]
    fn group(&self, x: usize, y: usize) -> Group {
        let at = self.meta_codes.as_ref().map_or(0, |meta_codes| {
            let place = (y >> meta_codes.bits) * meta_codes.across + (x >> meta_codes.bits);
            meta_codes.groups.get(place).map_or(0, |group| usize::from(*group))
        });
        self.prefix_codes.groups.get(at).copied().unwrap_or_default()
    }
}

/// Decodes a length or distance from its prefix symbol and the extra bits (section 5.2.2), which have to be buffered.
#[inline(always)]
fn number(symbol: usize, bits: &mut Bits<'_>) -> usize {
    if symbol < 4 {
        return symbol + 1;
    }
    let more = (symbol as u32 - 2) / 2;
    let first = (2 + (symbol & 1)) << more;
    first + bits.buffered_number(more) as usize + 1
}

/// The colour cache (section 5.2.3): recently decoded pixels, found by hash.
#[derive(Debug)]
struct ColourCache {
    /// Empty if there is no cache.
    pixels: Vec<Pixel>,
    shift: u32,
}

impl ColourCache {
    fn new(bits: u32) -> Self {
        let entries = if bits > 0 { 1 << bits } else { 0 };
        Self {
            pixels: vec![0; entries],
            shift: 32 - bits,
        }
    }

    #[inline(always)]
    fn put(&mut self, pixel: Pixel) {
        if let Some(place) = self
            .pixels
            .get_mut((0x1e35_a7bd_u32.wrapping_mul(pixel) >> self.shift) as usize)
        {
            *place = pixel;
        }
    }

    #[inline(always)]
    fn get(&self, place: usize) -> Pixel {
        self.pixels.get(place).copied().unwrap_or_default()
    }
}
