//! What plugins that work on a local disk share. It knows nothing of images, requests or plugins.
//!
//! [`IoPool`] runs blocking file operations on a few threads of its own, so that a slow disk or a hanging network mount
//! stops neither the engine's runtime nor the server's workers. Whoever opens a pool owns it: a plugin keeps one for
//! each folder it serves, so that one dead mount does not stop the other folders.
//!
//! [`Store`] keeps entries as files of a folder, bounded by bytes, and gives back what was written or nothing. All its
//! methods block; they are called on the threads of a pool or of its owner. Entries may also name [`Contents`] that lie
//! elsewhere, which then count and go with them.

#[cfg(not(unix))]
compile_error!("the store relies on Unix file systems: renaming over open files, and blocks as `du` counts them");

mod io_pool;
mod store;

pub use io_pool::{IoPool, IoPoolError};
pub use store::{Bound, Content, Contents, Counts, EntryKey, EntryName, Found, LongBody, OpenError, Store};
