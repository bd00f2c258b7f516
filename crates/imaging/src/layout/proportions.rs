//! Proportional sizes in whole pixels.
//!
//! Plain rounding drifts. 1200x400 inside 100x33 would become 99x33, although 100x33 is exactly the result of scaling
//! 1200x400 to a width of 100. So a side snaps to the original's or the target's if rounding explains the difference.

use crate::Size;

/// The largest size with the proportions of `size` inside `target`.
pub(super) fn inner(size: Size, target: Size) -> Size {
    fit(size, target, ratio(size) > ratio(target))
}

/// The smallest size with the proportions of `size` that covers `target`.
pub(super) fn outer(size: Size, target: Size) -> Size {
    fit(size, target, ratio(size) <= ratio(target))
}

fn fit(size: Size, target: Size, by_width: bool) -> Size {
    if by_width {
        Size::new(target.width, height_for(size, target.width, Some(target)))
    } else {
        Size::new(width_for(size, target.height, Some(target)), target.height)
    }
}

/// The height for `width` in the proportions of `size`.
pub(super) fn height_for(size: Size, width: u32, target: Option<Size>) -> u32 {
    let exact = f64::from(width) / ratio(size);
    // The possible error of the target's height if its width is a rounded number.
    let slack = target.map(|target| {
        let width = (f64::from(size.width) * f64::from(target.height) / f64::from(size.height)).round();
        (f64::from(target.height) - width / ratio(size)).abs()
    });
    snapped(exact, size.height, target.map(|target| target.height), slack)
}

/// The width for `height` in the proportions of `size`.
pub(super) fn width_for(size: Size, height: u32, target: Option<Size>) -> u32 {
    let exact = f64::from(height) * ratio(size);
    let slack = target.map(|target| {
        let height = (f64::from(size.height) * f64::from(target.width) / f64::from(size.width)).round();
        (f64::from(target.width) - height * ratio(size)).abs()
    });
    snapped(exact, size.width, target.map(|target| target.width), slack)
}

fn snapped(exact: f64, own: u32, target: Option<u32>, slack: Option<f64>) -> u32 {
    // Without a target, a side less than a pixel away from the original counts as the original.
    let slack = slack.unwrap_or(1.0 - f64::EPSILON);
    let target = target.unwrap_or(own);
    let (to_own, to_target) = ((exact - f64::from(own)).abs(), (exact - f64::from(target)).abs());
    if to_own <= slack && to_own <= to_target {
        own
    } else if to_target <= slack {
        target
    } else {
        round(exact)
    }
}

/// Rounds half away from zero, to at least 1. A number above `u32` becomes its maximum, which every limit refuses.
pub(super) fn round(side: f64) -> u32 {
    (side.round() as u32).max(1)
}

fn ratio(size: Size) -> f64 {
    f64::from(size.width) / f64::from(size.height)
}
