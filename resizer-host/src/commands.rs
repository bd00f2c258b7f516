//! Commands: runs the one that the command line names. `serve` has a file of its own outside of this folder.

mod check;
mod explain;
mod layout;
mod manual;
mod process;
mod purge;
mod url;

use std::path::Path;

use resizer_engine::Loaded;
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::{Registration, Resources};

use crate::cli::Command;
use crate::complaint::{Complaint, read_configuration};
use crate::serve;
use crate::settings::{self, ServerSettings};

/// Runs a command; the answer is the exit code of the process.
pub(crate) fn run(command: Command) -> Result<u8, Complaint> {
    match command {
        Command::Serve(config) => serve::serve(&config.path()),
        Command::Check { config, connect } => check::check(&config.path(), connect),
        Command::Plan(config) => plan(&config.path()),
        Command::Explain(arguments) => explain::explain(arguments),
        Command::Purge(purge) => purge::purge(purge),
        Command::Plugins => plugins(),
        Command::Docs { folder } => docs(&folder),
        Command::Layout { source, query, .. } => match (source, query) {
            (Some(source), Some(query)) => layout::one(source, &query),
            _ => layout::batch(),
        },
        Command::Process { input, query, output } => process::process(&input, &query, &output),
        Command::Url(arguments) => url::url(*arguments),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man => manual::man(),
    }
}

/// Prints which plugin does what, in the order of a request's life.
fn plan(path: &Path) -> Result<u8, Complaint> {
    crate::print(&resizer_engine::plan(&loaded(path)?.0))
}

/// Prints the plugins in this binary.
fn plugins() -> Result<u8, Complaint> {
    let lines: String = Registration::linked()
        .iter()
        .map(|plugin| format!("{}\n", plugin.name))
        .collect();
    crate::print(&lines)
}

/// Writes the reference pages of the plugins in this binary.
#[expect(clippy::disallowed_methods, reason = "a command line tool blocks no request")]
fn docs(folder: &Path) -> Result<u8, Complaint> {
    for page in resizer_engine::docs::pages::<ServerSettings>() {
        let path = folder.join(&page.path);
        let written = match path.parent() {
            Some(parent) => std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, page.text)),
            None => std::fs::write(&path, page.text),
        };
        written.map_err(|error| Complaint::new(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(0)
}

/// A configuration, and the host's settings in it.
fn loaded(path: &Path) -> Result<(Loaded, ServerSettings), Complaint> {
    let text = read_configuration(path)?;
    let (loaded, problems) = settings::load(path, &text, &Resources::default(), &Metrics::default());
    loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))
}
