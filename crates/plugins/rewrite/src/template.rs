//! Template: a text with the parts of a path in braces. The names in braces are checked when the rule is read.

use crate::pattern::{Parts, Pattern};

#[derive(Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Group(usize),
}

impl Template {
    /// Reads a text. `{{` stands for a brace.
    pub(crate) fn parse(text: &str, pattern: Option<&Pattern>) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            plain += &rest[..at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('{') {
                plain.push('{');
                rest = after;
                continue;
            }
            let Some((name, after)) = rest.split_once('}') else {
                return Err(format!(
                    "`{text}` has a `{{` without its `}}`; write `{{{{` for a brace"
                ));
            };
            let group = pattern.and_then(|pattern| pattern.group(name));
            let group = group.ok_or_else(|| format!("`{{{name}}}` in `{text}` is no part of the rule's path"))?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Group(group));
            rest = after;
        }
        plain += rest;
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    /// The text with the parts of a path, each passed through `escape`.
    pub(crate) fn filled(&self, parts: Option<&Parts<'_>>, escape: impl Fn(&str) -> String) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled += text,
                Piece::Group(group) => {
                    let part = parts.and_then(|parts| parts.get(*group));
                    filled += &part.map_or_else(String::new, &escape);
                }
            }
        }
        filled
    }

    /// Whether parts of a path stand in it.
    pub(crate) fn has_parts(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Group(_)))
    }

    /// The text before the first part of a path.
    pub(crate) fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }
}
