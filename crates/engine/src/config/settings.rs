//! Settings table: reads the table of the server or of a plugin into its type, and reports all its problems where serde
//! stops at the first.

use std::ops::Range;
use std::path::Path;

use resizer_plugin_api::InstallError;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::environment::Environment;
use super::explain::{Owner, Section};
use super::interpolate::{self, Expansions};
use super::keys;
use super::places::Places;
use super::schema;
use super::secrets::{Hidden, Secrecy, each_leaf};
use crate::diagnostic::{Problem, Severity};

/// The inputs of interpolation.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'i> {
    /// The file.
    pub(crate) text: &'i str,
    /// Its folder.
    pub(crate) folder: &'i Path,
    pub(crate) environment: &'i Environment,
    pub(crate) expansions: &'i Expansions,
}

/// A table of settings that is being read.
pub(crate) struct Settings<'i> {
    pub(crate) section: Section,
    table: DeTable<'i>,
    /// Names of settings whose problem is reported.
    settled: Vec<String>,
    /// Positions of values that cannot be used.
    broken: Vec<Range<usize>>,
}

impl<'i> Settings<'i> {
    /// The table, with its secrets collected.
    pub(crate) fn new(owner: Owner, table: Spanned<DeTable<'i>>, schema: Option<&Value>) -> Self {
        let header = table.span();
        let mut table = table.into_inner();
        let places = Places::of(&table);
        let mut hidden = Hidden::default();
        each_leaf(&mut table, schema, Secrecy::Shown, &mut |leaf| {
            if leaf.secrecy == Secrecy::Shown {
                return;
            }
            let span = leaf.value.span();
            hidden.ends.push(span.end);
            let is_elsewhere = leaf.value.get_ref().as_str().is_some_and(interpolate::is_reference);
            if !is_elsewhere {
                hidden.spans.push(span);
                let is_secret = leaf.secrecy == Secrecy::Secret;
                hidden.values.extend(is_secret.then(|| text_of(leaf.value.get_ref())));
            }
        });
        Self {
            section: Section {
                owner,
                header,
                places,
                hidden,
            },
            table,
            settled: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Replaces every `${…}`. A reference that cannot be replaced is reported, and its setting removed.
    pub(crate) fn interpolate(&mut self, surroundings: &Surroundings<'i>, schema: &Value, problems: &mut Vec<Problem>) {
        let Surroundings {
            text,
            environment,
            folder,
            expansions,
        } = surroundings;
        let Self {
            section,
            table,
            settled,
            broken,
        } = self;
        each_leaf(table, Some(schema), Secrecy::Shown, &mut |leaf| {
            let DeValue::String(written) = leaf.value.get_ref() else {
                return;
            };
            if !written.contains("${") {
                return;
            }
            let (expanded, faults) = interpolate::expand(written, environment, folder);
            let span = leaf.value.span();
            let mut from = span.start;
            for fault in faults {
                // A string with escapes differs from the text of the file. The whole value is then underlined.
                let found = text.get(from..span.end).and_then(|rest| rest.find(&fault.written));
                let place = found.map_or(span.clone(), |at| from + at..from + at + fault.written.len());
                from = if found.is_some() { place.end } else { from };
                problems.push(
                    Problem::error(place, fault.message)
                        .help(fault.help)
                        .docs("docs/server.md"),
                );
                broken.push(span.clone());
                settled.extend(section.places.at(&span).map(|setting| setting.name().to_owned()));
            }
            let expanded = expansions.keep(expanded);
            section.hidden.values.push(expanded.to_owned());
            let coerced = leaf.schema.and_then(|schema| schema::coerced(expanded, schema));
            *leaf.value.get_mut() = coerced.map_or_else(
                || DeValue::String(expanded.into()),
                |value| schema::placed(value, &span),
            );
        });
    }

    /// Reports every unknown key, and removes it.
    pub(crate) fn take_unknown(&mut self, schema: &Value, problems: &mut Vec<Problem>) {
        keys::take_unknown(&mut self.table, schema, &self.section, problems, &mut self.settled);
    }

    /// Reports every required setting that is missing.
    pub(crate) fn report_missing(&mut self, schema: &Value, problems: &mut Vec<Problem>) {
        for name in schema::required(schema) {
            if !self.table.contains_key(name) && !self.settled.iter().any(|settled| settled == name) {
                problems.push(self.section.missing(name));
                self.settled.push(name.to_owned());
            }
        }
    }

    /// Reads the table into a type. A wrong setting is reported and removed, and the table is read again, so that all
    /// wrong settings are found. Problems that only follow from a removal are not reported.
    pub(crate) fn read<T>(
        &mut self,
        mut make: impl FnMut(Spanned<DeTable<'i>>) -> Result<T, InstallError>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        for span in &self.broken {
            remove_at(&mut self.table, span);
        }
        loop {
            let error = match make(Spanned::new(self.section.header.clone(), self.table.clone())) {
                Ok(made) => return Some(made),
                Err(error) => error,
            };
            let explained = self.section.explain(&error);
            if !matches!(error, InstallError::Shape(_)) {
                // `install` ran on the rest of the table. Its error is about the file only if nothing was removed.
                problems.extend((self.settled.is_empty() && self.broken.is_empty()).then_some(explained.problem));
                return None;
            }
            let is_consequence = explained
                .missing
                .as_ref()
                .is_some_and(|name| self.settled.contains(name));
            let setting = explained
                .setting
                .map(|setting| (setting.name().to_owned(), setting.value.clone()));
            problems.extend((!is_consequence).then_some(explained.problem));
            let (name, span) = setting?;
            if !remove_at(&mut self.table, &span) {
                return None;
            }
            self.settled.push(name);
        }
    }

    /// The text of a value, if it is there and is one value.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.table.get(name).map(|value| text_of(value.get_ref()))
    }

    /// Replaces the value of the file.
    pub(crate) fn insert(&mut self, name: &'i str, value: DeValue<'i>) {
        self.table.remove(name);
        self.table
            .insert(Spanned::new(0..0, name.into()), Spanned::new(0..0, value));
    }
}

/// Turns errors into warnings, for an entry that is not used.
pub(crate) fn soften(problems: &mut [Problem]) {
    problems
        .iter_mut()
        .for_each(|problem| problem.severity = Severity::Warning);
}

/// Removes the innermost setting or list item at this position, and returns whether there was one. Innermost, because a
/// list of `[[tables]]` has the position of its first.
fn remove_at(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    if table.iter_mut().any(|(_, value)| remove_within(value, span)) {
        return true;
    }
    let here = table
        .iter()
        .find(|(_, value)| value.span() == *span)
        .map(|(key, _)| key.get_ref().to_string());
    here.is_some_and(|key| table.remove(key.as_str()).is_some())
}

fn remove_within(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => remove_at(table, span),
        DeValue::Array(list) => {
            let count = list.len();
            let found = list.iter_mut().any(|item| remove_within(item, span));
            if !found {
                let others = std::mem::replace(list, DeArray::new())
                    .into_iter()
                    .filter(|item| item.span() != *span);
                *list = others.collect();
            }
            found || list.len() < count
        }
        _ => false,
    }
}

/// A single value as serde's errors show it.
fn text_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => String::new(),
    }
}
