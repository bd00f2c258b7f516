//! Editor schema: one JSON schema for the whole of `plugins.toml`. It is draft 7 and without references, as the TOML
//! extensions of editors understand it. Each plugin is one alternative of a `oneOf`, distinguished by its `name`.
//! Completion follows `oneOf`, and would not follow `if` and `then`.

use resizer_plugin_api::engine::Registration;
use serde_json::{Map, Value, json};

/// The schema as text.
pub(super) fn schema(server: &Value, plugins: &[(&Registration, Value)]) -> String {
    let mut server = server.clone();
    for_editors(&mut server);
    let entries: Vec<Value> = plugins.iter().map(|(plugin, schema)| entry(plugin, schema)).collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "plugins.toml",
        "type": "object",
        "properties": {
            "server": server,
            "plugin": { "type": "array", "items": { "oneOf": entries } },
        },
        "additionalProperties": false,
    });
    // `{:#}` is serde_json's pretty form; a `Value` cannot fail to print.
    format!("{schema:#}\n")
}

fn entry(plugin: &Registration, schema: &Value) -> Value {
    let mut entry = schema.clone();
    for_editors(&mut entry);
    let mut properties = Map::new();
    properties.insert(
        "name".to_owned(),
        json!({ "const": plugin.name, "description": plugin.summary }),
    );
    let enabled = json!({ "type": "boolean", "default": true, "description": "Whether the entry is used." });
    properties.insert("enabled".to_owned(), enabled);
    properties.extend(
        entry
            .get("properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
    );
    let mut required = vec![json!("name")];
    required.extend(
        entry
            .get("required")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
    );
    if let Some(object) = entry.as_object_mut() {
        object.insert("title".to_owned(), json!(plugin.name));
        object.insert("description".to_owned(), json!(plugin.summary));
        object.insert("properties".to_owned(), properties.into());
        object.insert("required".to_owned(), required.into());
    }
    entry
}

/// A number or a boolean may also be a string with `${…}` in it. Formats are left out, because ours name a notation: a
/// `time` is `"30s"`. An editor would check the standard's formats of the same names.
fn for_editors(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("format").is_some_and(Value::is_string) {
                object.shift_remove("format");
            }
            let kind = object.get("type").and_then(Value::as_str).map(str::to_owned);
            if let Some(kind) = kind.filter(|kind| ["integer", "number", "boolean"].contains(&kind.as_str())) {
                object.insert("type".to_owned(), json!([kind, "string"]));
                object.insert("pattern".to_owned(), json!("\\$\\{"));
            }
            object.values_mut().for_each(for_editors);
        }
        Value::Array(items) => items.iter_mut().for_each(for_editors),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editor_schema_accepts_a_configuration_of_the_server() {
        let check = |mut setting: Value, expected: Value| {
            for_editors(&mut setting);
            assert_eq!(setting, expected);
        };
        check(
            json!({ "type": ["string", "number"], "format": "time" }),
            json!({ "type": ["string", "number"] }),
        );
        check(
            json!({ "properties": { "format": { "type": "integer", "format": "uint8" } } }),
            json!({ "properties": { "format": { "type": ["integer", "string"], "pattern": "\\$\\{" } } }),
        );
    }
}
