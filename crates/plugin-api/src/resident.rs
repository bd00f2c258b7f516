//! Entries that stay in memory: what they weigh, and a copy that is as large as it weighs. For plugins whose caches hold
//! entries in memory; how many they hold, and for how long, is theirs.

use bytes::Bytes;
use memmap2::MmapOptions;

use crate::{CacheKey, Entry};

/// What an entry costs beside its bytes and its texts, roughly: its place in a cache's table and in its queues, the
/// counters of its shared parts, and what the allocator adds.
const OVERHEAD: u64 = 512;
/// From this size on bytes get pages of their own, which go back to the system with them. The allocator would put them
/// into areas of megabytes, one for each size and thread, of which each stays for as long as anything in it does: beside
/// 33 MB of results that was some 15 MB more after a load of mixed sizes.
const OWN_PAGES: usize = 64 << 10;
/// The least that the system gives.
const PAGE: usize = 4 << 10;

impl Entry {
    /// The bytes that this entry counts for under its key, while a cache holds it in memory.
    #[must_use]
    pub fn weight(&self, key: &CacheKey) -> u64 {
        let texts = [
            key.source.as_str(),
            key.validator.as_str(),
            self.meta.validator.as_str(),
            &self.meta.content_type,
        ];
        let texts: usize = texts.map(str::len).iter().sum();
        let bytes = match self.bytes.len() {
            length if length < OWN_PAGES => length,
            length => length.next_multiple_of(PAGE),
        };
        (bytes + texts) as u64 + OVERHEAD
    }

    /// A copy to be held: these bytes may be a small part of a large buffer, which nobody counts.
    #[must_use]
    pub fn resident(&self) -> Self {
        let pages = match self.bytes.len() {
            length if length < OWN_PAGES => None,
            // Where the system has no more areas to give, the allocator has.
            length => MmapOptions::new().len(length).populate().map_anon().ok(),
        };
        let bytes = match pages {
            Some(mut pages) => {
                pages.copy_from_slice(&self.bytes);
                Bytes::from_owner(pages)
            }
            None => Bytes::copy_from_slice(&self.bytes),
        };
        Self {
            meta: self.meta.clone(),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryMeta, SourceKey, Validator, Variant};

    fn entry(length: usize) -> Entry {
        let whole: Bytes = (0..400_000_u32).map(|number| (number % 251) as u8).collect();
        Entry {
            meta: EntryMeta {
                content_type: "image/png".to_owned(),
                validator: Validator::new("v1"),
                modified: None,
            },
            bytes: whole.slice(7..7 + length),
        }
    }

    #[test]
    fn a_copy_has_the_same_bytes_and_shares_none() {
        for length in [1, 65_535, 65_536, 65_537, 300_000] {
            let entry = entry(length);
            let copy = entry.resident();
            assert_eq!(copy.bytes, entry.bytes);
            assert!(entry.bytes.is_unique(), "{length} bytes are shared");
        }
    }

    #[test]
    fn an_entry_weighs_at_least_its_bytes_and_texts() {
        let key = CacheKey {
            source: SourceKey::new("0123456789"),
            validator: Validator::new("v1"),
            variant: Variant::of(["width=4"]),
        };
        // Two validators, the source and the type: 23 bytes. From 64 KiB on, whole pages of 4 KiB.
        for (length, weight) in [(0, 0), (65_535, 65_535), (65_536, 65_536), (65_537, 69_632)] {
            assert_eq!(entry(length).weight(&key), weight + 23 + OVERHEAD, "{length}");
        }
    }
}
