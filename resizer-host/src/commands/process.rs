//! `resizer-host process IN QUERY OUT`: runs the image pipeline on a file without a server, and reports its steps.

use std::path::Path;
use std::time::Duration;

use resizer_imaging::{Cancel, Format, Instructions, Job, Layout, Limits, inspect, run};
use resizer_plugin_api::Query;

use crate::complaint::Complaint;

/// Processes one file.
#[expect(clippy::disallowed_methods, reason = "a command line tool blocks no request")]
pub(super) fn process(input: &Path, query: &str, output: &Path) -> Result<u8, Complaint> {
    let about = |path: &Path, error: &dyn std::fmt::Display| Complaint::new(format!("{}: {error}", path.display()));
    let source = std::fs::read(input).map_err(|error| about(input, &error))?;
    let query = Query::parse(query);
    let (instructions, ignored) = Instructions::parse(query.iter());
    let format = instructions.format().or_else(|| format_of(output)).ok_or_else(|| {
        about(
            output,
            &"its extension names no format that can be written; add `format=jpg` or `format=png` to the query",
        )
    })?;
    let limits = Limits::default();
    let info = inspect(&source, &limits, &Cancel::new()).map_err(|error| about(input, &error))?;
    let layout = Layout::of(&instructions, info.oriented_size()).map_err(|error| about(input, &error))?;

    let mut report = format!(
        "source   {} {}, {} bytes\nlayout   crop {}, scaled {}, pad {:?}\n",
        info.format.name(),
        info.oriented_size(),
        source.len(),
        layout.crop.map_or("none".to_owned(), |crop| format!("{crop:?}")),
        layout.scaled.map_or("no".to_owned(), |scaled| scaled.to_string()),
        layout.pad,
    );
    for ignored in ignored {
        report += &format!("ignored  {ignored}\n");
    }
    let job = Job {
        instructions,
        format,
        limits,
    };
    let encoded = run(&source, &job, &Cancel::new()).map_err(|error| about(input, &with_causes(&error)))?;
    std::fs::write(output, &encoded.bytes).map_err(|error| about(output, &error))?;

    let timings = encoded.timings;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    report += &format!(
        "result   {} {}, {} bytes\ntime     decode {:.1} ms, scale {:.1} ms, encode {:.1} ms\n",
        encoded.format.name(),
        encoded.size,
        encoded.bytes.len(),
        ms(timings.decode),
        ms(timings.scale),
        ms(timings.encode),
    );
    crate::print(&report)
}

fn format_of(output: &Path) -> Option<Format> {
    Format::from_extension(output.extension()?.to_str()?)
}

/// An error with its causes. The operator runs this command, so nothing needs hiding.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}
