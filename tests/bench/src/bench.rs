//! Benches, `cargo xtask bench NAME`: the speed that the project promises, measured beside an alternative in one run
//! and on the same cores. Each prints the measured value, the bar, and whether the bar was met.

mod build;
mod bytes;
mod cancel;
mod fair;
mod filters;
mod hits;
pub(crate) mod http;
mod installed;
mod ipx;
mod page;
mod pictures;
mod pixels;
mod predict;
mod relay;
pub(crate) mod server;
mod sharp;
mod stampede;
mod watermark;
mod wrk;

use anyhow::{Result, bail};

pub(crate) fn run(name: &str, options: &[&str]) -> Result<()> {
    let option = match options {
        [] => false,
        ["--write"] if ["bytes", "filters", "http", "pixels"].contains(&name) => true,
        ["--plugins"] if name == "hits" => true,
        _ => bail!("bench `{name}` has no option `{}`", options.join(" ")),
    };
    match name {
        "build" => build::run(),
        "bytes" => bytes::run(option),
        "cancel" => cancel::run(),
        "fair" => fair::run(),
        "filters" => filters::run(option),
        "hits" => hits::run(option),
        "http" => ipx::run(option),
        "pixels" => pixels::run(option),
        "predict" => predict::run(),
        "relay" => relay::run(),
        "stampede" => stampede::run(),
        "watermark" => watermark::run(),
        other => bail!(
            "there is no bench `{other}`; there are: build, bytes, cancel, fair, filters, hits, http, pixels, predict, \
             relay, stampede, watermark"
        ),
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

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn median_is_the_middle_of_the_sorted_values() {
        assert_eq!(median(vec![5.0, 1.0, 100.0]), 5.0);
        assert_eq!(median(vec![2.0]), 2.0);
    }
}
