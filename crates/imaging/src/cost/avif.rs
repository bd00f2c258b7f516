//! Memory of encoding AVIF, and the bound of its pixels. The plan takes the bound from here.

use super::{metadata_bytes, picture_bytes};
use crate::plan::Plan;
use crate::{Channels, Job};

/// The most pixels of an AVIF that is written. One of this size takes up to 12 s on a core of a shared server, and half
/// as long again with alpha.
pub(crate) const AVIF_MOST_PIXELS: u64 = 8_000_000;

/// The bytes held while an AVIF is written: the picture, its planes, the encoder's own, and the file of noise.
/// From the resident memory of three photographs; noise is not measured yet.
pub(super) fn encoding_bytes(plan: &Plan, job: &Job, channels: Channels) -> u64 {
    const TABLE_BYTES: u64 = 12 << 20;
    const PIXEL_BYTES: u64 = 28;
    let pixels = plan.output.pixels();
    let picture = picture_bytes(plan.output, channels);
    let encoded = 4096 + pixels * 3;
    (picture + 4 * pixels + TABLE_BYTES + PIXEL_BYTES * pixels + encoded).max(2 * encoded + metadata_bytes(job))
}
