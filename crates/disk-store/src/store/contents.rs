//! Named contents: files elsewhere that entries name, as in a content-addressed store. They count against the same
//! bound, and go with the last entry that names them. Implemented by the owner of a store; called by the store.

use std::io;

use super::EntryName;

/// Contents that the entries of one store name in their meta. Several entries may name one content.
///
/// An entry is written after its content and removed before it, so a crash may leave contents that no entry names,
/// never the other way round.
pub trait Contents: Send + Sync {
    /// An entry was written, or found while the folder was listed, with this meta. The entry no longer names the
    /// content that it named before. May be told the same again.
    ///
    /// # Errors
    /// The content that the entry named before cannot be removed.
    fn named(&self, entry: EntryName, meta: &[u8]) -> io::Result<()>;

    /// An entry is gone, and with it the content that no other entry names. May be told of entries that name nothing.
    ///
    /// # Errors
    /// The content cannot be removed; it still counts then.
    fn unnamed(&self, entry: EntryName) -> io::Result<()>;

    /// All entries of the folder have been told of: contents that none names are removed, the others are counted.
    ///
    /// # Errors
    /// The contents cannot be listed or removed. Worth another try.
    fn listed(&self) -> io::Result<()>;

    /// The bytes of all contents on the disk. Called often: does not wait for the disk.
    fn bytes(&self) -> u64;
}
