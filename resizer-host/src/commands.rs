//! The commands that look at a configuration or at the binary itself, and serve nothing: check, plan, plugins, docs.

use std::path::Path;
use std::sync::Arc;

use resizer_engine::{Engine, Environment, Loaded, Problems, ServerSettings};
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::{Registration, Resources};

use crate::complaint::{Complaint, read_configuration};
use crate::linked::KNOWN_PLUGINS;

/// Reports every problem of a configuration. Touches no network and opens nothing, unless `connect`: then the plugins are
/// also started and told to reach what their settings point at.
pub(crate) fn check(path: &Path, connect: bool) -> Result<u8, Complaint> {
    let text = read_configuration(path)?;
    let (metrics, resources) = (Metrics::default(), Arc::new(Resources::default()));
    let (loaded, mut problems) = load(path, &text, &resources, &metrics);
    let loaded = loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))?;
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

/// Prints which plugin does what, in the order of a request's life.
pub(crate) fn plan(path: &Path) -> Result<u8, Complaint> {
    let text = read_configuration(path)?;
    let (loaded, problems) = load(path, &text, &Resources::default(), &Metrics::default());
    let loaded = loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))?;
    crate::print(&resizer_engine::plan(&loaded))
}

/// The settings of the server in a configuration.
pub(crate) fn settings(path: &Path) -> Result<ServerSettings, Complaint> {
    let text = read_configuration(path)?;
    let (loaded, problems) = load(path, &text, &Resources::default(), &Metrics::default());
    let loaded = loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))?;
    Ok(loaded.server)
}

/// Prints the plugins in this binary.
pub(crate) fn plugins() -> Result<u8, Complaint> {
    let lines: String = Registration::linked()
        .iter()
        .map(|plugin| format!("{}\n", plugin.name))
        .collect();
    crate::print(&lines)
}

/// Writes the reference pages of the plugins in this binary.
#[expect(
    clippy::disallowed_methods,
    reason = "a command line tool, with nobody waiting for a worker"
)]
pub(crate) fn docs(folder: &Path) -> Result<u8, Complaint> {
    for page in resizer_engine::docs::pages() {
        let path = folder.join(&page.path);
        let written = match path.parent() {
            Some(parent) => std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, page.text)),
            None => std::fs::write(&path, page.text),
        };
        written.map_err(|error| Complaint::new(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(0)
}

fn load(path: &Path, text: &str, resources: &Resources, metrics: &Metrics) -> (Option<Loaded>, Problems) {
    resizer_engine::load(path, text, &Environment::process(), KNOWN_PLUGINS, resources, metrics)
}
