//! Targets that parse text: paths, the querystring, commands in a path, and the instructions that these give.

use resizer_imaging::{Compat, Instructions, Layout, Size};
use resizer_plugin_api::engine::text_of_path;
use resizer_plugin_api::{Query, SourcePath, bytes_of_path};

/// The bytes of a decoded path. They come back from its text, and a source is given none that leads out of a folder.
pub(crate) fn path(input: &[u8]) {
    let text = text_of_path(input);
    assert_eq!(bytes_of_path(&text), input, "{text}");
    if let Ok(path) = SourcePath::parse(&text) {
        let mut segments = input.split(|byte| *byte == b'/');
        assert!(!segments.any(|segment| segment == b"." || segment == b".."), "{path}");
        assert!(!input.iter().any(|byte| *byte < b' ' || *byte == b'\\'), "{path}");
    }
}

/// A querystring. It stays the same when it is written and read again.
pub(crate) fn query(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for query in [Query::parse(&text), Query::parse_commands(&text)] {
        let again = Query::parse(&query.to_string());
        assert!(again.iter().eq(query.iter()), "{query} became {again}");
        for compat in [Compat::None, Compat::ImageResizer4] {
            let (instructions, _) = Instructions::parse_as(compat, query.iter());
            for (width, height) in [(1, 1), (640, 427), (12_000, 1)] {
                let layout = Layout::of(&instructions, Size::new(width, height));
                drop(std::hint::black_box(layout));
            }
        }
    }
}
