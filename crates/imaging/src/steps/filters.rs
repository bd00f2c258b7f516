//! Filter step: colours and effects on the scaled picture, one filter after the other.
//!
//! The keys `s.*` come first, then the keys `a.*` in ImageResizer's order. Only the faded edges, which ImageResizer
//! makes first, come last, so that a blur does not wash them out. The padding and the colour below transparent pixels
//! come later and are not filtered.

mod blur;
mod colours;
mod curves;
mod feather;
mod noise;
mod rows;
mod sobel;
mod tone;

use crate::colour_matrix::ColourMatrix;
use crate::filter_plan::FilterPlan;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Filters, ImageError, NoiseWindow};

/// Without filters the picture stays unchanged.
pub(crate) fn apply(mut picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    let FilterPlan {
        filters: Filters { simple, advanced, .. },
        matrix,
        equalize,
        balance,
    } = &plan.filters;
    let size = picture.size;
    if *matrix != ColourMatrix::IDENTITY {
        picture = colours::mixed(picture, matrix, cancel)?;
    }
    if let Some(colour) = simple.overlay {
        picture = colours::overlaid(picture, colour, cancel)?;
    }
    if let Some(radius) = advanced.blur {
        picture = blur::blurred(picture, advanced.pixels(radius, size), cancel)?;
    }
    if let Some(radius) = advanced.sharpen {
        picture = blur::sharpened(picture, advanced.pixels(radius, size), cancel)?;
    }
    let side = advanced.remove_noise.map(|window| match window {
        NoiseWindow::Least => 3.0,
        NoiseWindow::Radius(radius) => advanced.pixels(radius, size).round(),
    });
    if let Some(side) = side.filter(|side| *side >= 1.0) {
        picture = noise::removed(picture, side as usize, cancel)?;
    }
    if advanced.sobel {
        picture = sobel::edges(picture, advanced.threshold, cancel)?;
    }
    if advanced.sepia {
        picture = colours::mixed(picture, &colours::YIQ_SEPIA, cancel)?;
    }
    if advanced.equalize {
        picture = curves::measured(picture, equalize, curves::equalizing, cancel)?;
    }
    if let Some((kind, threshold)) = advanced.white_balance() {
        let curve = |histogram: &curves::Histogram| curves::balancing(histogram, kind, threshold);
        picture = curves::measured(picture, balance, curve, cancel)?;
    }
    if let Some(levels) = advanced.posterize {
        picture = curves::posterized(picture, levels, cancel)?;
    }
    if let Some(levels) = advanced.tone() {
        picture = tone::changed(picture, levels, cancel)?;
    }
    if let Some((width, opacity)) = advanced.feather(size) {
        picture = feather::faded(picture, width, opacity, cancel)?;
    }
    Ok(picture)
}
