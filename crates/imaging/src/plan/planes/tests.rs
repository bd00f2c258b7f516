//! Tests of the cells of planes against pixels that are moved one by one, and of the choice between planes and pixels.

use super::*;
use crate::shrink::Spacing;
use crate::source::PlaneSpacings;
use crate::{Channels, Instructions, Limits, Orientation, output_format};

/// The pixels of the stored picture that each cell of the result shows, in pairs. `None` is padding.
fn shown(pixels: u32, [near, far]: [u32; 2], turned: bool, mirrored: bool) -> Vec<Vec<Option<u32>>> {
    let mut picture: Vec<Option<u32>> = (0..pixels).map(Some).collect();
    if mirrored {
        picture.reverse();
    }
    let padding = |length: u32| vec![None; length as usize];
    let mut result = [padding(near), picture, padding(far)].concat();
    if turned {
        result.reverse();
    }
    result.chunks(2).map(<[_]>::to_vec).collect()
}

/// The same from the cells: their pixels where they lie in the picture, turned and padded as planes are.
fn carried_out(pixels: u32, pads: [u32; 2], turned: bool, mirrored: bool) -> Vec<Vec<Option<u32>>> {
    let Placed { cells, pad, shared } = along(2, pixels, pads, turned, mirrored);
    let mut plane: Vec<Vec<Option<u32>>> = (0..cells.count())
        .map(|cell| {
            let begin = i64::from(cell * cells.size) - i64::from(cells.before);
            let inside = (begin..begin + 2).filter(|pixel| (0..i64::from(pixels)).contains(pixel));
            inside.map(|pixel| Some(pixel as u32)).collect()
        })
        .collect();
    if mirrored {
        plane.reverse();
        plane.iter_mut().for_each(|cell| cell.reverse());
    }
    if shared[0] {
        plane[0].insert(0, None);
    }
    if shared[1] {
        plane.last_mut().unwrap().push(None);
    }
    // The pixels of whole cells of padding are not counted here: a canvas may cut one of them.
    let padding = |cells: u32| vec![vec![None]; cells as usize];
    let mut canvas = [padding(pad[0]), plane, padding(pad[1])].concat();
    if turned {
        canvas.reverse();
        canvas.iter_mut().for_each(|cell| cell.reverse());
    }
    canvas
}

#[test]
fn cell_shows_the_pixels_of_its_place() {
    for pixels in 1..6 {
        for near in 0..4 {
            for far in 0..4 {
                for (turned, mirrored) in [(false, false), (false, true), (true, false), (true, true)] {
                    let pads = [near, far];
                    let found = carried_out(pixels, pads, turned, mirrored);
                    let mut expected = shown(pixels, pads, turned, mirrored);
                    for cell in expected.iter_mut().filter(|cell| cell.iter().all(Option::is_none)) {
                        cell.truncate(1);
                    }
                    assert_eq!(found, expected, "{pixels} between {pads:?}, {turned} {mirrored}");
                }
            }
        }
    }
}

/// A JPEG with luma and chroma in 4:2:0, 40 by 30 pixels.
fn info() -> SourceInfo {
    let planes = PlaneSpacings::new(SampleRange::Full, |plane, _, _| {
        let pixels = if plane == 0 { 1 } else { 2 };
        [Spacing { pixels, samples: 1 }; 2]
    });
    SourceInfo {
        planes: Some(planes),
        ..SourceInfo::new(Format::Jpeg, 40, 30, Channels::Rgb)
    }
}

fn planar(info: &SourceInfo, query: &str) -> Option<PlanarPlan> {
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    Plan::of(info, &job).unwrap().planes
}

#[test]
fn job_without_colours_is_carried_out_in_planes() {
    let chroma = |query: &str| planar(&info(), query).map(|plan| (plan.cell == [2, 2], plan.planes[1].scaled));
    let check = |query: &str, expected: Option<(bool, (u32, u32))>| {
        let expected = expected.map(|(halves, (width, height))| (halves, Size::new(width, height)));
        assert_eq!(chroma(query), expected, "{query}");
    };
    check("width=20", Some((true, (10, 8))));
    check("width=20&quality=95", Some((false, (20, 15))));
    check("width=21&format=webp", Some((true, (11, 8))));
    check("width=20&format=webp&webp.lossless=keep", Some((true, (10, 8))));
    check("width=20&height=20&mode=pad&bgcolor=red", Some((true, (10, 8))));
    check("width=20&rotate=90&sflip=x&crop=3,3,33,27", Some((true, (10, 8))));
    check("width=20&subsampling=444", Some((false, (20, 15))));
    check("width=20&subsampling=422", Some((false, (10, 15))));
    check("width=20&quality=95&subsampling=420", Some((true, (10, 8))));
    check("width=20&down.colorspace=linear", None);
    check("width=20&format=webp&webp.lossless=true", None);
    check("width=20&format=webp&height=20&mode=pad", None);
    check("width=20&format=png", None);
    check("width=20&format=gif", None);
    let other = SourceInfo::new(Format::Jpeg, 40, 30, Channels::Rgb);
    assert_eq!(planar(&other, "width=20"), None);
}

/// 40 by 30 to 15 by 11 on a canvas of 20 by 11: two pixels of padding on the left, three on the right. So the last
/// cell is half picture and half padding.
#[test]
fn cell_of_an_odd_place_is_shared_with_the_padding() {
    let plan = planar(&info(), "width=20&height=11&mode=pad&bgcolor=0000ff").unwrap();
    let [luma, blue, red] = &plan.planes;
    assert_eq!((luma.scaled, luma.pad), (Size::new(15, 11), [2, 0, 3, 0]));
    assert_eq!(
        (blue.scaled, blue.pad, blue.shared),
        (Size::new(8, 6), [1, 0, 1, 0], [false, false, true, false])
    );
    assert_eq!(red.axes, blue.axes);
    // Pure blue: 0.114 * 255; 128 + (255 - 29.07) / 1.772; 128 - 29.07 / 1.402.
    assert_eq!([luma.padding, blue.padding, red.padding], [29, 255, 107]);
}

#[test]
fn chroma_is_decoded_at_half_unless_the_picture_grows() {
    let decodes_half = |query: &str| planar(&info(), query).unwrap().decodes_half;
    assert!(decodes_half("width=20"));
    assert!(decodes_half("width=40"));
    assert!(!decodes_half("width=20&quality=91"));
    assert!(!decodes_half("width=80&scale=both"));
    assert!(!decodes_half(
        "width=40&height=10&mode=stretch&crop=0,0,20,20&scale=both"
    ));
}

#[test]
fn turned_picture_has_the_cells_of_the_other_axis() {
    let info = SourceInfo {
        orientation: Orientation::rotation(1),
        ..info()
    };
    // Displayed it is 30 by 40.
    let plan = planar(&info, "width=15").unwrap();
    assert_eq!(plan.planes[0].scaled, Size::new(20, 15));
    let [across, down] = plan.planes[1].axes;
    // The stored rows are the displayed columns from right to left. The displayed cells are counted from the left, so
    // the first stored row has a cell of its own.
    assert_eq!((across.target_start, across.target_length), (0.0, 20.0));
    assert_eq!((down.target_start, down.target_length), (-1.0, 16.0));
}
