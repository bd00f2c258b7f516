//! `cargo xtask test`: every test of the workspace, with nothing to install beforehand. All are built at once and in one
//! profile, so that each dependency is compiled once; among them is the server that the integration tests start.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::tools;

pub(crate) fn run() -> Result<()> {
    // nginx stands in for a CDN in `tests/it/http/cdn.rs`.
    tools::debian(&[("nginx", "/usr/sbin/nginx")]);
    command::run(&mut cargo("test --workspace --locked --no-fail-fast"))
}
