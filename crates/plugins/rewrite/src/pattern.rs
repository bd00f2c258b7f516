//! Path pattern: a prefix, a glob or a regular expression. Prefixes are compared as texts; the others are regular
//! expressions that match in linear time, and most paths are told apart by the text that a match begins with.

use regex_lite::{Regex, RegexBuilder, escape};

/// The pattern of a rule.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// The text that each matching path begins with; empty where that is not known.
    beginning: String,
    ignore_case: bool,
    /// `None` for a prefix, whose beginning is all.
    regex: Option<Regex>,
    /// Groups by number, from 0, with their names.
    groups: Vec<Option<String>>,
}

/// The parts of a path that the groups of a pattern have matched, by number.
pub(crate) struct Parts<'p>(Vec<Option<&'p str>>);

impl<'p> Parts<'p> {
    /// The part of this group. `None` where the group took no part in the match.
    pub(crate) fn get(&self, group: usize) -> Option<&'p str> {
        self.0.get(group).copied().flatten()
    }
}

impl Pattern {
    /// Everything below a prefix.
    pub(crate) fn prefix(prefix: &str, ignore_case: bool) -> Self {
        Self {
            beginning: prefix.to_owned(),
            ignore_case,
            regex: None,
            groups: vec![None, Some("rest".to_owned())],
        }
    }

    /// The whole path, with `*` for all but slashes and `**` for anything.
    pub(crate) fn glob(glob: &str, ignore_case: bool) -> Result<Self, String> {
        let mut regex = String::from("^");
        let mut rest = glob;
        while let Some(at) = rest.find('*') {
            regex += &escape(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.strip_prefix('*') {
                Some(after) => {
                    regex += "(.*)";
                    rest = after;
                }
                None => regex += "([^/]*)",
            }
        }
        let beginning = glob.split('*').next().unwrap_or_default();
        Self::matching(&format!("{regex}{}$", escape(rest)), beginning, ignore_case)
    }

    /// A regular expression as it is written.
    pub(crate) fn new(regex: &str, ignore_case: bool) -> Result<Self, String> {
        Self::matching(regex, beginning(regex), ignore_case)
    }

    fn matching(regex: &str, beginning: &str, ignore_case: bool) -> Result<Self, String> {
        /// Bytes of a compiled expression: far more than a path needs.
        const MOST_BYTES: usize = 256 * 1024;
        let regex = RegexBuilder::new(regex)
            .case_insensitive(ignore_case)
            .dot_matches_new_line(true)
            .size_limit(MOST_BYTES)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            beginning: beginning.to_owned(),
            ignore_case,
            groups: regex.capture_names().map(|name| name.map(str::to_owned)).collect(),
            regex: Some(regex),
        })
    }

    /// Whether a path begins as each match does. That is quick, and false for most rules of a long list.
    pub(crate) fn may_match(&self, path: &str) -> bool {
        let begins = path.as_bytes().get(..self.beginning.len());
        begins.is_some_and(|begins| match self.ignore_case {
            true => begins.eq_ignore_ascii_case(self.beginning.as_bytes()),
            false => begins == self.beginning.as_bytes(),
        })
    }

    /// The parts of a path. `None` if it does not match.
    pub(crate) fn parts<'p>(&self, path: &'p str) -> Option<Parts<'p>> {
        if !self.may_match(path) {
            return None;
        }
        let Some(regex) = &self.regex else {
            return Some(Parts(vec![Some(path), path.get(self.beginning.len()..)]));
        };
        let captures = regex.captures(path)?;
        let parts = captures.iter().map(|part| part.map(|part| part.as_str()));
        Some(Parts(parts.collect()))
    }

    /// The number of the group with this name or number. The whole match is 0.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        match name.parse::<usize>() {
            Ok(number) => (number < self.groups.len()).then_some(number),
            Err(_) => self.groups.iter().position(|group| group.as_deref() == Some(name)),
        }
    }
}

/// The text that each path begins with which the expression matches. Empty where that cannot be told at a glance.
fn beginning(regex: &str) -> &str {
    let Some(rest) = regex.strip_prefix('^').filter(|rest| !rest.contains('|')) else {
        return "";
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
    // A sign of repetition is about the character before it, which may then be absent.
    match rest[end..].chars().next() {
        Some('?' | '*' | '+' | '{') => &rest[..end.saturating_sub(1)],
        _ => &rest[..end],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_is_in_each_path_that_matches() {
        let check = |regex: &str, expected: &str| assert_eq!(beginning(regex), expected, "{regex}");
        check(r"^/users/(?<id>\d+)/a\.png$", "/users/");
        check("^/a.png$", "/a");
        check("^/ab?c", "/a");
        check("^/ab*c", "/a");
        check("^/ab{0,2}c", "/a");
        check("^/a", "/a");
        check("^", "");
        check("^?/a", "");
        // Found anywhere, in one of two forms, or with flags.
        check("/a", "");
        check("^/a|/b", "");
        check("(?i)^/a", "");
        check("^(?i)/a", "");
    }

    #[test]
    fn paths_with_another_beginning_do_not_match() {
        let check = |pattern: &Pattern, path: &str, expected: Option<&str>| {
            let parts = pattern.parts(path);
            let found = parts.as_ref().map(|parts| parts.get(1).unwrap_or_default());
            assert_eq!(found, expected, "{path}");
        };
        let prefix = Pattern::prefix("/a/", false);
        check(&prefix, "/a/b.jpg", Some("b.jpg"));
        check(&prefix, "/a/", Some(""));
        check(&prefix, "/A/b.jpg", None);
        check(&prefix, "/a", None);
        check(&prefix, "/ä/", None);
        check(&Pattern::prefix("/a/", true), "/A/b.jpg", Some("b.jpg"));
        let regex = Pattern::new("^/a/(.*)$", true).unwrap();
        check(&regex, "/A/b.jpg", Some("b.jpg"));
        check(&regex, "/b/b.jpg", None);
        let glob = Pattern::glob("/a/*.jpg", false).unwrap();
        check(&glob, "/a/b.jpg", Some("b"));
        check(&glob, "/a/b/c.jpg", None);
        check(&glob, "/b/b.jpg", None);
    }
}
