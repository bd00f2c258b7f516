//! Changed area: the part of a frame that differs from the canvas and has to be drawn.

use super::canvas::Area;
use crate::{Cancel, ImageError, Size};

/// The smallest area that holds every pixel for which `differs` returns true. `None` if there is none.
pub(super) fn area_of(
    size: Size,
    cancel: &Cancel,
    differs: impl Fn(usize) -> bool,
) -> Result<Option<Area>, ImageError> {
    let width = size.width as usize;
    let mut found: Option<[usize; 4]> = None;
    for y in 0..size.height as usize {
        cancel.check()?;
        let row = y * width;
        let Some(first) = (0..width).find(|x| differs(row + x)) else {
            continue;
        };
        let last = (0..width).rev().find(|x| differs(row + x)).unwrap_or(first);
        let [left, top, right, _] = found.unwrap_or([first, y, last, y]);
        found = Some([left.min(first), top, right.max(last), y]);
    }
    Ok(found.map(|[left, top, right, bottom]| Area {
        left: left as u32,
        top: top as u32,
        size: Size::new((right - left + 1) as u32, (bottom - top + 1) as u32),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_holds_every_difference_and_no_more() {
        // Rows of 5: (3, 1), (1, 2), (4, 2).
        let differences = [8, 11, 14];
        let area_of = |differs: &dyn Fn(usize) -> bool| area_of(Size::new(5, 4), &Cancel::new(), differs).unwrap();
        let found = area_of(&|index| differences.contains(&index));
        let expected = Area {
            left: 1,
            top: 1,
            size: Size::new(4, 2),
        };
        assert_eq!(found, Some(expected));
        assert_eq!(area_of(&|_| false), None);
        let whole = Area::whole(Size::new(5, 4));
        assert_eq!(area_of(&|_| true), Some(whole));
    }
}
