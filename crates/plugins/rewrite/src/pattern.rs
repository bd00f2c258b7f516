//! Path pattern: a prefix, a glob or a regular expression, each as one regular expression that matches in linear time.

use regex_lite::{Captures, Regex, RegexBuilder, escape};

/// The pattern of a rule.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Groups by number, from 0, with their names.
    groups: Vec<Option<String>>,
}

impl Pattern {
    /// Everything below a prefix.
    pub(crate) fn prefix(prefix: &str, ignore_case: bool) -> Result<Self, String> {
        Self::new(&format!("^{}(?<rest>.*)$", escape(prefix)), ignore_case)
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
        Self::new(&format!("{regex}{}$", escape(rest)), ignore_case)
    }

    /// A regular expression as it is written.
    pub(crate) fn new(regex: &str, ignore_case: bool) -> Result<Self, String> {
        /// Bytes of a compiled expression: far more than a path needs.
        const MOST_BYTES: usize = 256 * 1024;
        let regex = RegexBuilder::new(regex)
            .case_insensitive(ignore_case)
            .dot_matches_new_line(true)
            .size_limit(MOST_BYTES)
            .build()
            .map_err(|error| error.to_string())?;
        let groups = regex.capture_names().map(|name| name.map(str::to_owned)).collect();
        Ok(Self { regex, groups })
    }

    pub(crate) fn captures<'p>(&self, path: &'p str) -> Option<Captures<'p>> {
        self.regex.captures(path)
    }

    /// The number of the group with this name or number. The whole match is 0.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        match name.parse::<usize>() {
            Ok(number) => (number < self.groups.len()).then_some(number),
            Err(_) => self.groups.iter().position(|group| group.as_deref() == Some(name)),
        }
    }
}
