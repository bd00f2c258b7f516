//! Bytes on their way to a client: a source in memory, a result shared by its waiters, and the body of one response.
//! Made by `download`, `produce` and `relay`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use resizer_imaging::Size;
use resizer_plugin_api::{Body, CacheKey, EntryMeta, Seconds, Stat, Validator};

use crate::admission::Reserved;
use crate::range::Part;

/// The body of a response, and the key of the result that the body holds.
pub(crate) struct Produced {
    pub(crate) key: CacheKey,
    pub(crate) meta: EntryMeta,
    pub(crate) body: Body,
    /// Set where the body is only this part of the result, because the source was asked for no more.
    pub(crate) part: Option<Part>,
    /// How long the result may be kept if a part of its source is missing.
    pub(crate) damaged: Option<Seconds>,
}

/// The result of a flight, shared by all who waited for it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) key: CacheKey,
    pub(crate) meta: EntryMeta,
    /// The bytes for clients. They hold a memory reservation until the last client has them.
    pub(crate) reply: Bytes,
    /// Whether a part of the source is missing.
    pub(crate) damaged: bool,
    /// The plugin whose cache held the result after all.
    pub(crate) found_in: Option<&'static str>,
    /// How long each stage took, in the order of the stages.
    pub(crate) stages: Vec<(&'static str, Duration)>,
}

/// A whole source in memory. The memory stays reserved for as long as a clone lives.
#[derive(Clone, Debug)]
pub(crate) struct SourceBytes {
    pub(crate) bytes: Bytes,
    /// The stat that came with the bytes.
    pub(crate) stat: Stat,
    pub(crate) _reserved: Arc<Reserved>,
}

/// Bytes of a file together with what keeps their memory reserved.
pub(crate) trait HeldBytes: Send + 'static {
    /// The bytes.
    fn held_bytes(&self) -> &[u8];
}

impl HeldBytes for SourceBytes {
    fn held_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes of a cache, whose claim counts them, or of a source that is held beside them.
impl HeldBytes for (Bytes, Option<SourceBytes>) {
    fn held_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A part of an overlay: its size alone, its file, or its pixels as red, green, blue and alpha.
#[derive(Clone, Debug)]
pub(crate) struct LayerPart {
    pub(crate) size: Size,
    pub(crate) bytes: Bytes,
    /// The version of the file that it was made from.
    pub(crate) validator: Validator,
}
