//! Resident copies: the weight of an entry in bytes, and a copy that takes as many bytes as it weighs.

use bytes::Bytes;
use memmap2::MmapOptions;
use resizer_plugin_api::{CacheKey, Entry};

/// The bytes that an entry costs beside its contents and its texts, roughly: its place in a cache's table and in its
/// queues, the counters of its shared parts, and the overhead of the allocator.
const OVERHEAD: u64 = 512;
/// From this size on, in bytes, an entry gets pages of its own, which return to the system with the entry. The
/// allocator would put the entry into areas of megabytes, one for each size and thread, and keep an area for as long as
/// anything in it lives: beside 33 MB of results that was some 15 MB more after a load of mixed sizes.
const OWN_PAGES: usize = 64 << 10;
/// The size of a page, in bytes.
const PAGE: usize = 4 << 10;

/// The bytes that an entry counts for under its key, while a cache holds the entry in memory.
#[must_use]
pub fn weight(key: &CacheKey, entry: &Entry) -> u64 {
    let texts = [
        key.source.as_str(),
        key.validator.as_str(),
        entry.meta.validator.as_str(),
        &entry.meta.content_type,
    ];
    let texts: usize = texts.map(str::len).iter().sum();
    let bytes = match entry.bytes.len() {
        length if length < OWN_PAGES => length,
        length => length.next_multiple_of(PAGE),
    };
    (bytes + texts) as u64 + OVERHEAD
}

/// A copy for a cache to hold. The bytes of the original may be a small part of a large buffer, which nobody counts.
#[must_use]
pub fn resident(entry: &Entry) -> Entry {
    let mut copy = entry.clone();
    copy.bytes = match entry.bytes.len() {
        length if length < OWN_PAGES => Bytes::copy_from_slice(&entry.bytes),
        // Where the system has no more areas to give, the allocator has.
        length => match MmapOptions::new().len(length).populate().map_anon() {
            Ok(mut pages) => {
                pages.copy_from_slice(&entry.bytes);
                Bytes::from_owner(pages)
            }
            Err(_) => Bytes::copy_from_slice(&entry.bytes),
        },
    };
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use resizer_plugin_api::{EntryMeta, SourceKey, Validator, Variant};

    fn entry(length: usize) -> Entry {
        let whole: Bytes = (0..400_000_u32).map(|number| (number % 251) as u8).collect();
        let meta = EntryMeta::new("image/png", Validator::new("v1"));
        Entry::new(meta, whole.slice(7..7 + length))
    }

    #[test]
    fn resident_copy_has_the_same_bytes_and_shares_none() {
        for length in [1, 65_535, 65_536, 65_537, 300_000] {
            let entry = entry(length);
            let copy = resident(&entry);
            assert_eq!(copy.bytes, entry.bytes);
            assert!(entry.bytes.is_unique(), "{length} bytes are shared");
        }
    }

    #[test]
    fn entry_weighs_at_least_its_bytes_and_texts() {
        let key = CacheKey {
            source: SourceKey::new("0123456789"),
            validator: Validator::new("v1"),
            variant: Variant::of(["width=4"]),
        };
        // Two validators, the source and the type: 23 bytes. From 64 KiB on, whole pages of 4 KiB.
        for (length, bytes) in [(0, 0), (65_535, 65_535), (65_536, 65_536), (65_537, 69_632)] {
            assert_eq!(weight(&key, &entry(length)), bytes + 23 + OVERHEAD, "{length}");
        }
    }
}
