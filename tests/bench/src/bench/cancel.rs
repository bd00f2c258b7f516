//! Cancellation bench: the processor time of a job of 12 megapixels after its cancellation, at twenty moments of each
//! kind of job. Other programs do not count.

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo};
use crate::soak::at_most;

/// In milliseconds.
const BAR: f64 = 50.0;

pub(crate) fn run() -> Result<()> {
    let lines = command::read(&mut cargo(
        "run --profile dist --locked --quiet -p resizer-imaging --example cancel -- samples",
    ))?;
    let mut passed = true;
    for line in lines.lines() {
        let mut parts = line.split('\t');
        let (Some(name), Some(longest), Some(whole)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("the example printed `{line}`");
        };
        let longest: f64 = longest
            .parse()
            .with_context(|| format!("the example printed `{line}`"))?;
        passed &= at_most(&format!("{name} (ms of {whole})"), longest, BAR);
    }
    if !passed {
        bail!("a job went on for too long after it was called off");
    }
    Ok(())
}
