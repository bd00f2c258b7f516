//! Configuration loader: turns the text of `plugins.toml` into installed plugins and typed settings, or into the list
//! of all its problems. The host calls it at start, at every reload, and for `check` and `plan`.
//!
//! In this order: parse (`syntax`), replace `${…}` inside values (`interpolate`), compare keys with the schema
//! (`keys`), deserialize and install (`settings`, `explain`), then check entries against each other.
//! `diagnostic` renders the problems. Nothing here touches a disk or a network, except for `${file:…}`.

mod entries;
mod environment;
mod explain;
mod file;
mod interpolate;
mod keys;
mod nearest;
mod places;
pub(crate) mod schema;
mod secrets;
mod server;
mod settings;
mod syntax;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::{HookTable, Registration, Resources};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::entries::Entries;
use self::explain::{Owner, Section};
use self::interpolate::Expansions;
use self::nearest::nearest;
use self::settings::{Settings, Surroundings};
use crate::diagnostic::{Place, Problem, Problems};
use crate::memory_limit::default_limit;
use crate::server_settings::EngineSettings;

pub use self::environment::Environment;
pub use self::file::{ConfigFile, EntryName};
pub(crate) use self::server::server_schema;
pub use self::server::{HostSettings, NoHostSettings, SettingFault};

/// One reading of `plugins.toml`, ready to be started.
pub struct Loaded {
    /// The engine's settings of `[server]`, after the environment's overrides.
    pub server: EngineSettings,
    /// The hooks of the enabled plugins.
    pub table: HookTable,
    /// The file, for problems that are found later.
    pub file: ConfigFile,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("server", &self.server)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// [`load_with`] for a program without settings of its own: only the engine's are known in `[server]`.
pub fn load(
    path: &Path,
    text: &str,
    environment: &Environment,
    known_plugins: &[&'static str],
    resources: &Resources,
    metrics: &Metrics,
) -> (Option<Loaded>, Problems) {
    let (loaded, problems) = load_with::<NoHostSettings>(path, text, environment, known_plugins, resources, metrics);
    (loaded.map(|(loaded, _)| loaded), problems)
}

/// Reads `plugins.toml`, whose text this is, with the host's settings `H` beside the engine's in `[server]`. Messages
/// show the path, and `${file:…}` is relative to its folder. `known_plugins` are all plugins of the project, in this
/// build or not.
///
/// The first value is there unless one of the problems is an error. An entry with `enabled = false` is not installed,
/// and its variables need not be set; a misspelt name or key in it is a warning.
pub fn load_with<H: HostSettings>(
    path: &Path,
    text: &str,
    environment: &Environment,
    known_plugins: &[&'static str],
    resources: &Resources,
    metrics: &Metrics,
) -> (Option<(Loaded, H)>, Problems) {
    let linked = Registration::linked();
    let overrides = environment.overrides();
    let expansions = Expansions::default();
    let mut problems = registered_twice(&linked);
    let mut secrets = Vec::new();
    let server_schema = server_schema::<H>();
    let mut names = secrets::Names::default();
    names.add(&server_schema);
    linked
        .iter()
        .for_each(|plugin| names.add(&schema::inlined((plugin.schema)())));

    let mut parsed = syntax::parse(text, &names, &mut problems, &mut secrets);
    secrets.extend(secrets::spans_outside(&mut parsed.root));
    let server = parsed.root.remove("server");
    let plugins = parsed.root.remove("plugin");
    check_top(&parsed, &server_schema, &mut problems);

    let folder = path.parent().unwrap_or(Path::new(""));
    let surroundings = Surroundings {
        text,
        folder,
        environment,
        expansions: &expansions,
    };
    let table = server.and_then(|server| server_table(server, &parsed, &mut problems));
    let table = table.unwrap_or_else(|| Spanned::new(0..0, DeTable::new()));
    let mut settings = Settings::new(Owner::Server, table, Some(&server_schema));
    settings.interpolate(&surroundings, &server_schema, &mut problems);

    let limit = server::memory_limit(&settings, &overrides).unwrap_or_else(default_limit);
    resources.memory().limit_to(limit);
    let mut entries = Entries::new(surroundings, &linked, known_plugins, resources, metrics);
    for entry in plugins
        .map(|plugins| plugin_tables(plugins, &parsed, &mut problems))
        .unwrap_or_default()
    {
        entries.read(entry, &parsed, &mut problems);
    }
    entries.check_together(&mut problems);
    let (server, server_section) = server::read(
        settings,
        &server_schema,
        &overrides,
        &entries.table.query_keys,
        &mut problems,
    );

    let mut ends: Vec<usize> = secrets.iter().map(|span| span.end).collect();
    for section in std::iter::once(&server_section).chain(&entries.sections) {
        secrets.extend_from_slice(&section.hidden.spans);
        ends.extend_from_slice(&section.hidden.ends);
    }
    secrets.extend(secrets::comments_behind(text, ends));
    problems.sort_by_key(Problem::position);
    problems
        .iter_mut()
        .for_each(|problem| problem.secrets.clone_from(&secrets));
    let problems = Problems(problems);
    let Some((server, host)) = server.filter(|_| !problems.has_errors()) else {
        return (None, problems);
    };
    let file = ConfigFile {
        path: path.to_owned(),
        text: text.to_owned(),
        entries: entries.names,
        sections: entries.sections,
        server: server_section,
        secrets,
    };
    let loaded = Loaded {
        server,
        table: entries.table,
        file,
    };
    (Some((loaded, host)), problems)
}

/// Two plugins of one name are a fault of this build, not of the file.
fn registered_twice(linked: &[&Registration]) -> Vec<Problem> {
    let twice = linked.windows(2).filter(|pair| pair[0].name == pair[1].name);
    let message = |name: &str| format!("this build holds two plugins called `{name}`");
    twice
        .map(|pair| Problem::error(Place::File, message(pair[0].name)).help("rename one of them and build again"))
        .collect()
}

/// Reports everything at the top of the file that is neither `[server]` nor `[[plugin]]`.
fn check_top(parsed: &syntax::Parsed<'_>, server_schema: &serde_json::Value, problems: &mut Vec<Problem>) {
    for (key, value) in &parsed.root {
        let name = key.get_ref();
        let tables: Vec<Range<usize>> = match value.get_ref() {
            DeValue::Table(_) => vec![value.span()],
            DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                items.iter().map(Spanned::span).collect()
            }
            _ => {
                if parsed.is_sound_at_top() {
                    let problem = Problem::error(key.span(), format!("`{name}` stands outside of every table"));
                    let is_server = schema::properties(server_schema).contains_key(name.as_ref());
                    let help = if is_server {
                        "move it below `[server]`"
                    } else {
                        "move it below `[server]` or a `[[plugin]]`"
                    };
                    problems.push(problem.help(help).docs("docs/server.md"));
                }
                continue;
            }
        };
        for header in tables.into_iter().filter(|header| parsed.is_sound(header)) {
            let help = match nearest(name, ["server", "plugin"]) {
                Some("server") => "did you mean `[server]`?",
                Some(_) => "did you mean `[[plugin]]`?",
                None => "there are `[server]` and `[[plugin]]`",
            };
            problems.push(
                Problem::error(header, format!("unknown table `{name}`"))
                    .help(help)
                    .docs("docs/server.md"),
            );
        }
    }
}

fn server_table<'i>(
    value: Spanned<DeValue<'i>>,
    parsed: &syntax::Parsed<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Spanned<DeTable<'i>>> {
    let span = value.span();
    match value.into_inner() {
        _ if !parsed.is_sound(&span) => None,
        DeValue::Table(table) => Some(Spanned::new(span, table)),
        _ => {
            let problem = Problem::error(span, "`server` is not a table").help("write `[server]`, once");
            problems.push(problem.docs("docs/server.md"));
            None
        }
    }
}

fn plugin_tables<'i>(
    value: Spanned<DeValue<'i>>,
    parsed: &syntax::Parsed<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Spanned<DeTable<'i>>> {
    let not_a_list = |span| {
        let problem = Problem::error(span, "`plugin` is not a list of tables").help("write `[[plugin]]`");
        problem.docs("docs/server.md")
    };
    let span = value.span();
    let DeValue::Array(items) = value.into_inner() else {
        problems.extend(parsed.is_sound(&span).then(|| not_a_list(span)));
        return Vec::new();
    };
    let mut tables = Vec::new();
    for item in items {
        let span = item.span();
        match item.into_inner() {
            DeValue::Table(table) => tables.push(Spanned::new(span, table)),
            _ => problems.extend(parsed.is_sound(&span).then(|| not_a_list(span))),
        }
    }
    tables
}

impl Section {
    fn empty(owner: Owner, header: Range<usize>) -> Self {
        Self {
            owner,
            header,
            places: places::Places::default(),
            hidden: secrets::Hidden::default(),
        }
    }
}
