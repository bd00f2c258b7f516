//! Tests of the plugin: the header with and without the key.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::HandlePlan;
use resizer_plugin_api::http::{Extensions, HeaderMap};
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{ImageRequest, PreHandleEvent, Query, RequestHead, SourceKey, Stat};

use crate::event::SaveAs;

/// The headers that the plugin sets for a query.
fn headers(settings: &str, query: &str) -> HeaderMap {
    let table = Installer::default().install::<SaveAs>(settings).unwrap();
    let head = Arc::new(RequestHead::get("/a.jpg", query));
    let (query, instructions) = (Query::parse(query), Instructions::default());
    let request = ImageRequest::new(head, "/a.jpg".to_owned(), query, instructions, Extensions::new());
    let (source, stat, mut plan) = (SourceKey::new("file:/a.jpg"), Stat::unknown(), HandlePlan::default());
    let mut event = PreHandleEvent::new(&request, &source, &stat, None, true, true, &mut plan);
    (table.on_pre_handle[0].value)(&mut event).unwrap();
    plan.headers
}

#[test]
fn image_with_the_key_is_saved_and_others_are_shown() {
    assert_eq!(
        headers("", "width=1&download=true")["content-disposition"],
        "attachment"
    );
    assert!(headers("", "width=1").is_empty());
    assert_eq!(headers("key = 'save'", "save")["content-disposition"], "attachment");
}
