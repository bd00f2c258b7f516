//! Error translation: turns errors of serde and of `install` into problems in plain words, at their position in the
//! file and without any value.

use std::fmt;
use std::ops::Range;

use resizer_plugin_api::InstallError;
use toml::de::DeValue;

use super::nearest::nearest;
use super::places::{Places, Setting};
use super::secrets::Hidden;
use crate::diagnostic::Problem;

/// A table of the file: its owner, and the positions of its settings.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Whose settings they are.
    pub(crate) owner: Owner,
    /// The bytes of its header.
    pub(crate) header: Range<usize>,
    /// The positions of its settings.
    pub(crate) places: Places,
    /// The values that must not be shown.
    pub(crate) hidden: Hidden,
}

/// The owner of settings.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// `[server]`.
    Server,
    /// A plugin.
    Plugin(String),
}

impl Owner {
    /// The page about its settings.
    pub(crate) fn docs(&self) -> String {
        match self {
            Self::Server => "docs/server.md".to_owned(),
            Self::Plugin(name) => format!("docs/plugins/{name}.md"),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("`[server]`"),
            Self::Plugin(name) => write!(f, "plugin `{name}`"),
        }
    }
}

/// A problem, and the setting with the fault if it is known.
pub(crate) struct Explained<'s> {
    pub(crate) problem: Problem,
    pub(crate) setting: Option<&'s Setting>,
    /// The name of a required setting that is not there.
    pub(crate) missing: Option<String>,
}

impl Section {
    /// The problem behind an error of this section.
    pub(crate) fn explain(&self, error: &InstallError) -> Explained<'_> {
        let mut explained = match error {
            InstallError::Shape(error) => self.explain_shape(error),
            InstallError::Setting { name, message } => {
                let setting = self.places.get(name);
                let place = setting.map_or(&self.header, |setting| &setting.value);
                let message = format!(
                    "wrong value for setting `{name}` of {}: {}",
                    self.owner,
                    self.hidden.mask(message)
                );
                Explained {
                    problem: Problem::error(place.clone(), message),
                    setting,
                    missing: None,
                }
            }
            InstallError::Failed(error) => {
                let message = format!("{} does not work: {}", self.owner, self.hidden.mask(error.message()));
                let mut problem = Problem::error(self.header.clone(), message);
                problem.help = error.cause().map(|cause| self.hidden.mask(&cause));
                Explained {
                    problem,
                    setting: None,
                    missing: None,
                }
            }
            // Kinds of errors that are unknown here have a message, too.
            _ => {
                let message = self.hidden.mask(&error.to_string());
                Explained {
                    problem: Problem::error(self.header.clone(), message),
                    setting: None,
                    missing: None,
                }
            }
        };
        explained.problem = self.finished(explained.problem);
        explained
    }

    /// The problem of a required setting that is not there.
    pub(crate) fn missing(&self, name: &str) -> Problem {
        let message = format!("required setting `{name}` of {} is missing", self.owner);
        self.finished(Problem::error(self.header.clone(), message).help(format!("add `{name} = …`")))
    }

    /// The problem of an unknown key, which is given by its dotted path.
    pub(crate) fn unknown<'a>(
        &self,
        path: &str,
        place: Range<usize>,
        valid: impl IntoIterator<Item = &'a str>,
    ) -> Problem {
        let problem = Problem::error(place, format!("unknown setting `{path}` of {}", self.owner));
        let key = path.rsplit('.').next().unwrap_or(path);
        let near = nearest(key, valid).map(|near| format!("did you mean `{near}`?"));
        self.finished(Problem { help: near, ..problem })
    }

    fn finished(&self, problem: Problem) -> Problem {
        problem.docs(self.owner.docs())
    }

    fn explain_shape(&self, error: &toml::de::Error) -> Explained<'_> {
        let place = error.span().unwrap_or_else(|| self.header.clone());
        let setting = self.places.at(&place);
        let said = error.message();
        if let Some(name) = said
            .strip_prefix("missing field `")
            .and_then(|rest| rest.strip_suffix('`'))
        {
            let mut problem = self.missing(name);
            problem.place = place.into();
            return Explained {
                problem,
                setting,
                missing: Some(name.to_owned()),
            };
        }
        if let Some((field, valid)) = said
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.split_once('`'))
        {
            let problem = self.unknown(field, place, in_backquotes(valid));
            return Explained {
                problem,
                setting,
                missing: None,
            };
        }
        let what = match setting {
            Some(setting) => format!("setting `{}` of {}", setting.path, self.owner),
            None => self.owner.to_string(),
        };
        let expected = |rest: &str| rest.rsplit_once(", expected ").map(|(_, expected)| in_words(expected));
        let mut help = None;
        let message = if let Some(rest) = said.strip_prefix("invalid type: ") {
            let expected = expected(rest).unwrap_or_else(|| "something else".to_owned());
            format!("wrong type for {what}: expected {expected}, found {}", kind_of(rest))
        } else if let Some(rest) = said
            .strip_prefix("invalid value: ")
            .or_else(|| said.strip_prefix("invalid length "))
        {
            let expected = expected(rest).unwrap_or_else(|| "another value".to_owned());
            format!("wrong value for {what}: expected {expected}")
        } else if let Some((given, rest)) = said
            .strip_prefix("unknown variant `")
            .and_then(|rest| rest.split_once("`, expected "))
        {
            let choices: Vec<&str> = in_backquotes(rest).collect();
            help = nearest(given, choices.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
            format!("wrong value for {what}: expected \"{}\"", choices.join("\" or \""))
        } else {
            format!("wrong value for {what}: {}", self.hidden.mask(said.trim_end()))
        };
        Explained {
            problem: Problem {
                help,
                ..Problem::error(place, message)
            },
            setting,
            missing: None,
        }
    }
}

/// The names in `a`, `b` or `c`.
fn in_backquotes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Serde's name for the kind of a value, without the value.
fn kind_of(unexpected: &str) -> &'static str {
    let kinds = [
        ("string", "a string"),
        ("integer", "a whole number"),
        ("floating point", "a number with a fraction"),
        ("boolean", "a boolean"),
        ("map", "a table"),
        ("sequence", "a list"),
    ];
    kinds
        .iter()
        .find(|(kind, _)| unexpected.starts_with(kind))
        .map_or("something else", |(_, words)| words)
}

/// The kind of a value.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The expectation of serde, in the words of an operator.
fn in_words(expected: &str) -> String {
    let whole = |from: u8, bits: u32| format!("a whole number from {from} to {}", u128::MAX >> (128 - bits));
    let (from, plain) = expected
        .strip_prefix("a nonzero ")
        .map_or((0, expected), |rest| (1, rest));
    match plain {
        "u8" => whole(from, 8),
        "u16" => whole(from, 16),
        "u32" => whole(from, 32),
        "u64" | "usize" => format!("a whole number, {from} or more"),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "a boolean, `true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "a text" => "a string".to_owned(),
        "path string" => "a path".to_owned(),
        _ if plain.starts_with("struct ") => "a table".to_owned(),
        _ => expected.to_owned(),
    }
}
