//! Store errors: their log lines, the timeout error, and the difference between a store that fails and one that
//! refuses. Used wherever the engine calls a source: `locate`, `download`, `relay` and `produce`.

use resizer_plugin_api::{Error, ErrorKind, SourceKey};

/// The error for a store that exceeds its source's `fetch_timeout`.
pub(crate) fn timed_out() -> Error {
    Error::new(ErrorKind::Timeout, "The image's store took too long.")
}

/// Whether the store failed. A store that answers 404 or 403 works.
pub(crate) fn is_unavailable(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Upstream | ErrorKind::Timeout)
}

/// Logs an error once, where it happens, however many requests wait for the store.
pub(crate) fn log(plugin: &'static str, key: &SourceKey, error: &Error) {
    let (kind, cause) = (error.kind().name(), error.cause());
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Cancelled) {
        tracing::debug!(plugin, source = %key, kind, cause, "{error}");
    } else {
        tracing::warn!(plugin, source = %key, kind, cause, "{error}");
    }
}
