//! Request draft: path and query while plugins may still rewrite them. Made by `walk`, frozen into an [`ImageRequest`]
//! by `rewrite`.
//!
//! [`ImageRequest`]: resizer_plugin_api::ImageRequest

use std::sync::Arc;

use http::Extensions;
use resizer_plugin_api::{Query, RequestHead, RewriteEvent};

/// A request that may still be rewritten.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) head: Arc<RequestHead>,
    /// Decoded.
    pub(crate) path: String,
    pub(crate) query: Query,
    /// A plugin said that this path is an image's, whatever its extension.
    pub(crate) any_extension: bool,
    pub(crate) state: Extensions,
}

impl Draft {
    /// The event that handlers of `on_request` and of the rewrite events get.
    pub(crate) fn event(&mut self) -> RewriteEvent<'_> {
        RewriteEvent::new(
            &self.head,
            &mut self.path,
            &mut self.query,
            &mut self.any_extension,
            &mut self.state,
        )
    }
}
