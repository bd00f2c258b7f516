//! `resizer-host layout`: prints the geometry of one image or of many as JSON. For scripts, and for comparing this
//! server's geometry with that of others.

use std::io::{BufRead as _, Write as _};

use resizer_imaging::{Instructions, Layout, Size};
use resizer_plugin_api::Query;
use serde::{Deserialize, Serialize};

use crate::complaint::Complaint;

/// A line of standard input; other fields are ignored.
#[derive(Deserialize)]
struct Case {
    source: (u32, u32),
    query: String,
}

/// One line of output, in the order of the steps.
#[derive(Serialize)]
struct Line {
    source: (u32, u32),
    /// The window that is cut out: left, top, right, bottom.
    crop: Option<[u32; 4]>,
    scaled: Option<(u32, u32)>,
    /// Pixels added: left, top, right, bottom.
    pad: [u32; 4],
    output: (u32, u32),
}

#[derive(Serialize)]
struct ErrorLine {
    error: String,
}

/// The layout of one image.
pub(super) fn one(source: (u32, u32), query: &str) -> Result<u8, Complaint> {
    let line = layout(source, query).map_err(Complaint::new)?;
    crate::print(&format!("{line}\n"))
}

/// A line of output for each line of input. A line that has no layout gets its error as its line of output, and the
/// exit code is then 1.
pub(super) fn batch() -> Result<u8, Complaint> {
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut failed = false;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Complaint::new(format!("cannot read standard input: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        let case = serde_json::from_str(&line).map_err(|error| format!("not a case: {error}"));
        let answer = case
            .and_then(|Case { source, query }| layout(source, &query))
            .or_else(|error| {
                failed = true;
                serde_json::to_string(&ErrorLine { error }).map_err(Complaint::new)
            })?;
        if writeln!(output, "{answer}").is_err() {
            // The reader is gone.
            break;
        }
    }
    let _ = output.flush();
    Ok(failed.into())
}

fn layout(source: (u32, u32), query: &str) -> Result<String, String> {
    let query = Query::parse(query);
    let (instructions, _) = Instructions::parse(query.iter());
    let layout = Layout::of(&instructions, Size::new(source.0, source.1)).map_err(|error| error.to_string())?;
    let pair = |size: Size| (size.width, size.height);
    let line = Line {
        source: pair(layout.source),
        crop: layout.crop,
        scaled: layout.scaled.map(pair),
        pad: layout.pad,
        output: pair(layout.output),
    };
    serde_json::to_string(&line).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn layout_of_a_query_is_one_json_object_with_fields_in_order() {
        // 1600x1200 fits 400x300 exactly; of a 100x100 square only the middle 1200 columns are shown.
        let check =
            |query: &str, expected: &str| assert_eq!(layout((1600, 1200), query).as_deref(), Ok(expected), "{query}");
        check(
            "w=400",
            r#"{"source":[1600,1200],"crop":null,"scaled":[400,300],"pad":[0,0,0,0],"output":[400,300]}"#,
        );
        check(
            "w=100&h=100&mode=crop",
            r#"{"source":[1600,1200],"crop":[200,0,1400,1200],"scaled":[100,100],"pad":[0,0,0,0],"output":[100,100]}"#,
        );
        assert!(layout((0, 4), "w=1").is_err());
    }
}
