//! Pixels as they are stored (RFC 9649, section 5): by themselves, as one that came of late, or as a copy of some before.
//! The picture is stored so, and so are what its transforms need and which codes are used where. Of the picture only as
//! many pixels are held as a copy can reach.

use super::bits::{Bits, FILLED};
use super::codes::{Codes, GREENS, Group, LENGTHS};
use super::neighbours::distance;
use crate::DecodeError;

/// A pixel: from the highest byte alpha, red, green, blue.
pub(super) type Pixel = u32;

/// As far as a copy can reach: the highest distance that can be said is a little less.
pub(super) const REACH: usize = 1 << 20;
/// How many more pixels are held before those out of reach are dropped.
pub(super) const SLACK: usize = 1 << 19;
/// The longest copy.
pub(super) const LONGEST_COPY: usize = 4096;
/// How many groups of codes are read in one go.
const GROUPS_AT_ONCE: usize = 64;

/// Which group of codes is used where: squares of the picture have one each.
#[derive(Debug)]
pub(super) struct Places {
    bits: u32,
    across: usize,
    groups: Vec<u16>,
}

/// An image being decoded.
#[derive(Debug)]
pub(super) struct Image {
    width: usize,
    /// All its pixels, and those decoded so far.
    total: usize,
    done: usize,
    codes: Codes,
    /// Groups that are to be read in all.
    groups: usize,
    places: Option<Places>,
    cache: Cache,
    /// The last pixels that were decoded, and how many there were before them.
    pixels: Vec<Pixel>,
    dropped: usize,
    /// Whether pixels out of reach are dropped.
    drops: bool,
}

impl Places {
    /// Out of an image in whose red and green the groups' numbers are.
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

/// Reads how many bits say a place in the cache; none if there is no cache.
pub(super) fn read_cache_bits(bits: &mut Bits<'_>) -> Result<u32, DecodeError> {
    const MOST: u32 = 11;
    if bits.number(1) == 0 {
        return Ok(0);
    }
    match bits.number(4) {
        cache_bits @ 1..=MOST => Ok(cache_bits),
        _ => Err(DecodeError::Cache),
    }
}

impl Image {
    /// An image of all of whose pixels are wanted in the end, with one group of codes.
    pub(super) fn small(width: usize, height: usize, bits: &mut Bits<'_>) -> Result<Self, DecodeError> {
        let cache_bits = read_cache_bits(bits)?;
        Ok(Self {
            drops: false,
            ..Self::new(width, height, cache_bits, None)
        })
    }

    /// The picture itself.
    pub(super) fn new(width: usize, height: usize, cache_bits: u32, places: Option<Places>) -> Self {
        let most = places.iter().flat_map(|places| &places.groups).max();
        Self {
            width,
            total: width * height,
            done: 0,
            codes: Codes::default(),
            groups: most.map_or(0, |most| usize::from(*most)) + 1,
            places,
            cache: Cache::new(cache_bits),
            pixels: Vec::new(),
            dropped: 0,
            drops: true,
        }
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// How many pixels were decoded.
    pub(super) const fn done(&self) -> usize {
        self.done
    }

    pub(super) fn is_complete(&self) -> bool {
        self.done == self.total
    }

    /// The pixels that are held: all, if none are dropped.
    pub(super) fn pixels(&self) -> &[Pixel] {
        &self.pixels
    }

    /// A row that was decoded lately.
    pub(super) fn row(&self, row: usize) -> &[Pixel] {
        let first = (row * self.width).saturating_sub(self.dropped);
        self.pixels.get(first..first + self.width).unwrap_or_default()
    }

    /// What is held beside the pixels, in bytes.
    pub(super) fn codes_bytes(&self) -> u64 {
        self.codes.bytes() + self.places.as_ref().map_or(0, Places::bytes)
    }

    /// What the pixels take.
    pub(super) fn pixel_bytes(&self) -> u64 {
        (self.pixels.capacity() * size_of::<Pixel>()) as u64
    }

    /// Reads some codes, or, after the last, decodes so many pixels in all, or a few more; whether that is done.
    pub(super) fn advance(&mut self, bits: &mut Bits<'_>, end: usize) -> Result<bool, DecodeError> {
        let end = end.min(self.total);
        let codes_left = self.groups - self.codes.groups.len();
        if codes_left > 0 {
            for _ in 0..codes_left.min(GROUPS_AT_ONCE) {
                self.codes.read_group(bits, self.cache.pixels.len())?;
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

    /// Drops what is out of reach, and makes room for what is decoded now.
    fn make_room(&mut self, end: usize) {
        let wanted = end.saturating_sub(self.done) + LONGEST_COPY;
        if self.drops && self.pixels.len() + wanted > REACH + SLACK && self.pixels.len() > REACH {
            let dropped = self.pixels.len() - REACH;
            self.pixels.copy_within(dropped.., 0);
            self.pixels.truncate(REACH);
            self.dropped += dropped;
        }
        let most = if self.drops {
            (REACH + SLACK).min(self.total)
        } else {
            self.total
        };
        // At once, as otherwise each time it grows there are two of it.
        self.pixels.reserve_exact(
            most.saturating_sub(self.pixels.len())
                .max(wanted.min(self.total - self.done)),
        );
    }

    fn decode<const CACHED: bool>(&mut self, reader: &mut Bits<'_>, end: usize) -> Result<(), DecodeError> {
        let mut bits = *reader;
        let (mut x, mut y) = (self.done % self.width, self.done / self.width);
        // Where another group may begin.
        let mask = self.places.as_ref().map_or(usize::MAX, |places| (1 << places.bits) - 1);
        let mut group = self.group(x, y);
        while self.done < end {
            if x & mask == 0 {
                group = self.group(x, y);
            }
            bits.fill();
            let green = self.codes.symbol(group.green, &mut bits);
            if green < GREENS {
                let red = self.codes.symbol(group.red, &mut bits);
                let blue = self.codes.symbol(group.blue, &mut bits);
                if bits.buffered() < FILLED / 3 {
                    bits.fill();
                }
                let alpha = self.codes.symbol(group.alpha, &mut bits);
                let pixel = (alpha << 24 | red << 16 | green << 8 | blue) as Pixel;
                self.pixels.push(pixel);
                if CACHED {
                    self.cache.put(pixel);
                }
            } else if green < GREENS + LENGTHS {
                let length = number(green - GREENS, &mut bits);
                let symbol = self.codes.symbol(group.distance, &mut bits);
                bits.fill();
                let distance = distance(number(symbol, &mut bits), self.width);
                if distance > self.done || length > self.total - self.done {
                    return Err(DecodeError::Copy);
                }
                self.copy::<CACHED>(distance, length)?;
                self.done += length;
                x += length;
                if x >= self.width {
                    y += x / self.width;
                    x %= self.width;
                }
                group = self.group(x, y);
                continue;
            } else {
                let pixel = self.cache.get(green - GREENS - LENGTHS);
                self.pixels.push(pixel);
                // It is there already, unless it is the zero of a place that nothing was put into.
                self.cache.put(pixel);
            }
            self.done += 1;
            x += 1;
            if x == self.width {
                (x, y) = (0, y + 1);
            }
        }
        *reader = bits;
        Ok(())
    }

    #[inline(always)]
    fn copy<const CACHED: bool>(&mut self, distance: usize, length: usize) -> Result<(), DecodeError> {
        let to = self.pixels.len();
        // Dropped pixels are out of every copy's reach.
        let from = to.checked_sub(distance).ok_or(DecodeError::Copy)?;
        if distance >= length {
            self.pixels.extend_from_within(from..from + length);
        } else {
            // The copy repeats itself: what there is of it doubles each time.
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

    /// The codes for a pixel.
    #[inline(always)]
    fn group(&self, x: usize, y: usize) -> Group {
        let at = self.places.as_ref().map_or(0, |places| {
            let place = (y >> places.bits) * places.across + (x >> places.bits);
            places.groups.get(place).map_or(0, |group| usize::from(*group))
        });
        self.codes.groups.get(at).copied().unwrap_or_default()
    }
}

/// The length or the distance that a symbol stands for, with the bits that follow it (section 5.2.2), which are buffered.
#[inline(always)]
fn number(symbol: usize, bits: &mut Bits<'_>) -> usize {
    if symbol < 4 {
        return symbol + 1;
    }
    let more = (symbol as u32 - 2) / 2;
    let first = (2 + (symbol & 1)) << more;
    first + bits.buffered_number(more) as usize + 1
}

/// Pixels that came of late, each at a place that follows from its value (section 5.2.3).
#[derive(Debug)]
struct Cache {
    /// As many as there are places, or none.
    pixels: Vec<Pixel>,
    shift: u32,
}

impl Cache {
    fn new(bits: u32) -> Self {
        let places = if bits > 0 { 1 << bits } else { 0 };
        Self {
            pixels: vec![0; places],
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
