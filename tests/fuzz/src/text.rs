//! Targets that parse text: the querystring, commands in a path, and the instructions that both give.

use resizer_imaging::{Instructions, Layout, Size};
use resizer_plugin_api::Query;

/// A querystring. It stays the same when it is written and read again.
pub(crate) fn query(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for query in [Query::parse(&text), Query::parse_commands(&text)] {
        let again = Query::parse(&query.to_string());
        assert!(again.iter().eq(query.iter()), "{query} became {again}");
        let (instructions, _) = Instructions::parse(query.iter());
        for (width, height) in [(1, 1), (640, 427), (12_000, 1)] {
            let layout = Layout::of(&instructions, Size::new(width, height));
            drop(std::hint::black_box(layout));
        }
    }
}
