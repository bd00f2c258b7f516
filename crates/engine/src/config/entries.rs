//! `[[plugin]]` entries: finds the plugin of each entry, reads its settings and installs it.

use std::ops::Range;

use resizer_plugin_api::engine::{HookTable, Registration, Resources};
use resizer_plugin_api::{Hooks, Metrics};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::explain::{Owner, Section, kind};
use super::file::EntryName;
use super::interpolate;
use super::nearest::nearest;
use super::schema;
use super::settings::{Settings, Surroundings, soften};
use super::syntax::Parsed;
use crate::diagnostic::Problem;

/// The entries read so far, and the inputs for reading the next.
pub(crate) struct Entries<'a> {
    surroundings: Surroundings<'a>,
    linked: &'a [&'static Registration],
    known: &'a [&'static str],
    resources: &'a Resources,
    metrics: &'a Metrics,
    pub(crate) names: Vec<EntryName>,
    pub(crate) sections: Vec<Section>,
    pub(crate) table: HookTable,
    /// Numbers of the entries with a problem.
    failed: Vec<usize>,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(
        surroundings: Surroundings<'a>,
        linked: &'a [&'static Registration],
        known: &'a [&'static str],
        resources: &'a Resources,
        metrics: &'a Metrics,
    ) -> Self {
        let (names, sections, failed) = Default::default();
        let table = HookTable::default();
        Self {
            surroundings,
            linked,
            known,
            resources,
            metrics,
            names,
            sections,
            table,
            failed,
        }
    }

    /// Reads the next entry of the file.
    pub(crate) fn read(&mut self, entry: Spanned<DeTable<'a>>, parsed: &Parsed<'_>, problems: &mut Vec<Problem>) {
        let header = entry.span();
        let line = self.surroundings.text[..header.start].matches('\n').count() + 1;
        self.names.push(EntryName {
            name: String::new(),
            enabled: true,
            line,
        });
        self.sections
            .push(Section::empty(Owner::Plugin(String::new()), header.clone()));
        if !parsed.is_sound(&header) {
            // The syntax error is reported already. Problems of the rest of the entry would mislead.
            return;
        }
        let mut found = Vec::new();
        self.read_sound(entry, &mut found);
        let number = self.names.len() - 1;
        if !self.names[number].enabled {
            soften(&mut found);
        }
        if !found.is_empty() {
            self.failed.push(number);
        }
        problems.append(&mut found);
    }

    fn read_sound(&mut self, mut entry: Spanned<DeTable<'a>>, problems: &mut Vec<Problem>) {
        let number = self.names.len() - 1;
        let header = entry.span();
        let name = take_name(entry.get_mut(), &header, problems);
        let enabled = self.take_enabled(entry.get_mut(), problems);
        self.names[number].enabled = enabled;
        let plugin = name
            .as_ref()
            .and_then(|(name, _)| self.linked.iter().find(|plugin| plugin.name == name));
        let schema = plugin.map(|plugin| schema::inlined((plugin.schema)()));
        let text = name.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
        self.names[number].name.clone_from(&text);
        let mut settings = Settings::new(Owner::Plugin(text), entry, schema.as_ref());
        if let (Some(plugin), Some(schema)) = (plugin, &schema) {
            if enabled {
                settings.interpolate(&self.surroundings, schema, problems);
            }
            settings.take_unknown(schema, problems);
            if enabled {
                settings.report_missing(schema, problems);
                self.install(plugin, number, &mut settings, problems);
            }
        } else if let Some((name, span)) = name {
            problems.extend(self.not_linked(&name, span, enabled));
        }
        self.sections[number] = settings.section;
    }

    fn install(
        &mut self,
        plugin: &'static Registration,
        number: usize,
        settings: &mut Settings<'_>,
        problems: &mut Vec<Problem>,
    ) {
        let (resources, metrics, table) = (self.resources, self.metrics, &mut self.table);
        // A failed entry leaves its hooks in the table, which is then dropped as a whole.
        let install = |settings| {
            (plugin.install)(
                settings,
                &mut Hooks::new(plugin.name, number, table, resources, metrics),
            )
        };
        settings.read(install, problems);
    }

    fn not_linked(&self, name: &str, span: Range<usize>, enabled: bool) -> Option<Problem> {
        if self.known.contains(&name) {
            let message = format!("plugin `{name}` exists, but this build was made without it");
            let help = format!("build it in: `cargo xtask run`, or `cargo run --release --features {name}`");
            return enabled.then(|| {
                Problem::error(span, message)
                    .help(help)
                    .docs(Owner::Plugin(name.to_owned()).docs())
            });
        }
        let all = self
            .known
            .iter()
            .copied()
            .chain(self.linked.iter().map(|plugin| plugin.name));
        let help = match nearest(name, all) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`resizer-host plugins` lists all".to_owned(),
        };
        Some(Problem::error(span, format!("there is no plugin `{name}`")).help(help))
    }

    fn take_enabled(&self, entry: &mut DeTable<'_>, problems: &mut Vec<Problem>) -> bool {
        let Some(value) = entry.remove("enabled") else {
            return true;
        };
        let span = value.span();
        let wrong = |found: &str| {
            let message = format!("wrong type for `enabled`: expected `true` or `false`, found {found}");
            Problem::error(span.clone(), message)
        };
        match value.into_inner() {
            DeValue::Boolean(enabled) => enabled,
            DeValue::String(text) => {
                let (text, faults) =
                    interpolate::expand(&text, self.surroundings.environment, self.surroundings.folder);
                let faults: Vec<_> = faults
                    .into_iter()
                    .map(|f| Problem::error(span.clone(), f.message).help(f.help))
                    .collect();
                match text.as_str() {
                    "true" => return true,
                    "false" => return false,
                    _ if faults.is_empty() => problems.push(wrong("a string")),
                    _ => problems.extend(faults),
                }
                true
            }
            other => {
                problems.push(wrong(kind(&other)));
                true
            }
        }
    }

    /// Reports conflicts between entries.
    pub(crate) fn check_together(&self, problems: &mut Vec<Problem>) {
        let sound: Vec<_> = self
            .table
            .sources
            .iter()
            .filter(|source| !self.failed.contains(&source.entry))
            .collect();
        let place = |number: usize| {
            let section = &self.sections[number];
            section
                .places
                .get("prefix")
                .map_or(&section.header, |setting| &setting.value)
                .clone()
        };
        for (index, second) in sound.iter().enumerate() {
            let prefix = &second.value.prefix;
            let Some(first) = sound[..index].iter().find(|first| first.value.prefix == *prefix) else {
                continue;
            };
            let message = format!(
                "two sources have the prefix `{prefix}`: `{}` and `{}`",
                first.plugin, second.plugin
            );
            let problem = Problem::error(place(second.entry), self.sections[second.entry].hidden.mask(&message));
            let problem = problem
                .help("give each a prefix of its own")
                .related(place(first.entry), "the first is here");
            problems.push(problem.docs(self.sections[second.entry].owner.docs()));
        }
    }
}

fn take_name(
    entry: &mut DeTable<'_>,
    header: &Range<usize>,
    problems: &mut Vec<Problem>,
) -> Option<(String, Range<usize>)> {
    let Some(value) = entry.remove("name") else {
        let near = entry.keys().find(|key| nearest(key.get_ref(), ["name"]).is_some());
        let problem = match near {
            Some(key) => Problem::error(key.span(), "this `[[plugin]]` has no `name`").help("did you mean `name`?"),
            None => Problem::error(header.clone(), "this `[[plugin]]` has no `name`").help("add `name = \"…\"`"),
        };
        problems.push(problem);
        return None;
    };
    let span = value.span();
    match value.into_inner() {
        DeValue::String(name) => Some((name.into_owned(), span)),
        other => {
            let message = format!("wrong type for `name`: expected a string, found {}", kind(&other));
            problems.push(Problem::error(span, message).help("a text stands in quotes"));
            None
        }
    }
}
