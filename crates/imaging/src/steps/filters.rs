//! Filter step: colours and effects on the scaled picture, one filter after the other.
//!
//! The keys `s.*` come first, then the keys `a.*` in ImageResizer's order. Only the faded edges, which ImageResizer
//! makes first, come last, so that a blur does not wash them out; by ImageResizer's rules they are first. The padding
//! and the colour below transparent pixels come later and are not filtered.

mod blur;
mod colours;
mod curves;
mod feather;
mod noise;
pub(super) mod rows;
mod sobel;
mod tone;

pub(crate) use blur::blurred;

use crate::colour_matrix::ColourMatrix;
use crate::filter_plan::{Blur, FilterPlan};
use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Compat, Filters, ImageError, NoiseWindow};

/// Without filters the picture stays unchanged.
pub(crate) fn apply(mut picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    let FilterPlan {
        filters: Filters { simple, advanced, .. },
        compat,
        matrix,
        equalize,
        balance,
    } = &plan.filters;
    let size = picture.size;
    let compat = *compat;
    let feather = advanced.feather(size);
    if let Some((width, opacity)) = feather.filter(|_| compat.is_imageresizer()) {
        picture = feather::faded(picture, width, opacity, cancel)?;
    }
    let mut matrix = *matrix;
    let is_faded_only = simple.fades_only() && advanced.is_none() && plan.corners.is_none();
    if is_faded_only && !picture.channels.has_alpha() && plan.behind.alpha == u8::MAX {
        // The flatten step would show the same, from a picture with alpha.
        matrix = matrix.over(plan.behind);
    }
    if matrix != ColourMatrix::IDENTITY {
        picture = colours::mixed(picture, &matrix, cancel)?;
    }
    if let Some(colour) = simple.overlay {
        picture = colours::overlaid(picture, colour, cancel)?;
    }
    if let Some(radius) = advanced.blur {
        picture = blurred(picture, Blur::of(advanced.pixels(radius, size), compat), cancel)?;
    }
    if let Some(radius) = advanced.sharpen {
        let blur = Blur::for_sharpening(advanced.pixels(radius, size), compat);
        picture = blur::sharpened(picture, blur, cancel)?;
    }
    let side = advanced.remove_noise.map(|window| match window {
        NoiseWindow::Least => 3.0,
        NoiseWindow::Radius(radius) => advanced.pixels(radius, size).round(),
    });
    if let Some(side) = side.filter(|side| *side >= 1.0) {
        picture = noise::removed(picture, side as usize, cancel)?;
    }
    if advanced.sobel {
        picture = sobel::edges(picture, advanced.threshold, compat, cancel)?;
    }
    if advanced.sepia {
        picture = colours::mixed(picture, &colours::YIQ_SEPIA, cancel)?;
    }
    if advanced.equalize {
        let curve = |histogram: &curves::Histogram| match compat {
            Compat::None => curves::equalizing(histogram),
            Compat::ImageResizer4 => curves::shares(histogram),
        };
        picture = curves::measured(picture, equalize, compat, curve, cancel)?;
    }
    if let Some((kind, threshold)) = advanced.white_balance() {
        let curve = |histogram: &curves::Histogram| curves::balancing(histogram, kind, threshold);
        picture = curves::measured(picture, balance, compat, curve, cancel)?;
    }
    if let Some(levels) = advanced.posterize {
        picture = curves::posterized(picture, levels, cancel)?;
    }
    if let Some(levels) = advanced.tone(compat) {
        picture = tone::changed(picture, levels, cancel)?;
    }
    if let Some((width, opacity)) = feather.filter(|_| !compat.is_imageresizer()) {
        picture = feather::faded(picture, width, opacity, cancel)?;
    }
    Ok(picture)
}
