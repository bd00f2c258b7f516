//! Kinds of blocks: the functions for each number of samples that a block may become.

use resizer_kernel::{Kernel, with_widest};

use crate::Error;
use crate::bits::Bits;
use crate::block::{Coefficients, Tables, draw_block, read_block, wanted};
use crate::transform::Points;

/// Blocks of a component in an MCU.
#[derive(Debug)]
pub(crate) struct Blocks<'a> {
    pub(crate) tables: Tables<'a>,
    /// The DC coefficient of the block before.
    pub(crate) dc: &'a mut i32,
    /// The samples from the first one of the first block on, in rows of `stride`.
    pub(crate) plane: &'a mut [u8],
    pub(crate) stride: usize,
    pub(crate) across: usize,
    pub(crate) down: usize,
}

impl Blocks<'_> {
    /// Decodes blocks of this size. For kernels.
    #[inline(always)]
    pub(crate) fn decode<const W: usize, const H: usize>(&mut self, bits: &mut Bits<'_>) -> Result<(), Error>
    where
        [f32; W]: Points,
        [f32; H]: Points,
    {
        let mut dc = *self.dc;
        for row in 0..self.down {
            for column in 0..self.across {
                let plane = &mut self.plane[row * H * self.stride + column * W..];
                read_block::<W, H>(bits, self.tables, &mut dc, plane, self.stride)?;
            }
        }
        *self.dc = dc;
        Ok(())
    }
}

/// Decodes blocks into rows of a plane. After an error no bits are taken.
pub(crate) type Decode = fn(&mut Bits<'_>, &mut Blocks<'_>) -> Result<(), Error>;

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

fn decode<const W: usize, const H: usize>(bits: &mut Bits<'_>, blocks: &mut Blocks<'_>) -> Result<(), Error>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    with_widest(DecodeBlocks::<W, H> { bits, blocks })
}

/// The kernel of [`decode`].
struct DecodeBlocks<'a, 'b, 's, const W: usize, const H: usize> {
    bits: &'a mut Bits<'s>,
    blocks: &'a mut Blocks<'b>,
}

impl<const W: usize, const H: usize> Kernel for DecodeBlocks<'_, '_, '_, W, H>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run(self) -> Result<(), Error> {
        // A copy, which stays in registers.
        let mut bits = *self.bits;
        self.blocks.decode::<W, H>(&mut bits)?;
        *self.bits = bits;
        Ok(())
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
