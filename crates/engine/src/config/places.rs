//! Positions of settings: where each setting of a table is in the file, by its dotted path (`auth.user`,
//! `rules[1].from`).

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The settings of a table in the order of the file's paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Vec<Setting>);

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Its dotted path.
    pub(crate) path: String,
    /// The bytes of its key.
    pub(crate) key: Range<usize>,
    /// The bytes of its value.
    pub(crate) value: Range<usize>,
}

impl Setting {
    /// The last part of its path that is a name.
    pub(crate) fn name(&self) -> &str {
        let last = self.path.rsplit('.').next().unwrap_or(&self.path);
        last.split('[').next().unwrap_or(last)
    }
}

impl Places {
    pub(crate) fn of(table: &DeTable<'_>) -> Self {
        let mut places = Vec::new();
        collect(table, "", &mut places);
        Self(places)
    }

    /// The setting with this path.
    pub(crate) fn get(&self, path: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.path == path)
    }

    /// The innermost setting whose key or value contains these bytes.
    pub(crate) fn at(&self, span: &Range<usize>) -> Option<&Setting> {
        let holds = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
        let holding = self
            .0
            .iter()
            .filter(|setting| holds(&setting.key) || holds(&setting.value));
        holding.min_by_key(|setting| {
            if holds(&setting.key) {
                setting.key.len()
            } else {
                setting.value.len()
            }
        })
    }
}

fn collect(table: &DeTable<'_>, prefix: &str, places: &mut Vec<Setting>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        collect_value(value.get_ref(), &path, places, &key.span());
        places.push(Setting {
            path,
            key: key.span(),
            value: value.span(),
        });
    }
}

fn collect_value(value: &DeValue<'_>, path: &str, places: &mut Vec<Setting>, key: &Range<usize>) {
    match value {
        DeValue::Table(table) => collect(table, &format!("{path}."), places),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                collect_value(item.get_ref(), &path, places, key);
                places.push(Setting {
                    path,
                    key: key.clone(),
                    value: item.span(),
                });
            }
        }
        _ => {}
    }
}
