//! Plan, the table that `resizer-host plan` prints: which plugin acts at which event, in the order of a request's life.

use std::fmt::Write as _;

use resizer_plugin_api::engine::{Given, HookTable};

use crate::config::Loaded;

/// The plan of a configuration: a line for each event and service, with its plugins in file order.
#[must_use]
pub fn plan(loaded: &Loaded) -> String {
    plan_of(&loaded.table)
}

/// The plan of a table of hooks.
pub(crate) fn plan_of(table: &HookTable) -> String {
    let sources = table
        .sources
        .iter()
        .map(|source| format!("{} at {}", source.plugin, source.value.prefix));
    let rows = [
        ("on_start", names(&table.on_start)),
        ("on_request", names(&table.on_request)),
        ("on_rewrite", names(&table.on_rewrite)),
        ("on_rewrite_defaults", names(&table.on_rewrite_defaults)),
        ("on_post_rewrite", names(&table.on_post_rewrite)),
        ("authorizers", names(&table.authorizers)),
        ("sources", sources.collect()),
        ("on_image_missing", names(&table.on_image_missing)),
        ("on_pre_handle", names(&table.on_pre_handle)),
        ("result caches", names(&table.result_caches)),
        ("source caches", names(&table.source_caches)),
        ("layer caches", names(&table.layer_caches)),
        ("on_response", names(&table.on_response)),
        ("on_connect", names(&table.on_connect)),
        ("on_stop", names(&table.on_stop)),
    ];
    let mut text = String::new();
    for (row, plugins) in rows {
        let plugins = if plugins.is_empty() {
            "-".to_owned()
        } else {
            plugins.join(", ")
        };
        let _ = writeln!(text, "{row:<20} {plugins}");
    }
    text
}

fn names<T>(given: &[Given<T>]) -> Vec<String> {
    given.iter().map(|given| given.plugin.to_owned()).collect()
}
