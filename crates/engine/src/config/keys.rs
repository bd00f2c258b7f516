//! Unknown keys: compares a table with its schema, reports every unknown key with the nearest known one, and removes
//! it, so that later steps do not report it again.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::explain::Section;
use super::nearest::nearest;
use super::schema;
use crate::diagnostic::Problem;

/// Removes the unknown keys from the table and from tables within. Adds to `meant` the names that they probably
/// misspell.
pub(crate) fn take_unknown(
    table: &mut DeTable<'_>,
    schema: &Value,
    section: &Section,
    problems: &mut Vec<Problem>,
    meant: &mut Vec<String>,
) {
    take(table, schema, "", section, problems, meant);
}

fn take(
    table: &mut DeTable<'_>,
    schema: &Value,
    path: &str,
    section: &Section,
    problems: &mut Vec<Problem>,
    meant: &mut Vec<String>,
) {
    let properties = schema::properties(schema);
    let free = schema::free_values(schema);
    if properties.is_empty() && free.is_none() && schema.get("additionalProperties").is_none() {
        // The schema names no keys. The reader of the table checks them.
        return;
    }
    let mut unknown = Vec::new();
    for (key, value) in table.iter_mut() {
        let name = key.get_ref().as_ref();
        match properties.get(name).or(free) {
            Some(known) => within(value, known, &format!("{path}{name}"), section, problems, meant),
            None => unknown.push((name.to_owned(), key.span())),
        }
    }
    for (name, span) in unknown {
        table.remove(name.as_str());
        meant.extend(nearest(&name, properties.keys().map(String::as_str)).map(|near| format!("{path}{near}")));
        problems.push(section.unknown(&format!("{path}{name}"), span, properties.keys().map(String::as_str)));
    }
}

fn within(
    value: &mut Spanned<DeValue<'_>>,
    schema: &Value,
    path: &str,
    section: &Section,
    problems: &mut Vec<Problem>,
    meant: &mut Vec<String>,
) {
    match value.get_mut() {
        DeValue::Table(table) => take(table, schema, &format!("{path}."), section, problems, meant),
        DeValue::Array(list) => {
            let Some(items) = schema::items(schema) else { return };
            for (index, item) in list.iter_mut().enumerate() {
                within(item, items, &format!("{path}[{index}]"), section, problems, meant);
            }
        }
        _ => {}
    }
}
