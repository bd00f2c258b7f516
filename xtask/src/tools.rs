//! Programs that chores need beyond the toolchain. cargo-deny and typos are installed once, at the version named here,
//! into `target/tools`; programs of the system come from its packages.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{cargo, program, run};
use crate::workspace;

const DENY: &str = "0.20.2";
const TYPOS: &str = "1.52.0";

/// The path of `cargo-deny`. Building it takes two to five minutes; it is built for a short build, since it runs for a
/// second.
pub fn cargo_deny() -> Result<PathBuf> {
    let folder = workspace::target()?.join(format!("tools/cargo-deny-{DENY}"));
    let binary = folder.join("bin/cargo-deny");
    if !binary.is_file() {
        run(install("cargo-deny", DENY, &folder)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"))?;
    }
    Ok(binary)
}

/// The path of `typos`: the wheel its authors publish, where there is a Python to install it, or else built.
pub fn typos() -> Result<PathBuf> {
    let folder = workspace::target()?.join(format!("tools/typos-{TYPOS}"));
    let binary = folder.join("bin/typos");
    if !binary.is_file() && from_wheel(&folder).is_err() {
        eprintln!("no wheel of typos could be installed; building it");
        run(&mut install("typos-cli", TYPOS, &folder))?;
    }
    Ok(binary)
}

fn from_wheel(folder: &PathBuf) -> Result<()> {
    run(program("python3", "-m venv").arg(folder))?;
    run(&mut program(
        folder.join("bin/pip"),
        &format!("install --quiet --only-binary=:all: typos=={TYPOS}"),
    ))
}

fn install(name: &str, version: &str, folder: &PathBuf) -> std::process::Command {
    let mut command = cargo(&format!("install --locked {name}@{version} --root"));
    // Its objects are of no use to the workspace: without this they would fill its target folder.
    command
        .arg(folder)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET_DIR");
    command
}

/// Debian's programs that stand in for a CDN and for clients. Installed for root, who can; everybody else is told.
pub fn debian(packages: &[(&str, &str)]) {
    let missing = packages
        .iter()
        .filter(|(_, program)| !Path::new(program).is_file())
        .map(|(package, _)| *package);
    let missing: Vec<&str> = missing.collect();
    if missing.is_empty() {
        return;
    }
    if let Err(error) = apt(&missing.join(" ")) {
        eprintln!("NOT INSTALLED: {error:#}; what needs them will say so");
    }
}

/// Installs Debian's packages, for root. The list of packages may be missing or old; it is fetched only if it is.
pub fn apt(packages: &str) -> Result<()> {
    let install = || {
        run(
            program("apt-get", &format!("install --yes --no-install-recommends {packages}"))
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    install().or_else(|_| run(&mut program("apt-get", "update --quiet")).and_then(|()| install()))
}
