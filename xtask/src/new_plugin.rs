//! New plugins: `cargo xtask new-plugin` writes a crate into `crates/plugins` from the examples of
//! `docs/writing-a-plugin.md`, which are compiled and tested in `tests/examples`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{self, cargo, program};
use crate::{manifests, workspace};

/// An example: its kind, its plugin's name and type, its crate's file and its tests.
struct Example {
    kind: &'static str,
    name: &'static str,
    plugin: &'static str,
    library: &'static str,
    tests: &'static str,
    /// Dependencies of the tests beside those of every plugin.
    tokio: bool,
}

macro_rules! example {
    ($kind:literal, $name:literal, $plugin:literal, $tokio:literal) => {
        Example {
            kind: $kind,
            name: $name,
            plugin: $plugin,
            library: include_str!(concat!("../../tests/examples/", $kind, ".rs")),
            tests: include_str!(concat!("../../tests/examples/", $kind, "_contract.rs")),
            tokio: $tokio,
        }
    };
}

const EXAMPLES: [Example; 3] = [
    example!("event", "saveas", "SaveAs", false),
    example!("source", "shelfreader", "ShelfReader", true),
    example!("cache", "recentcache", "RecentCache", true),
];

/// Writes the crate and names it in the manifests.
pub(crate) fn run(name: &str, kind: &str) -> Result<()> {
    let example = EXAMPLES.iter().find(|example| example.kind == kind);
    let example = example.with_context(|| format!("`{kind}` is not a kind of plugin: source, cache or event"))?;
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    ensure!(
        plain,
        "a plugin's name has lower-case letters and digits only, as in `filereader`; not `{name}`"
    );
    let root = workspace::root();
    let folder = root.join("crates/plugins").join(name);
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    let package = format!("resizer-{name}");
    let taken = workspace::metadata()?
        .packages
        .iter()
        .any(|other| other.name == package.as_str())
        || ["all", "default", "mimalloc"].contains(&name);
    ensure!(
        !taken,
        "`{name}` is taken: a plugin names the crate `{package}` and a feature of resizer-host"
    );
    for (path, text) in files(example, name) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    command::run(
        program("rustfmt", "--edition 2024").args([folder.join("src/lib.rs"), folder.join("tests/contract.rs")]),
    )?;
    manifests::write(root)?;
    eprintln!(
        "wrote {}\n\
         `cargo xtask docs` links it and writes its page, `cargo test -p resizer-{name}` runs its tests.\n\
         To remove it, delete the folder and run `cargo xtask docs`.",
        folder.display()
    );
    Ok(())
}

/// The crate's files: path and text.
fn files(example: &Example, name: &str) -> [(&'static str, String); 4] {
    let (first, rest) = name.split_at(1);
    let plugin = format!("{}{rest}", first.to_ascii_uppercase());
    let renamed = |text: &str| {
        text.replace(
            &format!("register!({});", example.plugin),
            "register!(PLUGIN, docs = \"../docs.md\");",
        )
        .replace(
            &format!("use crate::{}::", example.kind),
            &format!("use resizer_{name}::"),
        )
        .replace(example.plugin, "PLUGIN")
        .replace(example.name, name)
        .replace("PLUGIN", &plugin)
    };
    let summary = example
        .library
        .lines()
        .find_map(|line| line.trim().strip_prefix("const SUMMARY: &'static str = \""));
    let summary = summary.and_then(|line| line.strip_suffix(".\";")).unwrap_or_default();
    let tokio = "tokio = { workspace = true, features = [\"macros\", \"rt-multi-thread\"] }\n";
    let manifest = format!(
        "[package]\n\
         name = \"resizer-{name}\"\n\
         description = \"{summary}\"\n\
         version.workspace = true\n\
         edition.workspace = true\n\
         rust-version.workspace = true\n\
         license.workspace = true\n\
         publish.workspace = true\n\n\
         [dependencies]\n\
         resizer-plugin-api.workspace = true\n\n\
         [dev-dependencies]\n\
         resizer-engine = {{ workspace = true, features = [\"testing\"] }}\n\
         {}\n\
         [lints]\n\
         workspace = true\n",
        if example.tokio { tokio } else { "" }
    );
    let setting = match example.kind {
        "source" => "shelf = \"first\"\n",
        "cache" => "max_size = \"64MB\"\n",
        _ => "",
    };
    let docs = format!(
        "An example to begin with, written by `cargo xtask new-plugin {name} --kind {}`.\n\n\
         ```toml\n[[plugin]]\nname = \"{name}\"\n{setting}```\n\n\
         ## In Web.config\n\nThe name of ImageResizer's plugin that does the same, if there is one.\n",
        example.kind
    );
    [
        ("Cargo.toml", manifest),
        ("docs.md", docs),
        ("src/lib.rs", renamed(example.library)),
        ("tests/contract.rs", renamed(example.tests)),
    ]
}

/// The whole round in a copy of the tree: one plugin of each kind is written, passes its tests, stands in the docs, and
/// is gone again without a trace.
pub(crate) fn round() -> Result<()> {
    let target = workspace::target()?;
    let copy = target.join("new-plugin-round");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let files = command::read(&mut program("git", "ls-files --cached --others --exclude-standard"))?;
    let mut before = Vec::new();
    for file in files.lines().filter(|file| workspace::root().join(file).is_file()) {
        let to = copy.join(file);
        fs::create_dir_all(to.parent().unwrap_or(&copy))?;
        fs::copy(workspace::root().join(file), &to)?;
        before.push((file, fs::read(to)?));
    }
    let names_before = [
        names_in(&copy.join("docs/plugins"))?,
        names_in(&copy.join("crates/plugins"))?,
    ];
    let in_copy = |arguments: &str| {
        command::run(
            cargo(arguments)
                .current_dir(&copy)
                .env("CARGO_TARGET_DIR", &target)
                .env("CARGO_NET_OFFLINE", "true"),
        )
    };
    let names = EXAMPLES.map(|example| format!("round{}", example.kind));
    for (example, name) in EXAMPLES.iter().zip(&names) {
        in_copy(&format!("xtask new-plugin {name} --kind {}", example.kind))?;
    }
    in_copy("xtask docs")?;
    let packages: Vec<String> = names.iter().map(|name| format!("-p resizer-{name}")).collect();
    in_copy(&format!("test --locked {}", packages.join(" ")))?;
    in_copy("test --workspace --locked --test it -- docs tidy")?;
    for name in &names {
        ensure!(
            copy.join(format!("docs/plugins/{name}.md")).is_file(),
            "{name} has no page"
        );
        fs::remove_dir_all(copy.join("crates/plugins").join(name))?;
    }
    in_copy("xtask docs")?;
    for (file, bytes) in before {
        ensure!(
            fs::read(copy.join(file))? == bytes,
            "{file} is not as it was before the plugins came and went"
        );
    }
    let names_after = [
        names_in(&copy.join("docs/plugins"))?,
        names_in(&copy.join("crates/plugins"))?,
    ];
    ensure!(
        names_before == names_after,
        "left behind: {names_after:?}, and not {names_before:?}"
    );
    fs::remove_dir_all(&copy)?;
    Ok(())
}

fn names_in(folder: &Path) -> Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_of_each_kind_bears_its_own_name_everywhere() {
        for example in &EXAMPLES {
            for (path, text) in files(example, "mine") {
                assert!(
                    !text.contains(example.plugin) && !text.contains(example.name),
                    "{path}: {text}"
                );
                assert!(!text.contains("use crate::"), "{path}: {text}");
            }
            let [_, _, (_, library), _] = files(example, "mine");
            assert!(library.contains("register!(Mine, docs = \"../docs.md\");"), "{library}");
            assert!(library.contains("const NAME: &'static str = \"mine\";"), "{library}");
        }
    }
}
