//! What jobs take against what was predicted for them, by the example `predict` of resizer-imaging, which counts every
//! allocation. A prediction is never less than what is taken, and never more than one and a half times that and 2 MB. It
//! is made from the header alone, so the upper bar is held against the picture that takes most of those that have it: a
//! photograph takes less than noise. Jobs that write WebP are measured by what their process grew by, as libwebp allocates
//! in C.

use anyhow::{Context, Result, bail};

use super::verdict;
use crate::command::{cargo, read};

pub(super) fn run() -> Result<()> {
    let printed = read(&mut cargo(
        "run --release --locked -p resizer-imaging --example predict",
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
