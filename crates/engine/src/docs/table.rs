//! Settings table: renders the settings of a schema as a Markdown table.

use std::fmt::Write as _;

use serde_json::Value;

use crate::config::schema::{allows, alternatives, free_values, items, properties, required};

/// One row for each setting, those of inner tables after their table's; empty if there are none.
pub(super) fn of(schema: &Value) -> String {
    let mut rows = String::new();
    add_rows(schema, "", &mut rows);
    if rows.is_empty() {
        rows
    } else {
        format!("| setting | type | default | meaning |\n|---|---|---|---|\n{rows}")
    }
}

/// Text that does not break a table.
pub(super) fn cell(text: &str) -> String {
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    paragraphs.join("<br>").replace('|', "\\|")
}

fn add_rows(schema: &Value, prefix: &str, rows: &mut String) {
    let required = required(schema);
    for (name, setting) in properties(schema) {
        let path = format!("{prefix}{name}");
        let doc = setting.get("description").and_then(Value::as_str).unwrap_or_default();
        let doc = format!("{doc}{}", choice_docs(&setting));
        let default = match setting.get("default") {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            None | Some(Value::Null) => "none".to_owned(),
            Some(default) => format!("`{}`", in_toml(default)),
        };
        _ = writeln!(
            rows,
            "| `{path}` | {} | {default} | {} |",
            cell(&type_name(&setting)),
            cell(&doc)
        );
        add_rows(&setting, &format!("{path}."), rows);
        if let Some(items) = items(&setting) {
            add_rows(items, &format!("{path}[]."), rows);
        }
    }
}

/// The type, in words for an operator.
fn type_name(schema: &Value) -> String {
    let format = alternatives(schema).find_map(|schema| schema.get("format")?.as_str());
    match format {
        Some("url-prefix") => return "URL prefix".to_owned(),
        Some("byte-size") => return "size".to_owned(),
        Some("time") => return "time".to_owned(),
        Some("password") => return "secret text".to_owned(),
        _ => {}
    }
    let choices: Vec<String> = choices(schema)
        .map(|(value, _)| format!("`{}`", in_toml(value)))
        .collect();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    if allows(schema, "array") {
        return items(schema).map_or("list".to_owned(), |items| format!("list of {}", type_name(items)));
    }
    if allows(schema, "object") {
        return free_values(schema).map_or("table".to_owned(), |values| format!("table of {}", type_name(values)));
    }
    let simple = [
        ("string", "text"),
        ("integer", "whole number"),
        ("number", "number"),
        ("boolean", "`true` or `false`"),
    ];
    simple
        .iter()
        .find(|(kind, _)| allows(schema, kind))
        .map_or("any", |(_, words)| words)
        .to_owned()
}

/// The values of an enumeration, each with its meaning.
fn choices(schema: &Value) -> impl Iterator<Item = (&Value, Option<&str>)> {
    alternatives(schema).flat_map(|schema| {
        let listed = schema
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|value| (value, None));
        let doc = schema.get("description").and_then(Value::as_str);
        listed
            .filter(|(value, _)| !value.is_null())
            .chain(schema.get("const").map(|value| (value, doc)))
    })
}

fn choice_docs(schema: &Value) -> String {
    let documented = choices(schema).filter_map(|(value, doc)| Some((in_toml(value), doc?)));
    documented.fold(String::new(), |text, (value, doc)| format!("{text} `{value}`: {doc}"))
}

/// A default as it would stand in the file.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(in_toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) if table.is_empty() => "{}".to_owned(),
        Value::Object(table) => {
            let pairs: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", in_toml(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn row_has_type_default_and_meaning() {
        let check = |setting: Value, expected: &str| {
            let table = of(&json!({ "properties": { "a": setting }, "required": ["b"] }));
            assert_eq!(table.lines().nth(2), Some(expected));
        };
        check(
            json!({ "type": "string", "default": "x", "description": "One\ntwo | 3." }),
            "| `a` | text | `\"x\"` | One two \\| 3. |",
        );
        check(
            json!({ "type": ["integer", "null"] }),
            "| `a` | whole number | none |  |",
        );
        check(
            json!({ "type": ["string", "integer"], "format": "byte-size" }),
            "| `a` | size | none |  |",
        );
        check(
            json!({ "type": "array", "items": { "type": "string" }, "default": [] }),
            "| `a` | list of text | `[]` |  |",
        );
        check(
            json!({ "oneOf": [{ "const": "b", "description": "B." }, { "const": "c" }] }),
            "| `a` | `\"b\"` or `\"c\"` | none | `\"b\"`: B. |",
        );
        check(
            json!({ "anyOf": [{ "oneOf": [{ "const": "b", "description": "B." }] }, { "type": "null" }] }),
            "| `a` | `\"b\"` | none | `\"b\"`: B. |",
        );
        check(
            json!({ "type": "object", "additionalProperties": { "type": "boolean" }, "default": { "k": true } }),
            "| `a` | table of `true` or `false` | `{ k = true }` |  |",
        );
    }

    #[test]
    fn required_setting_has_no_default_and_inner_settings_have_rows() {
        let schema = json!({
            "properties": { "a": { "type": "object", "properties": { "b": { "type": "number" } }, "required": ["b"] } },
        });
        assert_eq!(of(&schema).lines().nth(3), Some("| `a.b` | number | required |  |"));
    }
}
