//! `cargo xtask dist`: the binary an operator ships. It holds the plugins that one `plugins.toml` enables and no other,
//! which the new binary itself has to say before it is laid out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

use crate::command::{self, cargo, program, read};
use crate::workspace;

/// Least likeness, from 0 to 1, that makes a suggestion; measure and value are those of the server's own diagnostics.
const NEAR: f64 = 0.6;

pub(crate) fn run(config: &Path, out: &Path) -> Result<()> {
    let start = Instant::now();
    let text = fs::read_to_string(config).with_context(|| format!("{} cannot be read", config.display()))?;
    let plugins = enabled(config, &text, &workspace::plugins()?)?;
    let names = plugins.iter().map(String::as_str).collect::<Vec<_>>();

    let features = names.join(",");
    let build = "build -p resizer-host --locked --profile dist --no-default-features --features mimalloc";
    let build = format!("{build},{features}");
    command::run(&mut cargo(&build))?;
    let file = format!("resizer-host{}", std::env::consts::EXE_SUFFIX);
    let binary = workspace::target()?.join("dist").join(&file);
    prove(&binary, &config.canonicalize()?, &plugins)?;

    let pages = out.join("docs/plugins");
    fs::create_dir_all(&pages).with_context(|| format!("{} cannot be made", pages.display()))?;
    copy(&binary, &out.join(&file))?;
    copy(config, &out.join("plugins.toml"))?;
    for name in &names {
        let page = format!("{name}.md");
        copy(&workspace::root().join("docs/plugins").join(&page), &pages.join(&page))?;
    }
    let megabytes = fs::metadata(&binary)?.len() as f64 / 1e6;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {megabytes:.1} MB with {}, in {seconds:.0} s",
        out.display(),
        names.join(", ")
    );
    Ok(())
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
    /// Parked for good. What an environment variable decides when the server starts has to be in the binary.
    fn is_parked(&self) -> bool {
        self.enabled == Some(toml::Value::Boolean(false))
    }
}

/// The names of the plugins that the file enables. Every unknown one is reported, with its line and the nearest name.
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

/// Asks the new binary itself: it holds these plugins and no other, and it finds nothing wrong with the file.
fn prove(binary: &Path, config: &Path, plugins: &BTreeSet<String>) -> Result<()> {
    let printed = read(&mut program(binary, "plugins"))?;
    let held: BTreeSet<String> = printed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    ensure!(
        held == *plugins,
        "the new binary holds {held:?}, but the file enables {plugins:?}"
    );
    command::run(program(binary, "check").arg(config))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))?;
    Ok(())
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
    fn what_is_enabled_is_built_once() {
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
    fn every_unknown_name_is_reported_with_its_line() {
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
