//! Memory bench: the bytes that jobs take against the prediction, by the example `predict` of resizer-imaging, which
//! counts every allocation.
//!
//! A prediction is at least the bytes taken, and at most one and a half times them and 2 MB. It is made from the header
//! alone. So the upper bar is held against the picture that takes most among those with the same header: a photograph
//! takes less than noise. libwebp allocates in C, so a job that writes WebP is measured by the growth of its process.

use anyhow::{Context, Result, bail};

use super::verdict;
use crate::command::{cargo, read};

pub(super) fn run() -> Result<()> {
    let printed = read(&mut cargo(
        "run --profile dist --locked -p resizer-imaging --example predict",
    ))?;
    let mut met = true;
    for line in printed.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[name, jobs, low, least, high, most] = fields.as_slice() else {
            bail!("the example says `{line}`");
        };
        let low: f64 = low.parse().context("no ratio")?;
        let high: f64 = high.parse().context("no ratio")?;
        met &= verdict(&format!("{name}, predicted by taken, {jobs} jobs"), low, 1.0);
        println!("    least: {least}");
        met &= verdict(&format!("{name}, allowed by predicted"), 1.0 / high, 1.0);
        println!("    most: {most}");
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}
