//! Planar pipeline: carries a job out on luma and chroma as they are stored. Each plane is scaled in its own
//! resolution, turned and padded. The encoder takes the planes, so that no pixel ever becomes red, green and blue.
//!
//! [`run_within`](super::run_within) chooses it where the plan has planes. Damage needs nothing here: the decoders of
//! planes cover it by themselves.

use super::{Timings, timed};
use crate::codecs::PlaneDecoder;
use crate::picture::{Picture, PlanarPicture};
use crate::plan::{Plan, PlanarPlan, PlanePlan};
use crate::steps::scale::Scaler;
use crate::steps::{orient, pad};
use crate::{Cancel, Channels, ImageError};

/// The finished planes, and whether a part of the source is missing.
pub(super) fn picture(
    mut decoder: Box<dyn PlaneDecoder + '_>,
    plan: &Plan,
    planar: &PlanarPlan,
    timings: &mut Timings,
    cancel: &Cancel,
) -> Result<(PlanarPicture, bool), ImageError> {
    let mut scalers = timed(&mut timings.scale, || {
        let scaler = |plane: &PlanePlan| Scaler::new(Channels::Gray, plane.axes, plane.scaled, &plan.resampling);
        let [luma, blue, red] = &planar.planes;
        let chroma = scaler(blue);
        let other = if red.axes == blue.axes {
            chroma.twin()
        } else {
            scaler(red)
        };
        [scaler(luma), chroma, other]
    });
    while timed(&mut timings.decode, || decoder.advance(cancel))? {
        timed(&mut timings.scale, || {
            let mut planes = scalers.iter_mut().zip(&planar.planes).enumerate();
            planes.try_for_each(|(index, (scaler, plane))| push(&*decoder, index, plane, scaler, cancel))
        })?;
    }
    let damaged = decoder.is_damaged();
    drop(decoder);
    let [luma, blue, red] = scalers;
    let finish = |scaler: Scaler, index: usize| {
        let mut plane = scaler.finish();
        if planar.inverts {
            invert(&mut plane, planar.range.inverted_sum(index), cancel)?;
        }
        finished(plane, plan, &planar.planes[index], cancel)
    };
    let planes = timed(&mut timings.scale, || {
        Ok::<_, ImageError>([finish(luma, 0)?, finish(blue, 1)?, finish(red, 2)?])
    })?;
    let (cell, range) = (planar.cell, planar.range);
    Ok((PlanarPicture { planes, cell, range }, damaged))
}

/// Passes the rows of a plane that are ready and lie in the window.
fn push(
    decoder: &dyn PlaneDecoder,
    index: usize,
    plane: &PlanePlan,
    scaler: &mut Scaler,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let [across, down] = plane.axes;
    let ready = decoder.ready(index);
    for row in ready.start.max(down.first)..ready.end.min(down.end) {
        cancel.check()?;
        scaler.push(&decoder.row(index, row)[across.first as usize..across.end as usize]);
    }
    Ok(())
}

/// Inverts luma or a chroma: each sample and its inverted one add up to `sum`.
fn invert(plane: &mut Picture, sum: u16, cancel: &Cancel) -> Result<(), ImageError> {
    let length = plane.row_bytes();
    for row in plane.pixels.chunks_exact_mut(length) {
        cancel.check()?;
        for sample in row {
            *sample = sum.saturating_sub(u16::from(*sample)).min(255) as u8;
        }
    }
    Ok(())
}

/// The steps after scaling: turns, and padding between them.
fn finished(plane: Picture, plan: &Plan, parts: &PlanePlan, cancel: &Cancel) -> Result<Picture, ImageError> {
    let plane = orient::turned(plane, plan.orient, cancel)?;
    let plane = pad::plane(plane, parts, cancel)?;
    orient::turned(plane, plan.turn, cancel)
}

#[cfg(test)]
mod tests;
