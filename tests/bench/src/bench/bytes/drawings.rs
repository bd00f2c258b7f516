//! Drawings of the bytes bench: charts, text and icons, drawn here as SVG and rasterised by sharp as PNG.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::bench::sharp::Sharp;
use crate::command::run;

/// Width and height of each.
const SIDES: [u32; 2] = [900, 600];

/// The name of a drawing, and the elements that it consists of.
type Drawing = (&'static str, fn() -> Result<String>);

const DRAWINGS: [Drawing; 5] = [
    ("chart", chart),
    ("text", text),
    ("icon", icon),
    ("gradient", gradient),
    ("table", table),
];

/// Makes below this folder what is not there yet.
pub(super) fn prepare(folder: &Path, sharp: &Sharp) -> Result<Vec<PathBuf>> {
    let [width, height] = SIDES;
    let mut made = Vec::new();
    for (name, elements) in DRAWINGS {
        let path = folder.join(format!("drawing-{name}.png"));
        if !path.exists() {
            let svg = path.with_extension("svg");
            let elements = elements()?;
            fs::write(
                &svg,
                format!(
                    r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{elements}</svg>"#
                ),
            )?;
            let unfinished = path.with_extension("part");
            let options = format!(r#"{{"width":{width},"height":{height},"format":"png","output":{{}}}}"#);
            run(sharp.command("make").arg(&svg).arg(options).arg(&unfinished))?;
            fs::rename(&unfinished, &path)?;
        }
        made.push(path);
    }
    Ok(made)
}

/// Bars of five colours on white, with a grid.
fn chart() -> Result<String> {
    let mut elements = String::from(r##"<rect width="900" height="600" fill="#fff"/>"##);
    for line in 0..10 {
        let y = 50 + line * 55;
        write!(elements, r##"<path d="M40 {y}H860" stroke="#ddd"/>"##)?;
    }
    for bar in 0..20 {
        let (x, height) = (50 + bar * 40, 40 + bar * bar * 37 % 450);
        let fill = ["#3366cc", "#dc3912", "#ff9900", "#109618", "#990099"][bar % 5];
        let y = 545 - height;
        write!(
            elements,
            r#"<rect x="{x}" y="{y}" width="28" height="{height}" fill="{fill}"/>"#
        )?;
    }
    Ok(elements)
}

/// Lines of dark text on a light ground.
fn text() -> Result<String> {
    let mut elements = String::from(r##"<rect width="900" height="600" fill="#fdfdf6"/>"##);
    for line in 0..24 {
        let y = 30 + line * 24;
        write!(
            elements,
            r##"<text x="20" y="{y}" font-family="sans-serif" font-size="17" fill="#222">Line {line}: results are
            produced once for all requests that wait, within {} megabytes.</text>"##,
            line * 37 % 91
        )?;
    }
    Ok(elements)
}

/// A transparent ground with round shapes, some of them half transparent.
fn icon() -> Result<String> {
    Ok(
        r##"<circle cx="450" cy="300" r="250" fill="#0a84ff"/><circle cx="560" cy="260" r="160" fill="#fff"
        fill-opacity="0.5"/><path d="M250 420L450 150L650 420Z" fill="#ffcc00"/>"##
            .to_owned(),
    )
}

/// Slow changes of colour.
fn gradient() -> Result<String> {
    Ok(
        r##"<defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#1e3c72"/><stop offset="1"
        stop-color="#f7b733"/></linearGradient></defs><rect width="900" height="600" fill="url(#g)"/>"##
            .to_owned(),
    )
}

/// Cells in four flat colours, without smooth edges.
fn table() -> Result<String> {
    let mut elements = String::from(r##"<rect width="900" height="600" fill="#fff"/>"##);
    for cell in 0..150 {
        let (x, y) = (cell % 15 * 60, cell / 15 * 60);
        let fill = ["#eef", "#cde", "#ffe", "#fff"][cell * 7 % 11 % 4];
        write!(
            elements,
            r##"<rect x="{x}" y="{y}" width="58" height="58" fill="{fill}"/>"##
        )?;
    }
    Ok(elements)
}
