//! Kinds of blocks: the functions for each number of samples that a block may become.

use resizer_kernel::{Kernel, with_widest};

use crate::Error;
use crate::bits::Bits;
use crate::block::{Coefficients, Tables, draw_block, read_block, wanted};
use crate::transform::Points;

/// Decodes a block into rows of a plane. `dc` is the DC coefficient of the block before, and this block's is returned.
pub(crate) type Decode =
    for<'s> fn(Bits<'s>, Tables<'_>, dc: i32, plane: &mut [u8], stride: usize) -> Result<(Bits<'s>, i32), Error>;

/// Writes the samples of known coefficients into rows of a plane. `multipliers` are in zigzag order.
pub(crate) type Draw = fn(dc: i16, &Coefficients, multipliers: &[f32; 64], plane: &mut [u8], stride: usize);

/// The functions for blocks of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) decode: Decode,
    pub(crate) draw: Draw,
    /// The coefficients that the samples depend on: bit n for index n.
    pub(crate) wanted: u64,
}

impl Kind {
    const fn of<const W: usize, const H: usize>() -> Self
    where
        [f32; W]: Points,
        [f32; H]: Points,
    {
        Self {
            decode: decode::<W, H>,
            draw: draw::<W, H>,
            wanted: wanted(W, H),
        }
    }

    /// The functions for blocks of this many samples across and down. Each is 1, 2, 4 or 8. A side of 1 goes with one
    /// of 4 at most: at an eighth of the size a block of the fewest samples has 4.
    pub(crate) const fn new(width: u32, height: u32) -> Option<Self> {
        Some(match (width, height) {
            (1, 1) => Self::of::<1, 1>(),
            (1, 2) => Self::of::<1, 2>(),
            (1, 4) => Self::of::<1, 4>(),
            (2, 1) => Self::of::<2, 1>(),
            (2, 2) => Self::of::<2, 2>(),
            (2, 4) => Self::of::<2, 4>(),
            (2, 8) => Self::of::<2, 8>(),
            (4, 1) => Self::of::<4, 1>(),
            (4, 2) => Self::of::<4, 2>(),
            (4, 4) => Self::of::<4, 4>(),
            (4, 8) => Self::of::<4, 8>(),
            (8, 2) => Self::of::<8, 2>(),
            (8, 4) => Self::of::<8, 4>(),
            (8, 8) => Self::of::<8, 8>(),
            _ => return None,
        })
    }
}

fn decode<'s, const W: usize, const H: usize>(
    bits: Bits<'s>,
    tables: Tables<'_>,
    dc: i32,
    plane: &mut [u8],
    stride: usize,
) -> Result<(Bits<'s>, i32), Error>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    with_widest(DecodeBlock::<W, H> {
        bits,
        tables,
        dc,
        plane,
        stride,
    })
}

/// The kernel of [`decode`].
struct DecodeBlock<'a, 's, const W: usize, const H: usize> {
    bits: Bits<'s>,
    tables: Tables<'a>,
    dc: i32,
    plane: &'a mut [u8],
    stride: usize,
}

impl<'s, const W: usize, const H: usize> Kernel for DecodeBlock<'_, 's, W, H>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    type Output = Result<(Bits<'s>, i32), Error>;

    #[inline(always)]
    fn run(mut self) -> Self::Output {
        read_block::<W, H>(&mut self.bits, self.tables, &mut self.dc, self.plane, self.stride)?;
        Ok((self.bits, self.dc))
    }
}

fn draw<const W: usize, const H: usize>(
    dc: i16,
    coefficients: &Coefficients,
    multipliers: &[f32; 64],
    plane: &mut [u8],
    stride: usize,
) where
    [f32; W]: Points,
    [f32; H]: Points,
{
    with_widest(DrawBlock::<W, H> {
        dc: f32::from(dc) * multipliers[0],
        coefficients,
        multipliers,
        plane,
        stride,
    });
}

/// The kernel of [`draw`].
struct DrawBlock<'a, const W: usize, const H: usize> {
    dc: f32,
    coefficients: &'a Coefficients,
    multipliers: &'a [f32; 64],
    plane: &'a mut [u8],
    stride: usize,
}

impl<const W: usize, const H: usize> Kernel for DrawBlock<'_, W, H>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        draw_block::<W, H>(self.dc, self.coefficients, self.multipliers, self.plane, self.stride);
    }
}
