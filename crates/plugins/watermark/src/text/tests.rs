//! Tests of texts: sizes, colours and directions of what is drawn, and texts that try to leave the SVG.

use super::*;

use crate::length::LengthSetting;

fn style() -> Style {
    let length = |text: &str| text.parse::<LengthSetting>().unwrap();
    Style {
        family: None,
        weight: 400,
        italic: false,
        size: length("20"),
        colour: Colour::parse("ff0000").unwrap(),
        outline: Colour::parse("0000ff").unwrap(),
        outline_width: length("0"),
        shadow: None,
        shadow_offset: [length("10%"); 2],
        angle: 0.0,
        align: Align::Near,
    }
}

fn room(width: u32, height: u32) -> Room {
    let size = Size::new(width, height);
    Room { size, container: size }
}

fn drawn(text: &str, style: Style, room: Room) -> Drawn {
    let text = Text::new(text, style, Arc::default()).unwrap();
    let drawn = text.draw(room, &Cancel::new()).unwrap();
    assert_eq!(drawn.pixels.len() as u64, drawn.size.pixels() * 4);
    assert!(drawn.size.width <= room.size.width && drawn.size.height <= room.size.height);
    drawn
}

/// The number of pixels that a condition holds for.
fn count(drawn: &Drawn, condition: impl Fn(&[u8; 4]) -> bool) -> usize {
    drawn
        .pixels
        .as_chunks::<4>()
        .0
        .iter()
        .filter(|pixel| condition(pixel))
        .count()
}

/// Widths that FreeType measures in this font at size 20: 112.2 for "Hello world", 50.7 for "Hello". The spaces beside
/// the first and the last letter are not drawn, and take some 3 pixels.
#[test]
fn text_has_the_width_of_its_letters_and_the_colour_that_is_asked_for() {
    let line = drawn("Hello world", style(), room(400, 300));
    assert!((107..=113).contains(&line.size.width), "{:?}", line.size);
    assert!(count(&line, |pixel| *pixel == [255, 0, 0, 255]) > 100);
    assert_eq!(count(&line, |pixel| pixel[3] > 0 && pixel[2] > 0), 0, "no outline");
    let word = drawn("Hello", style(), room(400, 300));
    assert!((46..=51).contains(&word.size.width), "{:?}", word.size);
}

#[test]
fn long_text_is_wrapped_between_words_and_lines_are_kept() {
    let text = "one two three four five six seven";
    let one = drawn(text, style(), room(1000, 300)).size;
    let two = drawn(text, style(), room(one.width * 2 / 3, 300)).size;
    assert!(two.height > one.height + 15, "{one} and {two}");
    let given = drawn("one\ntwo", style(), room(1000, 300)).size;
    assert!(given.height > one.height + 15 && given.width < one.width / 3, "{given}");
}

#[test]
fn text_that_does_not_fit_is_drawn_smaller() {
    let small = drawn("Unbreakable", style(), room(40, 300)).size;
    assert!(small.width == 40 && small.height < 12, "{small}");
    let low = drawn("Unbreakable", style(), room(400, 8)).size;
    assert!(low.height <= 8 && low.width < 70, "{low}");
}

#[test]
fn size_in_percent_follows_the_shorter_side() {
    let percent = Style {
        size: "10%".parse().unwrap(),
        ..style()
    };
    let small = drawn("Ag", percent.clone(), room(400, 200)).size;
    let large = drawn("Ag", percent, room(400, 400)).size;
    assert!(large.width.abs_diff(2 * small.width) <= 2, "{small} and {large}");
}

#[test]
fn outline_and_shadow_lie_around_the_letters() {
    let plain = drawn("Hill", style(), room(400, 300));
    let outlined = Style {
        outline_width: "2".parse().unwrap(),
        ..style()
    };
    let outlined = drawn("Hill", outlined, room(400, 300));
    assert!(outlined.size.width.abs_diff(plain.size.width + 4) <= 1);
    assert!(count(&outlined, |pixel| *pixel == [0, 0, 255, 255]) > 50);
    assert!(
        count(&outlined, |pixel| *pixel == [255, 0, 0, 255]) >= count(&plain, |pixel| *pixel == [255, 0, 0, 255]) / 2
    );
    let shadowed = Style {
        shadow: Colour::parse("00ff0080"),
        shadow_offset: ["3".parse().unwrap(), "5".parse().unwrap()],
        ..style()
    };
    let shadowed = drawn("Hill", shadowed, room(400, 300));
    let grown = [
        shadowed.size.width - plain.size.width,
        shadowed.size.height - plain.size.height,
    ];
    assert!(grown[0].abs_diff(3) <= 1 && grown[1].abs_diff(5) <= 1, "{grown:?}");
    assert!(
        count(&shadowed, |pixel| pixel[..3] == [0, 255, 0]
            && pixel[3].abs_diff(128) <= 1)
            > 20
    );
}

#[test]
fn text_is_turned_by_its_angle() {
    let turned = Style { angle: 90.0, ..style() };
    let (across, down) = (
        drawn("Hello world", style(), room(400, 400)).size,
        drawn("Hello world", turned, room(400, 400)).size,
    );
    assert!(
        across.width.abs_diff(down.height) <= 1 && across.height.abs_diff(down.width) <= 1,
        "{across}, {down}"
    );
}

/// The first letter of a Hebrew line stands at its right, and the full stops behind it at its left.
#[test]
fn hebrew_runs_from_right_to_left() {
    let letters_are_right = |text: &str| {
        let line = drawn(text, style(), room(400, 100));
        // The upper half holds the letter, and no full stop.
        let ink = |columns: std::ops::Range<u32>| {
            let pixel = |x: u32, y: u32| line.pixels[((y * line.size.width + x) * 4 + 3) as usize];
            let inked = |y: u32| columns.clone().filter(|x| pixel(*x, y) > 128).count();
            (0..line.size.height / 2).map(inked).sum::<usize>()
        };
        let middle = line.size.width / 2;
        let [left, right] = [ink(0..middle), ink(middle..line.size.width)];
        assert!(left.max(right) > 10 && left.min(right) == 0, "{text}: {left}, {right}");
        right > 0
    };
    assert!(letters_are_right("\u{5d0}...."));
    assert!(!letters_are_right("....\u{5d0}"));
    assert!(!letters_are_right("A...."));
    assert!(letters_are_right("....A"));
}

#[test]
fn hostile_text_is_drawn_as_it_stands() {
    for text in [
        "</text><image href=\"file:///etc/passwd\"/>",
        "&lt;&amp; &#0; ]]> <!-- \u{0} \u{1b} \u{fffe}",
        "\u{202e}abc\u{202c} \u{200b}\u{200b}",
        "'\"\\ %s {} #{x}",
    ] {
        let drawn = drawn(text, style(), room(600, 100));
        assert!(count(&drawn, |pixel| pixel[3] > 0) > 20, "{text}");
    }
    // Nothing but invisible characters.
    assert!(Text::new(" \n\t\n", style(), Arc::default()).is_none());
    drawn("\u{200b}", style(), room(10, 10));
    let long = "word ".repeat(5000);
    drawn(&long, style(), room(30, 30));
    let family = Style {
        family: Some("x' font-size=\"9\" <".to_owned()),
        ..style()
    };
    drawn("abc", family, room(100, 100));
}

#[test]
fn name_differs_with_everything_that_changes_a_pixel() {
    let name = |text: &str, style: Style| Text::new(text, style, Arc::default()).unwrap().name().to_owned();
    let names = [
        name("a", style()),
        name("b", style()),
        name("a\nb", style()),
        name("a", Style { angle: 1.0, ..style() }),
        name(
            "a",
            Style {
                size: "20%".parse().unwrap(),
                ..style()
            },
        ),
        name(
            "a",
            Style {
                colour: Colour::WHITE,
                ..style()
            },
        ),
        name(
            "a",
            Style {
                align: Align::Far,
                ..style()
            },
        ),
        name("a", Style { weight: 700, ..style() }),
    ];
    let mut distinct = names.to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn drawing_is_cancelled_at_any_check() {
    let text = Text::new("Hello", style(), Arc::default()).unwrap();
    // Two bands of rows.
    let room = Room {
        size: Size::new(2000, 1000),
        container: Size::new(2000, 1000),
    };
    let text = Text {
        style: Style {
            size: "400".parse().unwrap(),
            ..style()
        },
        ..text
    };
    let cancel = Cancel::new();
    text.draw(room, &cancel).unwrap();
    assert!(cancel.looks() >= 4, "{}", cancel.looks());
    for look in 0..cancel.looks() {
        let error = text.draw(room, &Cancel::at_look(look)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
}
