//! Configuration cases in `tests/config`: each file is a `plugins.toml`, a line `# ----`, and below it the expected
//! report as comments. A first line `# environment: A=1 B=2` gives the environment. `UPDATE_EXPECT=1` writes the report
//! into the files, for a person to read through.

use std::fs;
use std::path::{Path, PathBuf};

use resizer_engine::{Environment, Loaded, Problems, load_with};
use resizer_host::KNOWN_PLUGINS;
use resizer_host::settings::ServerSettings;
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::Resources;

/// The line between a case and its expected report.
const RULE: &str = "# ----\n";

/// A plugin that counts as one of the project's and is not in this build; no real plugin will have this name.
const NOT_LINKED: [&str; 1] = ["icecache"];

#[test]
fn configuration_case_gives_the_expected_report() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for path in cases() {
        let case = fs::read_to_string(&path).unwrap();
        let (config, expected) = case.split_once(RULE).unwrap_or((&case, ""));
        let report = report_of(&path, config);
        let comments: String = report
            .lines()
            .map(|line| format!("# {line}").trim_end().to_owned() + "\n")
            .collect();
        if comments != expected && update {
            fs::write(&path, format!("{config}{RULE}{comments}")).unwrap();
        } else if comments != expected {
            wrong.push(format!(
                "{}: expected\n{expected}\nbut it says\n{comments}",
                path.display()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nIf that is right, run with UPDATE_EXPECT=1.",
        wrong.join("\n")
    );
}

#[test]
fn configuration_report_shows_no_secret() {
    for path in cases() {
        let case = fs::read_to_string(&path).unwrap();
        let (config, _) = case.split_once(RULE).unwrap_or((&case, ""));
        assert!(!report_of(&path, config).contains("hunter2"), "{}", path.display());
    }
}

#[test]
fn environment_and_file_become_typed_settings() {
    let text = "[server]\nworkers = 3\nqueue = 7\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
    let environment = Environment::of([
        ("RESIZER__SERVER__WORKERS", "5"),
        ("RESIZER__SERVER__TRUSTED_PROXIES", "loopback, 192.0.2.1"),
        ("RESIZER__SERVER__KEEP_ALIVE", "2m"),
        ("RESIZER__SERVER__HEADERS", "{ X-A = \"b\" }"),
    ]);
    let (loaded, problems) = read(Path::new("plugins.toml"), text, &environment);
    assert!(problems.is_empty(), "{problems:?}");
    let (loaded, server) = loaded.unwrap();
    assert_eq!((server.workers, loaded.server.queue), (5, 7));
    assert_eq!(server.keep_alive.0.as_secs(), 120);
    assert!(
        server
            .trusted_proxies
            .iter()
            .any(|network| network.contains("192.0.2.1".parse().unwrap()))
    );
    assert!(
        !server
            .trusted_proxies
            .iter()
            .any(|network| network.contains("10.0.0.1".parse().unwrap()))
    );
    let (name, value) = server.headers.iter().next().unwrap();
    assert_eq!((name.name().as_str(), value.value().as_bytes()), ("x-a", &b"b"[..]));
}

#[test]
fn entries_keep_their_order_and_disabled_ones_do_nothing() {
    let text = "[[plugin]]\nname = \"memcache\"\n[[plugin]]\nname = \"filereader\"\nfolder = \"a\"\nenabled = false\n\
                [[plugin]]\nname = \"filereader\"\nfolder = \"b\"\n";
    let (loaded, _) = read(Path::new("plugins.toml"), text, &Environment::default());
    let (loaded, _) = loaded.unwrap();
    let entries: Vec<_> = loaded
        .file
        .entries()
        .iter()
        .map(|entry| (&*entry.name, entry.enabled, entry.line))
        .collect();
    assert_eq!(
        entries,
        [("memcache", true, 1), ("filereader", false, 3), ("filereader", true, 7)]
    );
    let sources: Vec<_> = loaded
        .table
        .sources
        .iter()
        .map(|source| (source.plugin, source.entry))
        .collect();
    assert_eq!(sources, [("filereader", 2)]);
    assert_eq!(loaded.table.result_caches.len(), 1);
}

fn read(path: &Path, text: &str, environment: &Environment) -> (Option<(Loaded, ServerSettings)>, Problems) {
    let known: Vec<&'static str> = KNOWN_PLUGINS.iter().copied().chain(NOT_LINKED).collect();
    load_with(
        path,
        text,
        environment,
        &known,
        &Resources::default(),
        &Metrics::default(),
    )
}

fn report_of(path: &Path, config: &str) -> String {
    let pairs = config
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# environment: "))
        .unwrap_or_default();
    let environment = Environment::of(pairs.split_whitespace().filter_map(|pair| pair.split_once('=')));
    let (loaded, problems) = read(path, config, &environment);
    assert_eq!(loaded.is_none(), problems.has_errors(), "{}", path.display());
    let rendered = problems.render(path, config);
    if rendered.is_empty() {
        "no problems\n".to_owned()
    } else {
        rendered
    }
}

/// The tests run in the folder of their package, and the paths in the expectations begin there.
fn cases() -> Vec<PathBuf> {
    let files = fs::read_dir("config").unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}
