//! Constant tables of RFC 6386: probabilities, quantiser steps, and orders of coefficients.

mod coefficients;
mod modes;
mod steps;
mod updates;

pub(crate) use coefficients::INITIAL as INITIAL_COEFFICIENTS;
pub(crate) use modes::{CHROMA_MODES, LUMA_MODES, SUBBLOCK_MODES};
pub(crate) use steps::{AC_STEPS, DC_STEPS};
pub(crate) use updates::UPDATES as COEFFICIENT_UPDATES;

/// By kind of block, band of positions, context, and node of the token tree.
pub(crate) type CoefficientProbabilities = [[[[u8; 11]; 3]; 8]; 4];

/// The band of each position: section 13.3.
pub(crate) const BANDS: [u8; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];

/// The index in the block of each coded position: section 13.
pub(crate) const ZIGZAG: [u8; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];
