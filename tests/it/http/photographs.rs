//! Images for tests over HTTP.

use std::path::Path;
use std::sync::OnceLock;

use resizer_imaging::{Cancel, Format, Instructions, Job, Limits, run};

/// The sample photograph, 2400×1600.
pub(crate) fn lake() -> &'static [u8] {
    static LAKE: OnceLock<Vec<u8>> = OnceLock::new();
    LAKE.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/lake.jpg");
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    })
}

/// The sample photograph upside down, another one to everybody who looks.
pub(crate) fn upside_down() -> &'static [u8] {
    static UPSIDE_DOWN: OnceLock<Vec<u8>> = OnceLock::new();
    UPSIDE_DOWN.get_or_init(|| made_of_lake(&[("flip", "v")]))
}

/// The sample photograph small enough, 300×200, to cost nothing.
pub(crate) fn thumbnail() -> &'static [u8] {
    static THUMBNAIL: OnceLock<Vec<u8>> = OnceLock::new();
    THUMBNAIL.get_or_init(|| made_of_lake(&[("width", "300")]))
}

/// The sample photograph at 24 megapixels, 6000×4000, as a JPEG that takes a few hundred milliseconds to decode.
pub(crate) fn large() -> &'static [u8] {
    static LARGE: OnceLock<Vec<u8>> = OnceLock::new();
    LARGE.get_or_init(|| {
        made_of_lake(&[
            ("width", "6000"),
            ("height", "4000"),
            ("scale", "both"),
            ("mode", "stretch"),
        ])
    })
}

fn made_of_lake(pairs: &[(&str, &str)]) -> Vec<u8> {
    let job = Job {
        instructions: Instructions::parse(pairs.iter().copied()).0,
        format: Format::Jpeg,
        limits: Limits::default(),
    };
    run(lake(), &job, &Cancel::new()).unwrap().bytes
}
