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

/// The sample photograph at 24 megapixels, 6000×4000, as a JPEG that takes a few hundred milliseconds to decode.
pub(crate) fn large() -> &'static [u8] {
    static LARGE: OnceLock<Vec<u8>> = OnceLock::new();
    LARGE.get_or_init(|| {
        let pairs = [
            ("width", "6000"),
            ("height", "4000"),
            ("scale", "both"),
            ("mode", "stretch"),
        ];
        let job = Job {
            instructions: Instructions::parse(pairs).0,
            format: Format::Jpeg,
            limits: Limits::default(),
        };
        run(lake(), &job, &Cancel::new()).unwrap().bytes
    })
}
