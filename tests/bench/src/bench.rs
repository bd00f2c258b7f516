//! Benches, `cargo xtask bench NAME`: the speed that the project promises, measured beside an alternative in one run
//! and on the same cores. Each prints the measured value, the bar, and whether the bar was met.

mod build;
mod cancel;
mod fair;
mod hits;
pub(crate) mod http;
mod jpeg;
mod predict;
mod relay;
pub(crate) mod server;
mod stampede;

use anyhow::{Result, bail};

pub(crate) fn run(name: &str) -> Result<()> {
    match name {
        "build" => build::run(),
        "cancel" => cancel::run(),
        "fair" => fair::run(),
        "hits" => hits::run(),
        "jpeg" => jpeg::run(),
        "predict" => predict::run(),
        "relay" => relay::run(),
        "stampede" => stampede::run(),
        other => {
            bail!("there is no bench `{other}`; there are: build, cancel, fair, hits, jpeg, predict, relay, stampede")
        }
    }
}

/// The median of an odd number of measurements.
pub(crate) fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured[measured.len() / 2]
}

/// Prints one line of the result; true if the bar is met.
pub(crate) fn verdict(what: &str, measured: f64, bar: f64) -> bool {
    let passed = measured >= bar;
    println!(
        "{what:<44} measured {measured:.2}  bar >= {bar:.2}  {}",
        if passed { "PASS" } else { "FAIL" }
    );
    passed
}
