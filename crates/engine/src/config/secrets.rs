//! Hidden values: values of secret settings, and values from the environment or a file, which no message may show.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::schema;

/// The hidden values of one table.
#[derive(Clone, Default)]
pub(crate) struct Hidden {
    /// Bytes of the file.
    pub(crate) spans: Vec<Range<usize>>,
    /// Texts that a message must not repeat.
    pub(crate) values: Vec<String>,
    /// Ends of values behind which no comment may be shown: it may hold an older secret.
    pub(crate) ends: Vec<usize>,
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hidden({})", self.values.len())
    }
}

impl Hidden {
    /// The message with an ellipsis for each hidden text. A text of one or two letters is replaced in quotes only: it
    /// is no secret, and other words would contain it by chance.
    pub(crate) fn mask(&self, message: &str) -> String {
        let mut values: Vec<&String> = self.values.iter().filter(|value| !value.is_empty()).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(message.to_owned(), |message, value| {
            let quoted = message
                .replace(&format!("{value:?}"), "\"…\"")
                .replace(&format!("`{value}`"), "`…`");
            if value.chars().count() > 2 {
                quoted.replace(value.as_str(), "…")
            } else {
                quoted
            }
        })
    }
}

/// A single value (neither table nor list) on a walk through a table.
pub(crate) struct Leaf<'a, 'i> {
    /// The value.
    pub(crate) value: &'a mut Spanned<DeValue<'i>>,
    /// Its schema, if it is known.
    pub(crate) schema: Option<&'a Value>,
    pub(crate) secrecy: Secrecy,
}

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Secrecy {
    /// All of it.
    Shown,
    /// Nothing in a line of the file: its key is unknown, and may be that of a secret, misspelt or misplaced.
    Unknown,
    /// Nothing anywhere.
    Secret,
}

/// Visits every single value of a table. An unknown key that resembles the name of a secret setting counts as secret:
/// it is probably misspelt.
pub(crate) fn each_leaf<'i>(
    table: &mut DeTable<'i>,
    schema: Option<&Value>,
    secrecy: Secrecy,
    visit: &mut dyn FnMut(Leaf<'_, 'i>),
) {
    let properties = schema.map(schema::properties).unwrap_or_default();
    let free = schema.and_then(schema::free_values);
    let secrets = properties.iter().filter(|(_, schema)| schema::is_secret(schema));
    let secrets: Vec<&str> = secrets.map(|(name, _)| name.as_str()).collect();
    for (key, value) in table.iter_mut() {
        let key = key.get_ref().as_ref();
        let known = properties.get(key).or(free);
        let own = match known {
            Some(known) if schema::is_secret(known) => Secrecy::Secret,
            Some(_) => Secrecy::Shown,
            None if sounds_secret(key) || nearest(key, secrets.iter().copied()).is_some() => Secrecy::Secret,
            None => Secrecy::Unknown,
        };
        each_leaf_of(value, known, secrecy.max(own), visit);
    }
}

fn each_leaf_of<'i>(
    value: &mut Spanned<DeValue<'i>>,
    schema: Option<&Value>,
    secrecy: Secrecy,
    visit: &mut dyn FnMut(Leaf<'_, 'i>),
) {
    match value.get_mut() {
        DeValue::Table(table) => each_leaf(table, schema, secrecy, visit),
        DeValue::Array(list) => {
            let items = schema.and_then(schema::items);
            let own = items.filter(|items| schema::is_secret(items));
            let secrecy = own.map_or(secrecy, |_| Secrecy::Secret);
            list.iter_mut()
                .for_each(|item| each_leaf_of(item, items, secrecy, visit));
        }
        _ => visit(Leaf { value, schema, secrecy }),
    }
}

/// The bytes of all values that stand in no table of settings: outside of `[server]` and of every `[[plugin]]`.
pub(crate) fn spans_outside(root: &mut DeTable<'_>) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut hide = |leaf: Leaf<'_, '_>| spans.push(leaf.value.span());
    for (key, value) in root.iter_mut() {
        match (key.get_ref().as_ref(), value.get_mut()) {
            ("server", DeValue::Table(_)) => {}
            ("plugin", DeValue::Array(entries)) => {
                for entry in entries.iter_mut().filter(|entry| !entry.get_ref().is_table()) {
                    each_leaf_of(entry, None, Secrecy::Unknown, &mut hide);
                }
            }
            _ => each_leaf_of(value, None, Secrecy::Unknown, &mut hide),
        }
    }
    spans
}

/// The bytes of the comments on the lines on which these values end.
pub(crate) fn comments_behind(text: &str, ends: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let comment = |end: usize| {
        let rest = text.get(end..)?.split(['\r', '\n']).next()?;
        // A `#` in a later value of the same line hides that value too: more than needed, and never less.
        Some(end + rest.find('#')?..end + rest.len())
    };
    ends.into_iter().filter_map(comment).collect()
}

/// Whether a key of a plugin that is not known here is probably a secret.
fn sounds_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    [
        "secret",
        "password",
        "token",
        "credential",
        "connection_string",
        "account_key",
        "signing_key",
    ]
    .iter()
    .any(|word| key.contains(word))
}

/// The names of all settings, for a file that does not parse: nothing else can tell what to hide there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    secret: Vec<String>,
    shown: Vec<String>,
}

impl Names {
    /// Adds the settings of a schema.
    pub(crate) fn add(&mut self, schema: &Value) {
        for (name, schema) in schema::properties(schema) {
            if schema::is_secret(&schema) {
                self.secret.push(name);
            } else {
                self.shown.push(name);
                self.add(schema::items(&schema).unwrap_or(&schema));
            }
        }
    }

    /// Whether a word is nearly the name of a secret setting, or contains a word such as `password`.
    fn may_be_secret(&self, word: &str) -> bool {
        let is_nearly = |name: &String| strsim::damerau_levenshtein(word, name) <= name.len() / 4;
        sounds_secret(word) || self.secret.iter().any(is_nearly)
    }

    /// Whether the value of this key may be shown: it is no secret, and neither misspelt nor misplaced.
    pub(crate) fn is_shown(&self, key: &str) -> bool {
        let of_file = ["server", "plugin", "name", "enabled"];
        (of_file.contains(&key) || self.shown.iter().any(|name| name == key)) && !self.may_be_secret(key)
    }
}

/// The bytes to hide in a file that does not parse: all text after a word that may be the name of a secret, or after an
/// unknown key, on its line and up to the next line that begins a setting or a table. That may hide more than the
/// secret, and never less, also where a quote or an equals sign is missing.
pub(crate) fn spans_by_text(text: &str, names: &Names) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut is_secret = false;
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let goes_on = is_secret && !begins_anew(content);
        let start = if goes_on {
            Some(0)
        } else {
            end_of_hidden_word(content, names)
        };
        is_secret = start.is_some();
        if let Some(start) = start {
            // The closing quote of a quoted key and the equals sign are shown.
            let rest = content[start..].trim_start_matches(['"', '\'']);
            let rest = if rest.trim_start().starts_with('=') {
                rest
            } else {
                &content[start..]
            };
            let value = rest.trim_start_matches([' ', '\t', '=']);
            if !value.is_empty() {
                spans.push(line_start + content.len() - value.len()..line_start + content.len());
            }
        }
        line_start += line.len();
    }
    spans
}

fn end_of_hidden_word(line: &str, names: &Names) -> Option<usize> {
    // A header names a table, and a comment nothing.
    let is_line_of_settings = !line.trim_start().starts_with(['[', '#']);
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut end = 0;
    line.split(|c| !is_word(c)).find_map(|word| {
        let start = line[end..].find(word).map_or(end, |at| end + at);
        end = start + word.len();
        let is_key = line[end..].trim_start_matches(['"', '\'', ' ', '\t']).starts_with('=');
        let is_unknown_key = is_line_of_settings && is_key && !word.is_empty() && !names.is_shown(word);
        (names.may_be_secret(word) || is_unknown_key).then_some(end)
    })
}

/// Whether the line is a header, a comment, or `key = value`; a line of a key in base64 may end in `=`.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let is_key = |c: char| c.is_alphanumeric() || "_-.\"\' ".contains(c);
    let is_pair = line.split_once('=').is_some_and(|(key, value)| {
        let value = value.trim_start();
        !key.is_empty() && key.chars().all(is_key) && !value.is_empty() && !value.starts_with('=')
    });
    line.starts_with(['[', '#']) || is_pair
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_shows_no_hidden_text() {
        let hidden = Hidden {
            spans: vec![],
            values: vec!["hunter2".into(), "a".into(), "hunter2\"x".into()],
            ends: vec![],
        };
        let check = |message: &str, expected: &str| assert_eq!(hidden.mask(message), expected);
        check("string \"hunter2\", expected", "string \"…\", expected");
        check("no host hunter2:80", "no host …:80");
        check("string \"hunter2\\\"x\", a list", "string \"…\", a list");
        check("unknown variant `a`, a list", "unknown variant `…`, a list");
    }

    #[test]
    fn comment_behind_a_value_reaches_to_the_end_of_its_line() {
        let check = |text: &str, expected: &[&str]| {
            let end = text.find('|').unwrap();
            let spans = comments_behind(text, [end]);
            let found: Vec<&str> = spans.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("a = 1| # hunter2\r\nb = 2 # c", &["# hunter2"]);
        check("a = { b = 1|, c = 2 } #hunter2", &["#hunter2"]);
        check("a = 1|\n# c", &[]);
        check("a = 1|", &[]);
    }

    #[test]
    fn secrets_in_a_file_that_does_not_parse_are_hidden() {
        let check = |text: &str, expected: &[&str]| {
            let names = Names {
                secret: vec!["access_code".to_owned(), "pin".to_owned()],
                shown: ["b", "user", "auth", "pen", "ü", "access_log"]
                    .map(str::to_owned)
                    .to_vec(),
            };
            let spans = spans_by_text(text, &names);
            let found: Vec<&str> = spans.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("name = \"x\"\naccess_code = \"hunter2\r\nb = 1", &["\"hunter2"]);
        check("auth = { user = 1, \"db_password\" = hunter2", &["hunter2"]);
        check("acces_code=hunter2", &["hunter2"]);
        check("access_code \"hunter2\"", &["\"hunter2\""]);
        check("access_code =\nhunter2 ==\n# b", &["hunter2 =="]);
        check(
            "token = \"\"\nhunter2\n\n\"\"\" # x\nb = 1",
            &["\"\"", "hunter2", "\"\"\" # x"],
        );
        check("token = \'\'\'\na\n[b]\nc", &["\'\'\'", "a"]);
        check("saa = \"hunter2", &["\"hunter2"]);
        check("auth = { saa = hunter2, b = 1", &["hunter2, b = 1"]);
        check("a.\"saa\" = hunter2\nb = 1", &["hunter2"]);
        check("access_code =", &[]);
        check("pen = 1\nü = \'ü\'\naccess_log = x", &[]);
    }
}
