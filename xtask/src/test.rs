//! All tests, `cargo xtask test`: builds and runs every test of the workspace and installs its needs first. One profile
//! and one build, so that each dependency is compiled once.

use anyhow::{Result, bail};

use crate::command::{self, cargo};
use crate::stores;

pub(crate) fn run() -> Result<()> {
    let missing = stores::install();
    let summary = stores::summary(&missing);
    if !missing.is_empty() && std::env::var_os("CI").is_some() {
        bail!("with CI set, nothing may be left out\n{summary}");
    }
    let names: Vec<&str> = missing.iter().map(|missing| missing.name.as_str()).collect();
    let outcome = command::run(cargo("test --workspace --locked --no-fail-fast").env(stores::WITHOUT, names.join(",")));
    eprintln!("{summary}");
    outcome
}
