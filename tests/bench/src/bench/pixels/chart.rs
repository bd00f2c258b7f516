//! Bar chart of the pixels bench as SVG: a bar for each job, from zero, with lines for the bar and for sharp.

use std::fmt::Write as _;

/// In pixels.
const LINE: usize = 22;
const LABELS: f64 = 320.0;
/// The length of a bar of 1.
const ONE: f64 = 360.0;
const VALUES: f64 = 50.0;
const TOP: usize = 34;

/// Text is dark on a light page and light on a dark one; the bars can be told from both.
const STYLE: &str = "text{fill:#222}.ours{fill:#3b7dd8}.sharp{stroke:#808080}.bar{stroke:#d9822b;stroke-width:3}\
                     @media (prefers-color-scheme:dark){text{fill:#ddd}}";

/// A job's ratio, and the most that it may be.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) ratio: f64,
    pub(super) most: Option<f64>,
}

/// The document.
pub(super) fn svg(title: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.ratio).fold(1.0, f64::max);
    let (width, height) = (LABELS + longest * ONE + VALUES, TOP + bars.len() * LINE + 6);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" width=\"{width:.0}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n<title>{0}</title>\n\
         <style>{STYLE}</style>\n<text x=\"8\" y=\"18\" font-weight=\"bold\">{0}</text>\n",
        escaped(title)
    );
    let mut draw = |element: String| {
        // Writing into a String cannot fail.
        let _ = writeln!(svg, "{element}");
    };
    for (index, bar) in bars.iter().enumerate() {
        let (top, length) = (TOP + index * LINE, bar.ratio * ONE);
        draw(format!(
            "<text x=\"{:.0}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LABELS - 8.0,
            top + 14,
            escaped(&bar.label)
        ));
        draw(format!(
            "<rect class=\"ours\" x=\"{LABELS:.0}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\"/>",
            top + 2,
            LINE - 6
        ));
        if let Some(most) = bar.most {
            draw(vertical("bar", most, top, top + LINE - 2));
        }
        draw(format!(
            "<text x=\"{:.1}\" y=\"{}\">{:.2}</text>",
            LABELS + bar.ratio.max(bar.most.unwrap_or_default()) * ONE + 6.0,
            top + 14,
            bar.ratio
        ));
    }
    draw(vertical("sharp", 1.0, TOP - 6, height - 4));
    svg.push_str("</svg>\n");
    svg
}

fn vertical(class: &str, value: f64, top: usize, bottom: usize) -> String {
    let x = LABELS + value * ONE;
    format!("<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::{Bar, svg};

    #[test]
    fn bar_is_as_long_as_its_ratio() {
        let bar = |label: &str, ratio, most| Bar {
            label: label.to_owned(),
            ratio,
            most,
        };
        let drawn = svg("a & b", &[bar("half", 0.5, Some(0.75)), bar("<double>", 2.0, None)]);
        assert!(drawn.contains("<title>a &amp; b</title>"), "{drawn}");
        assert!(drawn.contains(">&lt;double></text>"), "{drawn}");
        // 1 is 360 pixels long, from 320 on.
        assert!(drawn.contains("x=\"320\" y=\"36\" width=\"180.0\""), "{drawn}");
        assert!(drawn.contains("x=\"320\" y=\"58\" width=\"720.0\""), "{drawn}");
        assert!(drawn.contains("class=\"bar\" x1=\"590.0\""), "{drawn}");
        assert!(drawn.contains("class=\"sharp\" x1=\"680.0\""), "{drawn}");
        assert_eq!(drawn.matches("class=\"bar\"").count(), 1, "{drawn}");
    }
}
