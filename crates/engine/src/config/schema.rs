//! JSON schemas: the keys that a table may have, the types of a value, and whether it is a secret. The loader checks
//! the file with them, and `docs.rs` renders the pages.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

/// Deepest nesting that is inlined. A recursive settings type would be inlined without end.
const DEEPEST: usize = 16;

/// The schema without `$ref`: every definition is inlined.
pub(crate) fn inlined(schema: schemars::Schema) -> Value {
    let mut schema = Value::from(schema);
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    if let Value::Object(object) = &mut schema {
        object.remove("$defs");
        object.remove("$schema");
    }
    inline(&mut schema, &definitions, DEEPEST);
    schema
}

fn inline(schema: &mut Value, definitions: &Value, depth: usize) {
    match schema {
        Value::Object(object) => {
            let reference = object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.strip_prefix("#/$defs/"));
            let definition = reference
                .and_then(|name| definitions.get(name))
                .and_then(Value::as_object)
                .cloned();
            if let Some(definition) = definition.filter(|_| depth > 0) {
                object.remove("$ref");
                // The doc and the default of the field are more specific than those of its type.
                let own = std::mem::replace(object, definition);
                object.extend(own);
                return inline(schema, definitions, depth - 1);
            }
            object.values_mut().for_each(|value| inline(value, definitions, depth));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, definitions, depth)),
        _ => {}
    }
}

/// The schema and, recursively, its alternatives.
pub(crate) fn alternatives(schema: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    let choices = ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .filter_map(|kind| schema.get(kind)?.as_array())
        .flatten();
    Box::new(std::iter::once(schema).chain(choices.flat_map(alternatives)))
}

/// The keys a table of this schema may have, with their schemas; empty where any key is allowed.
pub(crate) fn properties(schema: &Value) -> Map<String, Value> {
    let mut all = Map::new();
    for properties in alternatives(schema).filter_map(|schema| schema.get("properties")?.as_object()) {
        all.extend(properties.clone());
    }
    all
}

/// The schema of the values of a table with free keys.
pub(crate) fn free_values(schema: &Value) -> Option<&Value> {
    alternatives(schema)
        .find_map(|schema| schema.get("additionalProperties"))
        .filter(|values| **values != Value::Bool(false))
}

/// The schema of a list's items.
pub(crate) fn items(schema: &Value) -> Option<&Value> {
    alternatives(schema).find_map(|schema| schema.get("items"))
}

/// The keys a table of this schema must have.
pub(crate) fn required(schema: &Value) -> Vec<&str> {
    let list = schema.get("required").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether the value must never be shown.
pub(crate) fn is_secret(schema: &Value) -> bool {
    alternatives(schema).any(|schema| schema.get("writeOnly") == Some(&Value::Bool(true)))
}

/// Whether the value may be of this JSON type.
pub(crate) fn allows(schema: &Value, kind: &str) -> bool {
    alternatives(schema).any(|schema| match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => schema
            .get("const")
            .is_some_and(|value| value.is_string() && kind == "string"),
    })
}

/// The value of a text from outside of the file where the schema wants no text: a number, a boolean, a list or a table
/// in TOML's notation; a list may also be `a,b,c`. `None` means that it stays a text. Positions within count in this
/// text.
pub(crate) fn coerced<'t>(text: &'t str, schema: &Value) -> Option<DeValue<'t>> {
    if allows(schema, "string") {
        return None;
    }
    let fits = |value: &DeValue<'_>| match value {
        DeValue::Boolean(_) => allows(schema, "boolean"),
        DeValue::Integer(_) => allows(schema, "integer") || allows(schema, "number"),
        DeValue::Float(_) => allows(schema, "number"),
        DeValue::Array(_) => allows(schema, "array"),
        DeValue::Table(_) => allows(schema, "object"),
        DeValue::String(_) | DeValue::Datetime(_) => false,
    };
    let parsed = DeValue::parse(text.trim()).ok().map(Spanned::into_inner).filter(fits);
    if parsed.is_some() || !allows(schema, "array") {
        return parsed;
    }
    let mut end = 0;
    let values = text.split(',').filter_map(|part| {
        let start = end;
        end += part.len() + 1;
        let item = part.trim();
        let value = || {
            items(schema)
                .and_then(|schema| coerced(item, schema))
                .unwrap_or(DeValue::String(item.into()))
        };
        (!item.is_empty()).then(|| Spanned::new(start..start + part.len(), value()))
    });
    Some(DeValue::Array(values.collect()))
}

/// The value with one position in the file for everything in it.
pub(crate) fn placed<'t>(value: DeValue<'t>, span: &Range<usize>) -> DeValue<'t> {
    let at = |value: Spanned<DeValue<'t>>| Spanned::new(span.clone(), placed(value.into_inner(), span));
    match value {
        DeValue::Array(items) => DeValue::Array(items.into_iter().map(at).collect()),
        DeValue::Table(table) => {
            let pairs = table
                .into_iter()
                .map(|(key, value)| (Spanned::new(span.clone(), key.into_inner()), at(value)));
            DeValue::Table(pairs.collect())
        }
        single => single,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_coerced_to_the_type_of_the_schema() {
        let check = |text: &str, kind: &str, expected: Option<&str>| {
            let found = coerced(text, &json!({ "type": kind }));
            assert_eq!(found.as_ref().map(DeValue::type_str), expected, "{text} as {kind}");
        };
        check("5", "integer", Some("integer"));
        check("5", "number", Some("integer"));
        check("5", "string", None);
        check("true", "boolean", Some("boolean"));
        check("yes", "boolean", None);
        check("1.5", "integer", None);
        check("a, b", "array", Some("array"));
        check("[\"a\", \"b\"]", "array", Some("array"));
        check("{ a = \"b\" }", "object", Some("table"));
        check("a", "object", None);
    }

    #[test]
    fn definitions_are_inlined_and_the_description_of_the_field_wins() {
        let schema = schemars::json_schema!({
            "properties": { "a": { "$ref": "#/$defs/T", "description": "field" } },
            "$defs": { "T": { "type": "string", "description": "type" } }
        });
        assert_eq!(
            inlined(schema),
            json!({ "properties": { "a": { "type": "string", "description": "field" } } })
        );
    }
}
