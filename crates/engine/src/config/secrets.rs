//! What must not be shown: values of settings that are secrets, and values that came from the environment or a file.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::schema;

/// What must not be shown of one table.
#[derive(Clone, Default)]
pub(crate) struct Hidden {
    /// Bytes of the file.
    pub(crate) spans: Vec<Range<usize>>,
    /// Texts that a message must not repeat.
    pub(crate) values: Vec<String>,
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hidden({})", self.values.len())
    }
}

impl Hidden {
    /// The message with an ellipsis for each hidden text. One of one or two letters is replaced in quotes only: it keeps
    /// no secret, and it would be found in every other word.
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
    /// What the schema says of it, if it knows it.
    pub(crate) schema: Option<&'a Value>,
    /// Whether it is never to be shown.
    pub(crate) secret: bool,
}

/// Visits every single value of a table. A key that the schema does not know, but is near to a secret one or sounds
/// like one, is taken for a secret: it is probably a misspelt one.
pub(crate) fn each_leaf<'i>(
    table: &mut DeTable<'i>,
    schema: Option<&Value>,
    secret: bool,
    visit: &mut dyn FnMut(Leaf<'_, 'i>),
) {
    let properties = schema.map(schema::properties).unwrap_or_default();
    let free = schema.and_then(schema::free_values);
    let secrets = properties.iter().filter(|(_, schema)| schema::is_secret(schema));
    let secrets: Vec<&str> = secrets.map(|(name, _)| name.as_str()).collect();
    for (key, value) in table.iter_mut() {
        let key = key.get_ref().as_ref();
        let known = properties.get(key).or(free);
        let secret = secret
            || match known {
                Some(known) => schema::is_secret(known),
                None => may_be_secret(key, &secrets),
            };
        each_leaf_of(value, known, secret, visit);
    }
}

fn each_leaf_of<'i>(
    value: &mut Spanned<DeValue<'i>>,
    schema: Option<&Value>,
    secret: bool,
    visit: &mut dyn FnMut(Leaf<'_, 'i>),
) {
    match value.get_mut() {
        DeValue::Table(table) => each_leaf(table, schema, secret, visit),
        DeValue::Array(list) => {
            let items = schema.and_then(schema::items);
            let secret = secret || items.is_some_and(schema::is_secret);
            list.iter_mut()
                .for_each(|item| each_leaf_of(item, items, secret, visit));
        }
        _ => visit(Leaf { value, schema, secret }),
    }
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

/// Whether the key is, or is nearly, that of one of these secret settings, or sounds like one.
pub(crate) fn may_be_secret(key: &str, names: &[&str]) -> bool {
    sounds_secret(key) || nearest(key, names.iter().copied()).is_some()
}

/// Where the text assigns something to a key that sounds like a secret, up to the end of that line, or to the closing
/// quotes of a text over several lines: what can be told of a file that does not parse.
pub(crate) fn spans_by_text(text: &str, names: &[&str]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    for (equals, _) in text.match_indices('=') {
        let before = text[..equals]
            .trim_end_matches([' ', '\t'])
            .trim_end_matches(['"', '\'']);
        let key = &before[before.trim_end_matches(is_word).len()..];
        let is_inside = spans.last().is_some_and(|last| last.contains(&equals));
        if is_inside || !may_be_secret(key, names) {
            continue;
        }
        let value = text[equals + 1..].trim_start_matches([' ', '\t']);
        let start = text.len() - value.len();
        let length = match ["\"\"\"", "\'\'\'"]
            .into_iter()
            .find(|quotes| value.starts_with(quotes))
        {
            Some(quotes) => value[3..].find(quotes).map_or(value.len(), |end| 3 + end + 3),
            None => value.split('\n').next().unwrap_or(value).trim_end().len(),
        };
        if length > 0 {
            spans.push(start..start + length);
        }
    }
    spans
}

/// The names of all settings of a schema that are secrets.
pub(crate) fn secret_names(schema: &Value, names: &mut Vec<String>) {
    for (name, schema) in schema::properties(schema) {
        if schema::is_secret(&schema) {
            names.push(name);
        } else {
            let inner = schema::items(&schema).unwrap_or(&schema);
            secret_names(inner, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_does_not_repeat_what_is_hidden() {
        let hidden = Hidden {
            spans: vec![],
            values: vec!["hunter2".into(), "a".into(), "hunter2\"x".into()],
        };
        let check = |message: &str, expected: &str| assert_eq!(hidden.mask(message), expected);
        check("string \"hunter2\", expected", "string \"…\", expected");
        check("no host hunter2:80", "no host …:80");
        check("string \"hunter2\\\"x\", a list", "string \"…\", a list");
        check("unknown variant `a`, a list", "unknown variant `…`, a list");
    }

    #[test]
    fn secrets_are_seen_in_a_text_that_does_not_parse() {
        let check = |text: &str, expected: &[&str]| {
            let spans = spans_by_text(text, &["access_code"]);
            let found: Vec<&str> = spans.into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("name = \"x\"\naccess_code = \"hunter2\r\nb = 1", &["\"hunter2"]);
        check("auth = { user = 1, \"db_password\" = hunter2", &["hunter2"]);
        check("acces_code=hunter2", &["hunter2"]);
        check(
            "token = \"\"\"\na = b\n\"\"\" # x\nb = \'\'\'",
            &["\"\"\"\na = b\n\"\"\""],
        );
        check("token = \'\'\'\na = b\n", &["\'\'\'\na = b\n"]);
        check("access_code =", &[]);
        check("ü = 'ü'", &[]);
    }
}
