//! Local disks: bounded blocking file IO, a store of entries in a folder, and the life of such a folder. Shared by the
//! plugins that work on a local disk. This crate knows nothing of images, requests or plugins.
//!
//! [`IoPool`] runs blocking file operations on a few threads of its own, so that a slow disk or a hanging network mount
//! stops neither the engine's runtime nor the server's workers. A plugin keeps one pool for each folder it serves, so
//! that one dead mount does not stop the other folders.
//!
//! [`Store`] keeps entries as files of a folder, bounded by bytes. A read gives exactly the bytes that were written, or
//! nothing. All methods of the store block; they are called on the threads of a pool or of the store's owner. Entries
//! may also name [`Contents`] that lie elsewhere, which then count and go with them.
//!
//! [`CacheFolder`] opens a store when a server starts, and takes its folder over in the background.

#[cfg(not(unix))]
compile_error!("the store relies on Unix file systems: renaming over open files, and blocks as `du` counts them");

mod cache_folder;
mod io_pool;
mod store;

pub use cache_folder::CacheFolder;
pub use io_pool::{IoPool, IoPoolError};
pub use store::{Bound, Content, Contents, Counts, EntryKey, EntryName, Found, LongBody, OpenError, Store};
