//! URL generators: the crate `resizer-url` against the server's table of keys, the tests of the modules in `clients`,
//! and the examples of `docs/urls.md` in four languages.

use std::path::{Path, PathBuf};
use std::process::Command;

use resizer_imaging::{Instructions, Key, Support};
use resizer_test_stores::process::installed;
use resizer_url::{Anchor, COMMANDS, Flip, Format, Mode, Scale};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn node() -> Option<PathBuf> {
    installed("node", &["node"])
}

fn python() -> Option<PathBuf> {
    installed("python3", &["python3"])
}

/// The standard output of a program that succeeds.
#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (said, complaint) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{said}\n{complaint}");
    said.into_owned()
}

#[test]
fn typed_command_is_a_key_of_the_server() {
    for (name, aliases) in COMMANDS {
        let key = Key::all().find(|key| key.name == *name);
        let key = key.unwrap_or_else(|| panic!("{name} is no key"));
        assert_eq!(key.aliases, *aliases, "{name}");
        assert!(matches!(key.support, Support::Yes(_) | Support::Plugin), "{name}");
    }
}

#[test]
fn word_of_a_typed_command_is_a_value_of_the_server() {
    let check = |name: &str, words: &mut dyn Iterator<Item = &'static str>| {
        for word in words {
            let (_, ignored) = Instructions::parse([(name, word)]);
            assert!(ignored.is_empty(), "{name}={word}: {ignored:?}");
        }
    };
    check("mode", &mut Mode::ALL.iter().map(|mode| mode.word()));
    check("scale", &mut Scale::ALL.iter().map(|scale| scale.word()));
    check("anchor", &mut Anchor::ALL.iter().map(|anchor| anchor.word()));
    check("flip", &mut Flip::ALL.iter().map(|flip| flip.word()));
    // A server without an encoder for these two sends another format in their place.
    let written = Format::ALL
        .iter()
        .filter(|format| !matches!(format, Format::Avif | Format::Jxl));
    check("format", &mut written.map(|format| format.word()));
}

#[test]
fn javascript_module_passes_its_tests() {
    let Some(node) = node() else { return };
    let said = output(Command::new(node).arg("--test").current_dir(root().join("clients/js")));
    assert!(said.contains("fail 0"), "{said}");
}

#[test]
fn python_package_passes_its_tests() {
    let Some(python) = python() else { return };
    let mut command = Command::new(python);
    command
        .args(["-m", "unittest"])
        .env("PYTHONPATH", "src")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    output(command.current_dir(root().join("clients/python")));
}

#[test]
fn packages_have_the_version_of_the_workspace() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("clients/js/package.json").contains(&format!("\"version\": \"{version}\"")));
    assert!(read("clients/python/pyproject.toml").contains(&format!("version = \"{version}\"")));
}

/// Each group of examples, in JavaScript, Python and perhaps the shell, has one output, which the page shows under it.
/// The examples in Rust are tested with their crate.
#[test]
fn examples_of_the_page_print_what_it_shows() {
    let page = std::fs::read_to_string(root().join("docs/urls.md")).unwrap();
    let (node, python) = (node(), python());
    let folder = tempfile::tempdir().unwrap();
    let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, folder.path().join(to)).unwrap();
    std::fs::create_dir(folder.path().join("node_modules")).unwrap();
    link(&root().join("clients/js"), "node_modules/resizer-url");
    link(Path::new(env!("CARGO_BIN_EXE_resizer-under-test")), "resizer-host");
    let mut path = folder.path().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());

    let mut outputs: Vec<(&str, String)> = Vec::new();
    let mut groups = 0;
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, code) = block.split_once('\n').unwrap();
        let mut command = match (language, &node, &python) {
            ("text", ..) => {
                let languages = usize::from(node.is_some()) + usize::from(python.is_some());
                assert!(outputs.len() >= languages, "before {code}");
                for (language, output) in outputs.drain(..) {
                    assert_eq!(output.trim_end(), code, "{language}");
                }
                groups += 1;
                continue;
            }
            ("js", Some(node), _) => {
                std::fs::write(folder.path().join("example.mjs"), code).unwrap();
                let mut command = Command::new(node);
                command.arg("example.mjs");
                command
            }
            ("python", _, Some(python)) => {
                let mut command = Command::new(python);
                command
                    .args(["-c", code])
                    .env("PYTHONPATH", root().join("clients/python/src"))
                    .env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            ("sh", ..) => {
                let mut command = Command::new("sh");
                command.args(["-e", "-c", code]).env("PATH", &path);
                command
            }
            _ => continue,
        };
        command
            .current_dir(folder.path())
            .env("RESIZER_URL_KEY", "correct horse battery staple");
        outputs.push((language, output(&mut command)));
    }
    assert!(groups >= 7 && outputs.is_empty(), "{groups} groups of examples");
}
