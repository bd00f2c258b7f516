//! Bench of watermarks: the processor time that a layer adds to a result of 800 pixels, as a share of the job without
//! it. Both jobs take turns in one process. The layer is kept decoded, as the server keeps it.

use anyhow::{Result, bail, ensure};

use crate::command::{self, cargo, program, read};
use crate::soak::at_most;
use crate::workspace;

const JOBS: usize = 41;
const BAR: f64 = 0.25;
/// Results by planes and by pixels.
const QUERIES: [&str; 4] = [
    "width=800&format=jpg&quality=80",
    "width=800&format=webp",
    "width=800&format=png",
    "width=800&format=jpg&quality=80&s.grayscale=true",
];

pub(super) fn run() -> Result<()> {
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-imaging --example watermark",
    ))?;
    let example = workspace::target()?.join("dist/examples/watermark");
    let samples = workspace::root().join("samples");
    let mut met = true;
    for query in QUERIES {
        let mut measure = program(&example, "");
        measure.args([samples.join("lake.jpg"), samples.join("mark.png")]);
        let printed = read(measure.args([query, &JOBS.to_string()]))?;
        let times: Option<Vec<f64>> = printed.split_whitespace().map(|number| number.parse().ok()).collect();
        let Some(&[plain, marked]) = times.as_deref() else {
            bail!("two numbers were expected, and not `{printed}`");
        };
        println!("{query}: {plain:.2} ms without, {marked:.2} ms with a layer");
        met &= at_most(&format!("{query}, added share"), (marked - plain) / plain, BAR);
    }
    ensure!(met, "a bar is not met");
    Ok(())
}
