//! SVG of a text: one element for each line, written from escaped text and numbers. It refers to nothing outside.

use std::fmt::Write as _;

use resizer_plugin_api::imaging::{Align, Colour};

use crate::text::Style;

/// The distance of two lines, in sizes of the font.
const LINE_HEIGHT: f64 = 1.2;

const HEAD: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\">";

/// A line without the characters that XML forbids, and with a space for each tabulator.
pub(crate) fn plain(line: &str) -> String {
    let spaced = line.chars().map(|c| if c == '\t' { ' ' } else { c });
    spaced
        .filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

/// All lines, with shadow and outline, turned by the style's angle.
pub(crate) fn text(style: &Style, font_size: f64, lines: &[String]) -> String {
    let mut svg = String::from(HEAD);
    _ = write!(
        svg,
        "<g transform=\"rotate({})\"{}>",
        style.angle,
        font(style, font_size)
    );
    let anchor = match style.align {
        Align::Near => "start",
        Align::Far => "end",
        Align::Percent(percent) if percent < 25.0 => "start",
        Align::Percent(percent) if percent > 75.0 => "end",
        Align::Centre | Align::Percent(_) => "middle",
    };
    let mut layer = |[x, y]: [f64; 2], paint: &str| {
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            let y = y + index as f64 * LINE_HEIGHT * font_size;
            _ = write!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\"{paint}>{}</text>",
                directed(&escaped(line))
            );
        }
    };
    let outline_width = 2.0 * style.outline_width.of(font_size);
    let outline = |colour: Colour| match outline_width > 0.0 {
        // Half of a stroke lies inside of the letters, below their fill.
        true => format!(
            " paint-order=\"stroke\" stroke-linejoin=\"round\" stroke-width=\"{outline_width}\"{}",
            paint("stroke", colour)
        ),
        false => String::new(),
    };
    if let Some(shadow) = style.shadow {
        let place = style.shadow_offset.map(|offset| offset.of(font_size));
        layer(place, &format!("{}{}", paint("fill", shadow), outline(shadow)));
    }
    layer(
        [0.0, 0.0],
        &format!("{}{}", paint("fill", style.colour), outline(style.outline)),
    );
    svg.push_str("</g></svg>");
    svg
}

/// "n n", "nn" and each word as a text of its own, to be measured. The id of each is its index.
pub(crate) fn words(style: &Style, font_size: f64, words: &[&str]) -> String {
    let mut svg = String::from(HEAD);
    _ = write!(svg, "<g{}>", font(style, font_size));
    for (index, word) in ["n n", "nn"].iter().chain(words).enumerate() {
        _ = write!(svg, "<text id=\"{index}\">{}</text>", escaped(word));
    }
    svg.push_str("</g></svg>");
    svg
}

/// A line that begins with a letter of a script from right to left, in that direction. SVG's own attribute for it is
/// not read by resvg: the characters for an embedding stand in its place (UAX #9, 2.1).
fn directed(line: &str) -> String {
    match line.chars().find(|c| c.is_alphabetic()) {
        Some(first) if is_from_right_to_left(first) => format!("\u{202b}{line}\u{202c}"),
        _ => line.to_owned(),
    }
}

/// Whether a letter is of a block that Unicode keeps for scripts from right to left (DerivedBidiClass.txt).
fn is_from_right_to_left(letter: char) -> bool {
    matches!(letter,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn font(style: &Style, font_size: f64) -> String {
    let italic = if style.italic { "italic" } else { "normal" };
    let (family, weight) = (escaped(&style.family().replace('\'', "")), style.weight);
    format!(" font-family=\"'{family}'\" font-size=\"{font_size}\" font-weight=\"{weight}\" font-style=\"{italic}\"")
}

/// A colour as an attribute, with its opacity.
fn paint(attribute: &str, colour: Colour) -> String {
    let Colour {
        red,
        green,
        blue,
        alpha,
    } = colour;
    let opacity = f64::from(alpha) / 255.0;
    format!(" {attribute}=\"rgb({red},{green},{blue})\" {attribute}-opacity=\"{opacity}\"")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}
