//! What is wrong with `plugins.toml`, and how it is shown: the line, the offending text underlined, what to do, and
//! where to read on. Filled by `config`, printed by the host. Not here: finding the problems.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

/// All that was found, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the configuration can be used in spite of it.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it, in a few words; stands beside the underlined text.
    pub help: Option<String>,
    /// Another place of the file that has to do with it, and why.
    pub related: Option<(Range<usize>, String)>,
    /// The page to read on.
    pub docs: Option<String>,
    /// Bytes of the file that are never shown.
    pub(crate) secrets: Vec<Range<usize>>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but is probably not what was meant.
    Warning,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file as a whole, or in this build.
    File,
    /// At these bytes of the file.
    Span(Range<usize>),
    /// In this environment variable.
    Variable(String),
}

impl From<Range<usize>> for Place {
    fn from(span: Range<usize>) -> Self {
        Self::Span(span)
    }
}

impl Problem {
    /// Something that makes the configuration unusable.
    pub fn error(place: impl Into<Place>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            place: place.into(),
            message: message.into(),
            help: None,
            related: None,
            docs: None,
            secrets: Vec::new(),
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Shows another place of the file too.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, why: impl Into<String>) -> Self {
        self.related = Some((span, why.into()));
        self
    }

    /// Says where to read on.
    #[must_use]
    pub fn docs(mut self, page: impl Into<String>) -> Self {
        self.docs = Some(page.into());
        self
    }

    /// File first, then top to bottom, then the environment.
    pub(crate) fn position(&self) -> (u8, usize) {
        match &self.place {
            Place::File => (0, 0),
            Place::Span(span) => (1, span.start),
            Place::Variable(_) => (2, 0),
        }
    }

    fn render(&self, path: &Path, text: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut out = format!("{severity}: {}\n", self.message);
        let path = path.display();
        let mut help_is_said = false;
        let related = self
            .related
            .as_ref()
            .map(|(span, why)| (Line::at(text, span), span, why));
        let first = match &self.place {
            Place::Span(span) => Some((Line::at(text, span), span)),
            Place::File | Place::Variable(_) => None,
        };
        let lines = first
            .iter()
            .map(|(line, _)| line)
            .chain(related.iter().map(|(line, ..)| line));
        let margin = lines.map(|line| line.number.to_string().len()).max().unwrap_or(1) + 1;
        match &self.place {
            Place::File => _ = writeln!(out, "{:margin$}--> {path}", ""),
            Place::Variable(name) => _ = writeln!(out, "{:margin$}--> environment variable {name}", ""),
            Place::Span(_) => {}
        }
        if let Some((line, span)) = first {
            help_is_said = true;
            _ = writeln!(out, "{:margin$}--> {path}:{}:{}", "", line.number, line.column);
            line.show(
                &mut out,
                margin,
                text,
                &self.secrets,
                span,
                '^',
                self.help.as_deref().unwrap_or(""),
            );
        }
        if let Some((line, span, why)) = related {
            line.show(&mut out, margin, text, &self.secrets, span, '-', why);
        }
        if let Some(help) = self.help.as_ref().filter(|_| !help_is_said) {
            _ = writeln!(out, "{:margin$} = {help}", "");
        }
        if let Some(docs) = &self.docs {
            _ = writeln!(out, "{:margin$} = see {docs}", "");
        }
        out
    }
}

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them makes the configuration unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them as text, an empty line between two. The path is shown as it is given; the text is the file's.
    #[must_use]
    pub fn render(&self, path: &Path, text: &str) -> String {
        let rendered: Vec<String> = self.0.iter().map(|problem| problem.render(path, text)).collect();
        rendered.join("\n")
    }
}

/// A line of the file.
struct Line {
    /// Counted from 1.
    number: usize,
    /// Characters from the line's start to the span's, counted from 1.
    column: usize,
    /// The line's bytes, without its end.
    bytes: Range<usize>,
}

impl Line {
    /// The line on which the span begins.
    fn at(text: &str, span: &Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &text[start..];
        let length = rest.find('\n').map_or(rest.len(), |end| {
            rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]).len()
        });
        Self {
            number: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            bytes: start..start + length,
        }
    }

    /// The line with the part of the span that lies on it underlined; a tab stays a tab in both rows, and of a secret
    /// only three stars are seen.
    #[expect(clippy::too_many_arguments, reason = "a private step of one function, called twice")]
    fn show(
        &self,
        out: &mut String,
        margin: usize,
        text: &str,
        secrets: &[Range<usize>],
        span: &Range<usize>,
        mark: char,
        label: &str,
    ) {
        // An empty span, as at the end of the file, is shown as one mark.
        let marked = span.start..span.end.max(span.start + 1);
        let mut shown = String::new();
        let mut marks = String::new();
        let mut hidden: Option<&Range<usize>> = None;
        for (offset, character) in text[self.bytes.clone()].char_indices() {
            let at = self.bytes.start + offset;
            if let Some(secret) = secrets.iter().find(|secret| secret.contains(&at)) {
                if hidden != Some(secret) {
                    let overlaps = secret.start < marked.end && marked.start < secret.end;
                    shown.push_str("***");
                    marks.extend([if overlaps { mark } else { ' ' }; 3]);
                }
                hidden = Some(secret);
                continue;
            }
            shown.push(character);
            marks.push(match character {
                _ if marked.contains(&at) => mark,
                '\t' => '\t',
                _ => ' ',
            });
        }
        if !marks.contains(mark) {
            marks.push(mark);
        }
        let number = self.number;
        let width = margin;
        _ = writeln!(out, "{:width$} |", "");
        _ = writeln!(out, "{}", format!("{number:>width$} | {shown}").trim_end());
        _ = writeln!(
            out,
            "{:width$} | {}",
            "",
            format!("{} {label}", marks.trim_end()).trim_end()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, span: Range<usize>, expected: [&str; 4]) {
        let problems = Problems(vec![Problem::error(span, "wrong").help("mend it")]);
        let rendered = problems.render(Path::new("p.toml"), text);
        let lines: Vec<&str> = rendered.lines().collect();
        assert_eq!(lines[0], "error: wrong");
        assert_eq!(lines[1..], expected, "{rendered}");
    }

    #[test]
    fn the_offending_text_is_underlined() {
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
    fn of_several_lines_the_first_is_shown() {
        check(
            "a = [\n1,\n]",
            4..10,
            ["  --> p.toml:1:5", "   |", " 1 | a = [", "   |     ^ mend it"],
        );
    }

    #[test]
    fn the_end_of_the_file_can_be_pointed_at() {
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
    fn the_margin_fits_the_longest_line_number() {
        let text = "x\n".repeat(9) + "y\n";
        let problem = Problem::error(18..19, "wrong")
            .related(0..1, "because of this")
            .docs("docs/p.md");
        let expected = "error: wrong\n   --> p.toml:10:1\n    |\n 10 | y\n    | ^\n    |\n  1 | x\n    | - because of this\n    \
                        = see docs/p.md\n";
        assert_eq!(Problems(vec![problem]).render(Path::new("p.toml"), &text), expected);
    }

    #[test]
    fn a_secret_is_three_stars_wherever_the_mark_is() {
        let text = "key = \"hunter2\" # it";
        let shown = |span| {
            let problem = Problem {
                secrets: vec![6..15],
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
