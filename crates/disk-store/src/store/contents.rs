//! What entries may name that does not lie in their own files, as the contents of a content store do: counted against the
//! same bound, and gone with the last entry that names it. Implemented by the owner of a store; called by the store.

use std::io;

use super::EntryName;

/// Contents that the entries of one store name in what is kept beside their bytes. One content may be named by several.
///
/// Entries are written after what they name and removed before it, so after a crash there may be contents that nothing
/// names, never the other way round.
pub trait Contents: Send + Sync {
    /// An entry was written, or found while the folder was listed, with this meta. What it named before, it does not
    /// name any more. May be told the same again.
    ///
    /// # Errors
    /// What it named before cannot be removed.
    fn named(&self, entry: EntryName, meta: &[u8]) -> io::Result<()>;

    /// An entry is gone, and with it what no other names. May be told of entries that name nothing.
    ///
    /// # Errors
    /// What it named cannot be removed; it still counts then.
    fn unnamed(&self, entry: EntryName) -> io::Result<()>;

    /// Every entry of the folder has been told of: what none of them names is removed, all else is counted.
    ///
    /// # Errors
    /// The contents cannot be listed or removed. Worth another try.
    fn listed(&self) -> io::Result<()>;

    /// What the contents take on the disk, in bytes. Called often: does not wait for the disk.
    fn bytes(&self) -> u64;
}
