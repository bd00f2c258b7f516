//! Pages of plugins: each shows an example that `check` accepts, and says what stood for the plugin in Web.config.
//! Their pictures are the server's answers with the example that stands above them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::http::server::{Server, folder, program, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The name and the text of each plugin's page, as its author wrote it.
fn pages() -> Vec<(String, String)> {
    let folders = fs::read_dir(root().join("crates/plugins")).unwrap();
    let mut pages: Vec<_> = folders
        .map(|plugin| plugin.unwrap().path())
        .filter(|plugin| plugin.join("Cargo.toml").is_file())
        .map(|plugin| {
            let name = plugin.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(plugin.join("docs.md")).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// The blocks of TOML on a page.
fn examples(page: &str) -> Vec<&str> {
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

/// The names in `${NAME}`.
fn variables(example: &str) -> impl Iterator<Item = &str> {
    let references = example.split("${").skip(1);
    references.map(|rest| rest.split(['}', ':']).next().unwrap_or_default())
}

/// A value that a variable with this name may have.
fn value_of(name: &str) -> &'static str {
    if name.ends_with("CONNECTION_STRING") {
        "UseDevelopmentStorage=true"
    } else {
        "a-value-from-elsewhere"
    }
}

/// The complaint of `check` about a file with this content. `None` if it accepts the file.
fn refused(configuration: &str) -> Option<String> {
    let folder = folder(configuration, &[]);
    let mut check = program(folder.path(), &["check"]);
    check.envs(variables(configuration).map(|name| (name, value_of(name))));
    let end = run(&mut check);
    (end.code != 0).then(|| format!("{}{}", end.output, end.complaint))
}

#[test]
fn example_of_each_plugin_is_accepted_by_check() {
    let mut wrong = Vec::new();
    for (plugin, page) in pages() {
        let examples = examples(&page);
        let entry = format!("[[plugin]]\nname = \"{plugin}\"\n");
        if !examples.iter().any(|example| example.contains(&entry)) {
            wrong.push(format!("{plugin}: no example"));
        }
        let refusals = examples.iter().filter_map(|example| refused(example));
        wrong.extend(refusals.map(|refusal| format!("{plugin}: {refusal}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Proves that faults are found.
    assert!(refused("[[plugin]]\nname = \"presets\"\npresets = 1\n").is_some());
}

#[test]
fn page_of_each_plugin_names_its_counterpart_in_web_config() {
    for (plugin, page) in pages() {
        let (_, section) = page.split_once("\n## In Web.config\n").unwrap_or_default();
        assert!(section.trim().len() > 40, "{plugin}: no section `In Web.config`");
    }
}

/// All plugins of the bench of hits together are a configuration, too.
#[test]
fn plugins_of_the_bench_are_accepted_by_check() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let both = format!("{}\n{}", read("plugins.toml"), read("tests/bench/plugins.toml"));
    assert_eq!(refused(&both), None);
}

/// A picture of a page.
struct Shown {
    file: String,
    url: String,
    /// The last example above it.
    example: String,
}

/// Pictures stand in a table: a row of pictures, and below it a row of their URLs.
fn shown(page: &str) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find("\n| ![") {
        let above = &page[..page.len() - rest.len() + at];
        let example = examples(above).last().copied().unwrap_or_default().to_owned();
        rest = &rest[at + 1..];
        let mut rows = rest.lines();
        let cells = |row: Option<&str>| -> Vec<String> {
            let cells = row.unwrap_or_default().trim().trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        };
        let (pictures, urls) = (cells(rows.next()), cells(rows.nth(1)));
        assert_eq!(pictures.len(), urls.len(), "a URL for each picture: {urls:?}");
        for (picture, url) in pictures.iter().zip(urls) {
            let (_, file) = picture.split_once("](../pictures/").unwrap();
            shown.push(Shown {
                file: file.trim_end_matches(')').to_owned(),
                url: url.trim_matches('`').to_owned(),
                example: example.clone(),
            });
        }
    }
    shown
}

/// The pictures of all pages: the name of each file, its URL, and the server's answer.
pub(super) fn pictures() -> Vec<(String, String, Vec<u8>)> {
    let mut servers: BTreeMap<String, Server> = BTreeMap::new();
    let samples = root().join("samples").canonicalize().unwrap();
    let mut pictures = Vec::new();
    for Shown { file, url, example } in pages().iter().flat_map(|(_, page)| shown(page)) {
        let server = servers.entry(example).or_insert_with_key(|example| {
            let source = format!("[[plugin]]\nname = \"filereader\"\nfolder = {samples:?}\n");
            Server::start(&format!("{example}\n{source}"), &[])
        });
        let answer = server.get(&url);
        let media_type = answer.header("content-type").unwrap_or_default();
        assert!(media_type.starts_with("image/"), "{url}: {}", answer.status);
        pictures.push((file, url, answer.body));
    }
    pictures
}
