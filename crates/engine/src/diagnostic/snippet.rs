//! Snippet: one line of the file with a part of it underlined.

use std::fmt::Write as _;
use std::ops::Range;

/// A line, ready to be shown.
pub(super) struct Snippet {
    /// The line's number, from 1.
    pub(super) line: usize,
    /// Characters from the line's start to the span's, from 1.
    pub(super) column: usize,
    /// The line, with three stars for each secret.
    shown: String,
    /// The mark below each of its characters.
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    None,
    Tab,
    Here,
}

impl Snippet {
    /// The line on which the span begins. Of a span over several lines, only the part on this line is underlined. A tab
    /// stays a tab in both rows, so that they align at every tab width.
    pub(super) fn of(text: &str, secrets: &[Range<usize>], span: &Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        // An empty span, as at the end of the file, is shown as one mark.
        let underlined = span.start..span.end.max(span.start + 1);
        let mut shown = String::new();
        let mut marks = Vec::new();
        let mut hidden: Option<&Range<usize>> = None;
        for (offset, character) in line.char_indices() {
            let at = start + offset;
            let secret = secrets.iter().find(|secret| secret.contains(&at));
            if let Some(secret) = secret.filter(|secret| hidden != Some(*secret)) {
                let overlaps = secret.start < underlined.end && underlined.start < secret.end;
                shown.push_str("***");
                marks.extend([if overlaps { Mark::Here } else { Mark::None }; 3]);
            }
            hidden = secret;
            if secret.is_none() {
                shown.push(character);
                marks.push(match character {
                    _ if underlined.contains(&at) => Mark::Here,
                    '\t' => Mark::Tab,
                    _ => Mark::None,
                });
            }
        }
        if !marks.contains(&Mark::Here) {
            marks.push(Mark::Here);
        }
        let (line, column) = (before.matches('\n').count() + 1, before[start..].chars().count() + 1);
        Self {
            line,
            column,
            shown,
            marks,
        }
    }

    /// Writes the line and, below it, the underlining with a label.
    pub(super) fn render(&self, out: &mut String, margin: usize, mark: char, label: &str) {
        let marks: String = self
            .marks
            .iter()
            .map(|kind| match kind {
                Mark::None => ' ',
                Mark::Tab => '\t',
                Mark::Here => mark,
            })
            .collect();
        _ = writeln!(out, "{:margin$} |", "");
        _ = writeln!(out, "{}", format!("{:>margin$} | {}", self.line, self.shown).trim_end());
        _ = writeln!(
            out,
            "{:margin$} | {}",
            "",
            format!("{} {label}", marks.trim_end()).trim_end()
        );
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::path::Path;

    use crate::diagnostic::{Problem, Problems};

    fn check(text: &str, span: Range<usize>, expected: [&str; 4]) {
        let problems = Problems(vec![Problem::error(span, "wrong").help("mend it")]);
        let rendered = problems.render(Path::new("p.toml"), text);
        let lines: Vec<&str> = rendered.lines().collect();
        assert_eq!(lines[0], "error: wrong");
        assert_eq!(lines[1..], expected, "{rendered}");
    }

    #[test]
    fn wrong_text_is_underlined() {
        check(
            "a = 1\n",
            0..1,
            ["  --> p.toml:1:1", "   |", " 1 | a = 1", "   | ^ mend it"],
        );
        check(
            "a = 1\nbb = 2",
            6..8,
            ["  --> p.toml:2:1", "   |", " 2 | bb = 2", "   | ^^ mend it"],
        );
        check(
            "\r\nä = 'ü'\r\n",
            7..11,
            ["  --> p.toml:2:5", "   |", " 2 | ä = 'ü'", "   |     ^^^ mend it"],
        );
        check(
            "\ta =\tb",
            5..6,
            ["  --> p.toml:1:6", "   |", " 1 | \ta =\tb", "   | \t   \t^ mend it"],
        );
    }

    #[test]
    fn span_of_several_lines_shows_the_first() {
        check(
            "a = [\n1,\n]",
            4..10,
            ["  --> p.toml:1:5", "   |", " 1 | a = [", "   |     ^ mend it"],
        );
    }

    #[test]
    fn end_of_the_file_is_marked() {
        check("", 0..0, ["  --> p.toml:1:1", "   |", " 1 |", "   | ^ mend it"]);
        check(
            "a =",
            3..3,
            ["  --> p.toml:1:4", "   |", " 1 | a =", "   |    ^ mend it"],
        );
        check(
            "a =\r\n",
            3..3,
            ["  --> p.toml:1:4", "   |", " 1 | a =", "   |    ^ mend it"],
        );
        check("a\n", 2..2, ["  --> p.toml:2:1", "   |", " 2 |", "   | ^ mend it"]);
        check("a", 90..91, ["  --> p.toml:1:2", "   |", " 1 | a", "   |  ^ mend it"]);
    }

    #[test]
    fn margin_fits_the_longest_line_number() {
        let text = "x\n".repeat(9) + "y\n";
        let problem = Problem::error(18..19, "wrong")
            .related(0..1, "because of this")
            .docs("docs/p.md");
        let expected = "error: wrong\n   --> p.toml:10:1\n    |\n 10 | y\n    | ^\n    |\n  1 | x\n    | - because of this\n    \
                        = see docs/p.md\n";
        assert_eq!(Problems(vec![problem]).render(Path::new("p.toml"), &text), expected);
    }

    #[test]
    fn secret_is_shown_as_three_stars() {
        let text = "key = \"hunter2\" # it";
        let shown = |span| {
            let problem = Problem {
                secrets: std::iter::once(6..15).collect(),
                ..Problem::error(span, "wrong")
            };
            Problems(vec![problem]).render(Path::new("p.toml"), text)
        };
        assert!(
            shown(0..3).ends_with(" 1 | key = *** # it\n   | ^^^\n"),
            "{}",
            shown(0..3)
        );
        assert!(
            shown(8..10).ends_with(" 1 | key = *** # it\n   |       ^^^\n"),
            "{}",
            shown(8..10)
        );
    }
}
