//! `cargo xtask test`: every test of the workspace, with nothing to install beforehand. All are built at once and in one
//! profile, so that each dependency is compiled once; among them is the server that the integration tests start.

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
