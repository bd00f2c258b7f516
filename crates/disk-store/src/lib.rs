//! What plugins that work on a local disk share. It knows nothing of images, requests or plugins.
//!
//! [`IoPool`] runs blocking file operations on a few threads of its own, so that a slow disk or a hanging network mount
//! stops neither the engine's runtime nor the server's workers. Whoever opens a pool owns it: a plugin keeps one for
//! each folder it serves, so that one dead mount does not stop the other folders.

mod io_pool;

pub use io_pool::{IoPool, IoPoolError};
