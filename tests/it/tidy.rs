//! Checks of the tree itself: dependencies between crates, names that must agree, and the shape of files. They read
//! `cargo metadata` and the files, so that `docs/architecture.md` cannot drift away from the project.

mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The allowed dependencies between the crates that are no plugins: a crate, then the crates that it may use. A new
/// line is a decision about the architecture. `docs/architecture.md` draws the same picture.
const LAYERS: &[(&str, &[&str])] = &[
    ("resizer-foreign", &[]),
    ("resizer-kernel", &[]),
    ("resizer-jpeg", &["resizer-kernel"]),
    ("resizer-webp", &["resizer-kernel"]),
    ("resizer-avif", &[]),
    (
        "resizer-imaging",
        &[
            "resizer-avif",
            "resizer-foreign",
            "resizer-jpeg",
            "resizer-kernel",
            "resizer-webp",
        ],
    ),
    ("resizer-plugin-api", &["resizer-imaging"]),
    ("resizer-memory-store", &["resizer-plugin-api"]),
    ("resizer-disk-store", &["resizer-foreign"]),
    ("resizer-folder-source", &["resizer-disk-store", "resizer-plugin-api"]),
    ("resizer-object-storage", &["resizer-plugin-api"]),
    ("resizer-url", &[]),
    ("resizer-test-stores", &[]),
    (
        "resizer-engine",
        &["resizer-foreign", "resizer-imaging", "resizer-plugin-api"],
    ),
    (
        "resizer-host",
        &[
            "resizer-imaging",
            "resizer-plugin-api",
            "resizer-engine",
            "resizer-url",
            "PLUGINS",
        ],
    ),
    (
        "resizer-tests",
        &[
            "resizer-imaging",
            "resizer-plugin-api",
            "resizer-engine",
            "resizer-host",
            "resizer-test-stores",
            "resizer-url",
            "PLUGINS",
        ],
    ),
    ("resizer-bench", &["xtask"]),
    (
        "resizer-fuzz",
        &[
            "resizer-avif",
            "resizer-imaging",
            "resizer-jpeg",
            "resizer-plugin-api",
            "resizer-urlsigning",
            "resizer-webp",
        ],
    ),
    ("xtask", &[]),
];
const PLUGIN_MAY_USE: &[&str] = &[
    "resizer-plugin-api",
    "resizer-memory-store",
    "resizer-disk-store",
    "resizer-folder-source",
    "resizer-object-storage",
];
const PLUGIN_TESTS_MAY_USE: &[&str] = &["resizer-engine", "resizer-test-stores"];

/// Crates with `unsafe` blocks. They list the lints of the workspace themselves, since a forbidden lint cannot be
/// allowed.
const MAY_BE_UNSAFE: &[&str] = &["resizer-foreign", "resizer-kernel"];

/// Foreign crates that only one layer may use: the beginning of the crate's name, and its users.
const KEPT_BY: &[(&str, &[&str])] = &[
    ("actix", &["resizer-host"]),
    ("inventory", &["resizer-plugin-api"]),
    ("libmimalloc-sys", &["resizer-foreign"]),
    ("libwebp-sys", &["resizer-foreign"]),
];

/// The most lines of a file. Most files have fewer than three hundred.
const LONGEST_FILE: usize = 500;

#[test]
fn crate_stays_in_its_layer() {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for package in &tree.metadata.packages {
        let plugin = tree.plugin(package).is_some();
        let row = LAYERS.iter().find(|row| row.0 == package.name.as_str());
        let Some(allowed) = row.map(|row| row.1).or(plugin.then_some(PLUGIN_MAY_USE)) else {
            wrong.push(format!("{} has no line in LAYERS", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let Some(member) = tree
                .metadata
                .packages
                .iter()
                .find(|member| member.name.as_str() == name)
            else {
                continue;
            };
            let as_plugin = tree.plugin(member).is_some() && allowed.contains(&"PLUGINS");
            let in_tests =
                plugin && dependency.kind == DependencyKind::Development && PLUGIN_TESTS_MAY_USE.contains(&name);
            if !(allowed.contains(&name) || as_plugin || in_tests) {
                wrong.push(format!("{} may not depend on {name}", package.name));
            }
            if package.name.as_str() == "resizer-plugin-api" && dependency.uses_default_features {
                wrong.push(format!("{} must use {name} without its default features", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn foreign_crate_stays_in_one_layer() {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for package in &tree.metadata.packages {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
        {
            for (prefix, users) in KEPT_BY {
                if dependency.name.starts_with(prefix) && !users.contains(&package.name.as_str()) {
                    wrong.push(format!(
                        "{} may not depend on {}; only {users:?} may",
                        package.name, dependency.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn plugin_has_one_name() {
    let tree = Tree::read();
    let host = tree.package("resizer-host");
    let linked = std::fs::read_to_string(tree.root().join("resizer-host/src/linked.rs")).unwrap();
    let mut plugins = Vec::new();
    for package in &tree.metadata.packages {
        let Some(folder) = tree.plugin(package) else { continue };
        assert_eq!(package.name.as_str(), format!("resizer-{folder}"), "folder and package");
        assert_eq!(
            host.features.get(&folder),
            Some(&vec![format!("dep:resizer-{folder}")]),
            "feature of the host"
        );
        let link = format!("#[cfg(feature = \"{folder}\")]\nuse resizer_{folder} as _;\n");
        assert!(linked.contains(&link), "linked.rs lacks\n{link}");
        plugins.push(folder);
    }
    plugins.sort();
    assert_eq!(
        linked.matches(" as _;").count(),
        plugins.len(),
        "linked.rs names a plugin that is gone"
    );
    let registered: Vec<&str> = resizer_plugin_api::engine::Registration::linked()
        .iter()
        .map(|plugin| plugin.name)
        .collect();
    assert_eq!(registered, plugins, "the names that the plugins registered");
    assert_eq!(resizer_host::KNOWN_PLUGINS, plugins, "KNOWN_PLUGINS");
}

#[test]
fn crate_takes_the_lints_of_the_workspace() {
    let tree = Tree::read();
    let workspace = std::fs::read_to_string(tree.root().join("Cargo.toml")).unwrap();
    assert!(
        workspace.contains("unsafe_code = \"forbid\""),
        "the workspace must forbid unsafe code"
    );
    let lints: Vec<&str> = workspace.lines().filter(|line| is_lint(line)).collect();
    assert!(lints.len() > 20, "{lints:?}");
    for package in &tree.metadata.packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        if MAY_BE_UNSAFE.contains(&package.name.as_str()) {
            for lint in &lints {
                assert!(
                    lint.starts_with("unsafe_code") || manifest.lines().any(|line| line == *lint),
                    "{} lacks `{lint}`",
                    package.name
                );
            }
            for lint in [
                "unsafe_code = \"deny\"",
                "unsafe_op_in_unsafe_fn = \"deny\"",
                "undocumented_unsafe_blocks = \"deny\"",
            ] {
                assert!(manifest.contains(lint), "{} lacks `{lint}`", package.name);
            }
            continue;
        }
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} lacks `[lints] workspace = true`",
            package.name
        );
    }
}

/// Whether a line of a manifest sets a lint.
fn is_lint(line: &str) -> bool {
    let level = ["\"warn\"", "\"deny\"", "\"forbid\""]
        .iter()
        .any(|level| line.contains(level));
    level && line.contains(" = ")
}

#[test]
fn file_is_short_and_opens_with_a_paragraph() {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for package in &tree.metadata.packages {
        let folder = package.manifest_path.parent().unwrap();
        for (file, text) in rust_files(folder.as_std_path()) {
            let name = file.strip_prefix(tree.root()).unwrap().display();
            if text.lines().count() > LONGEST_FILE {
                wrong.push(format!("{name} has more than {LONGEST_FILE} lines"));
            }
            if !text.starts_with("//! ") {
                wrong.push(format!("{name} does not begin with a comment about its contents"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The workspace as cargo sees it, without foreign crates.
struct Tree {
    metadata: Metadata,
}

impl Tree {
    fn read() -> Self {
        let mut command = MetadataCommand::new();
        command.no_deps().other_options(["--locked".to_owned()]);
        Self {
            metadata: command.exec().unwrap(),
        }
    }

    fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    fn package(&self, name: &str) -> &Package {
        self.metadata
            .packages
            .iter()
            .find(|package| package.name.as_str() == name)
            .unwrap()
    }

    /// The folder's name, if the package is in `crates/plugins`.
    fn plugin(&self, package: &Package) -> Option<String> {
        let folder = package.manifest_path.parent()?;
        let stands = folder.parent()? == self.metadata.workspace_root.join("crates/plugins");
        stands.then(|| folder.file_name().unwrap_or_default().to_owned())
    }
}

/// Every Rust file below a folder with its text.
pub(crate) fn rust_files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}
