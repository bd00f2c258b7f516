//! TOML syntax: parses the file and reports every syntax error. Entries without a syntax error are still checked.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::secrets::{Names, spans_by_text};
use crate::diagnostic::Problem;

/// The file as a table.
pub(crate) struct Parsed<'i> {
    pub(crate) root: DeTable<'i>,
    /// Positions of syntax errors.
    errors: Vec<usize>,
    /// Where each header of the file, such as `[server]` and `[[plugin]]`, begins, and the end of the file.
    starts: Vec<usize>,
}

/// Parses the file. `names` tells what to hide if that fails.
pub(crate) fn parse<'i>(
    text: &'i str,
    names: &Names,
    problems: &mut Vec<Problem>,
    secrets: &mut Vec<Range<usize>>,
) -> Parsed<'i> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let root = root.into_inner();
    let mut starts: Vec<usize> = root.values().flat_map(headers).collect();
    starts.push(text.len() + 1);
    starts.sort_unstable();
    if !errors.is_empty() {
        secrets.extend(spans_by_text(text, names));
        secrets.extend(spans_by_key(&root, names));
    }
    let places = errors.iter().map(|error| error.span().unwrap_or(0..0));
    let problem = |error: &toml::de::Error| in_words(error, text);
    problems.extend(errors.iter().map(problem));
    Parsed {
        errors: places.map(|span| span.start).collect(),
        root,
        starts,
    }
}

impl Parsed<'_> {
    /// Whether everything parses from this header to the next.
    pub(crate) fn is_sound(&self, header: &Range<usize>) -> bool {
        let end = self
            .starts
            .iter()
            .find(|start| **start > header.start)
            .copied()
            .unwrap_or(usize::MAX);
        !self.errors.iter().any(|error| (header.start..end).contains(error))
    }

    /// Whether everything parses before the first header.
    pub(crate) fn is_sound_at_top(&self) -> bool {
        !self.errors.iter().any(|error| *error < self.starts[0])
    }
}

fn headers(value: &Spanned<DeValue<'_>>) -> Vec<usize> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(|item| item.span().start).collect(),
        DeValue::Table(_) => vec![value.span().start],
        _ => Vec::new(),
    }
}

/// The message of the parser, without the terms of its grammar.
fn in_words(error: &toml::de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let said = error.message();
    let there = text.get(span.clone()).unwrap_or_default();
    let (message, help) = if said == "duplicate key" {
        (format!("`{there}` is given twice"), Some("remove one of the two"))
    } else if said.starts_with("string values must be quoted") && there.is_empty() {
        ("a value is missing".to_owned(), Some("write a value after the `=`"))
    } else if said.starts_with("string values must be quoted") || said.starts_with("invalid float") {
        ("this is not a value".to_owned(), Some("a text stands in quotes"))
    } else if said.starts_with("invalid basic string") || said.starts_with("invalid literal string") {
        ("this text has no closing quote".to_owned(), None)
    } else if said.starts_with("missing escaped value") {
        let help = "write a backslash as `\\\\`, or the text in single quotes";
        ("no such character is written with a backslash".to_owned(), Some(help))
    } else {
        (said.trim_end_matches(", expected nothing").to_owned(), None)
    };
    let problem = Problem::error(span, format!("not valid TOML: {message}"));
    Problem {
        help: help.map(str::to_owned),
        ..problem
    }
}

/// The values of secret and of unknown settings as far as they were recovered: these may reach over several lines.
fn spans_by_key(table: &DeTable<'_>, names: &Names) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(table) => spans.extend(spans_by_key(table, names)),
            DeValue::Array(items) => {
                let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                spans.extend(tables.flat_map(|table| spans_by_key(table, names)));
            }
            _ => spans.extend((!names.is_shown(key.get_ref())).then(|| value.span())),
        }
    }
    spans
}
