//! `resizer-host check`: reports every problem of a configuration.

use std::path::Path;
use std::sync::Arc;

use resizer_engine::Engine;
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::Resources;

use crate::complaint::{Complaint, read_configuration};
use crate::settings::load;

/// Reports every problem of a configuration. With `connect` the plugins are also started, and reach the stores that
/// their settings name; without it the command touches no network and opens nothing.
pub(super) fn check(path: &Path, connect: bool) -> Result<u8, Complaint> {
    let text = read_configuration(path)?;
    let (metrics, resources) = (Metrics::default(), Arc::new(Resources::default()));
    let (loaded, mut problems) = load(path, &text, &resources, &metrics);
    let (loaded, _) = loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))?;
    let plugins = loaded.file.entries().iter().filter(|entry| entry.enabled).count();
    if connect {
        let engine = Engine::new(&loaded.server, metrics, resources).map_err(Complaint::new)?;
        let found = engine.runtime().block_on(async {
            match engine.start(loaded).await {
                Ok(site) => engine.connect(&site).await,
                Err(problems) => problems,
            }
        });
        problems.0.extend(found.0);
    }
    if problems.has_errors() {
        return Err(Complaint::report(problems.render(path, &text)));
    }
    let noun = if plugins == 1 { "plugin" } else { "plugins" };
    let summary = if problems.is_empty() {
        "no problems"
    } else {
        "no errors"
    };
    crate::print(&format!(
        "{}{}: {summary}, {plugins} {noun}\n",
        problems.render(path, &text),
        path.display()
    ))
}
