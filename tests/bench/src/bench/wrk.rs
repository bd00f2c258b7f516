//! wrk, the load generator of the closed loops: runs on core 1 and gives the requests per second that it counted.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::server::on_core;
use crate::command::read;

/// One thread with so many connections. The URL is to be added.
pub(super) fn wrk(connections: u32, seconds: u32) -> Command {
    let mut wrk = on_core(1);
    wrk.args(["/usr/bin/wrk", "-t1"])
        .arg(format!("-c{connections}"))
        .arg(format!("-d{seconds}s"));
    wrk
}

/// Requests per second as wrk counts them. An answer other than 200 or 304 is an error.
pub(super) fn rate(wrk: &mut Command) -> Result<f64> {
    let output = read(wrk)?;
    if let Some(line) = output
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        bail!("wrk: {}", line.trim());
    }
    let rate = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    rate.context("wrk says no rate")?
        .trim()
        .parse()
        .context("wrk's rate is no number")
}
