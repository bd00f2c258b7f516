//! Header of a source: reads it on tokio's pool for blocking work, because a header can lie behind megabytes of
//! metadata. Called by `produce` for images and by `layers` for overlays.

use std::time::Duration;

use resizer_imaging::{Cancel, Limits, SourceInfo, inspect};
use resizer_plugin_api::Error;

use crate::flight::panicked;
use crate::image_error::public;
use crate::produced::HeldBytes;
use crate::shared::Shared;

/// Reads the header. The memory of the source and of the header is held until the work ends, even when nobody waits any
/// more.
pub(crate) async fn header(
    engine: &Shared,
    source: impl HeldBytes,
    limits: Limits,
    timeout: Duration,
    cancel: Cancel,
) -> Result<SourceInfo, Error> {
    let leave = std::sync::Arc::clone(&engine.headers).acquire_owned().await;
    let reserved = engine.admission.header(timeout).await?;
    let work = move || {
        let _held = (leave, reserved);
        inspect(source.held_bytes(), &limits, &cancel).map_err(public)
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|failed| Err(panicked(&*failed.into_panic())))
}
