//! `cargo xtask test`: every test of the workspace, with nothing to install beforehand. All targets are built first and at
//! once, in the one profile that tests use: each dependency is compiled once, and the server's own binary, which the
//! integration tests start, is there and fresh.

use anyhow::Result;

use crate::command::{self, cargo};

pub(crate) fn run() -> Result<()> {
    command::run(&mut cargo("build --workspace --all-targets --locked"))?;
    command::run(&mut cargo("test --workspace --locked --no-fail-fast"))
}
