//! Plugins that a `plugins.toml` enables: the ones that `run` and `dist` build.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

use crate::workspace;

/// Least likeness, from 0 to 1, that makes a suggestion; measure and value are those of the server's own diagnostics.
const NEAR: f64 = 0.6;

/// The names of the plugins that the file enables, each once. An unknown name is an error with its line.
pub(crate) fn read(config: &Path) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(config).with_context(|| format!("{} cannot be read", config.display()))?;
    enabled(config, &text, &workspace::plugins()?)
}

/// The arguments of cargo for a server with exactly these plugins, with all formats, and with the allocator that every
/// server has.
pub(crate) fn features(plugins: &BTreeSet<String>) -> String {
    let names: Vec<&str> = plugins.iter().map(String::as_str).collect();
    format!("--no-default-features --features avif,mimalloc,{}", names.join(","))
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    plugin: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: Spanned<String>,
    enabled: Option<toml::Value>,
}

impl Entry {
    /// Parked for good. An entry that an environment variable enables when the server starts has to be in the binary.
    fn is_parked(&self) -> bool {
        self.enabled == Some(toml::Value::Boolean(false))
    }
}

/// Every unknown one is reported, with its line and the nearest name.
fn enabled(path: &Path, text: &str, known: &[String]) -> Result<BTreeSet<String>> {
    let file: File = toml::from_str(text).with_context(|| format!("{}", path.display()))?;
    let entries: Vec<Entry> = file.plugin.into_iter().filter(|entry| !entry.is_parked()).collect();
    let unknown = entries.iter().filter(|entry| !known.contains(entry.name.get_ref()));
    let problems: Vec<String> = unknown.map(|entry| problem(path, text, &entry.name, known)).collect();
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    ensure!(
        !entries.is_empty(),
        "{} enables no plugin: such a server could serve nothing",
        path.display()
    );
    Ok(entries.into_iter().map(|entry| entry.name.into_inner()).collect())
}

fn problem(path: &Path, text: &str, name: &Spanned<String>, known: &[String]) -> String {
    let line = 1 + text[..name.span().start].matches('\n').count();
    let name = name.get_ref();
    let scored = known
        .iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let nearest = scored
        .filter(|(score, _)| *score >= NEAR)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match nearest {
        Some((_, nearest)) => format!("; did you mean `{nearest}`?"),
        None => format!("; there are {}", known.join(", ")),
    };
    format!("{}:{line}: no plugin is called `{name}`{hint}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        let known = ["diskcache", "filereader", "memcache"].map(str::to_owned);
        let found = enabled("plugins.toml".as_ref(), text, &known);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert!(found.iter().eq(expected.iter()), "{text}\n{found:?}"),
            (Err(error), Err(expected)) => assert_eq!(format!("{error:#}"), expected, "{text}"),
            (found, _) => panic!("{text}\n{found:?}"),
        }
    }

    #[test]
    fn enabled_plugin_is_named_once_and_parked_one_is_left_out() {
        check(
            "[[plugin]]\nname = 'memcache'\n[[plugin]]\nname = 'filereader'\nprefix = '/a/'",
            Ok(&["filereader", "memcache"]),
        );
        check(
            "[[plugin]]\nname = 'filereader'\n[[plugin]]\nname = 'filereader'",
            Ok(&["filereader"]),
        );
        check(
            "[[plugin]]\nname = 'filereader'\n[[plugin]]\nname = 'memcache'\nenabled = false",
            Ok(&["filereader"]),
        );
        check(
            "[[plugin]]\nname = 'filereader'\n[[plugin]]\nname = 'gone'\nenabled = false",
            Ok(&["filereader"]),
        );
    }

    #[test]
    fn unknown_name_is_reported_with_its_line() {
        check(
            "[server]\n\n[[plugin]]\nname = 'memcahe'\n[[plugin]]\nenabled = true\nname = 'teapot'",
            Err(
                "plugins.toml:4: no plugin is called `memcahe`; did you mean `memcache`?\n\
                 plugins.toml:7: no plugin is called `teapot`; there are diskcache, filereader, memcache",
            ),
        );
        check(
            "[server]",
            Err("plugins.toml enables no plugin: such a server could serve nothing"),
        );
    }
}
