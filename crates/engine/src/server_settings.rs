//! Engine settings: the part of `[server]` that the engine reads. [`crate::load`] fills them from `plugins.toml` and from
//! `RESIZER__SERVER__*` variables. The doc comment of each field is its row in `docs/server.md`. The rest of `[server]`
//! belongs to the host ([`crate::HostSettings`]); `config/server.rs` reads both.

/// Deserializes a type from a string through `TryFrom<String>`, inside of serde's visitor: only there does an error carry
/// the position of the value itself, also within a list.
#[doc(hidden)]
#[macro_export]
macro_rules! read_from_text {
    ($type:ty, $expecting:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        <$type>::try_from(text.to_owned()).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

mod cache_tags;
mod pipeline;

use resizer_plugin_api::{ByteSize, Seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cache_tags::CacheTagHeader;
pub use pipeline::{DefaultCommands, FakeExtension};

/// The engine's part of `[server]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Headers that name tags to a CDN, so that it can be told to forget an image or a folder: `"surrogate-key"` (Fastly),
    /// `"cache-tag"` (Cloudflare). The tags are the image's path and each folder on the way to it; a purge names the one
    /// to purge at the CDN.
    pub cache_tags: Vec<CacheTagHeader>,
    /// Extensions that a URL may carry behind that of the image: `/a.jpg.ashx?width=50` is `/a.jpg?width=50`. The first
    /// that fits is taken off, once, and the dots before it too.
    pub fake_extensions: Vec<FakeExtension>,
    /// Commands for every image, as in `"scale=both;mode=max"`, where the URL and the plugins give none. Keys that ask for
    /// an image to be processed, such as `width` or `format`, are better not here: every image would be.
    pub default_commands: DefaultCommands,
    /// Query keys that are taken out before anything reads them, such as those that only get past a cache.
    pub drop_query_keys: Vec<String>,
    /// Most time for one request, from its head to the first byte of the answer; then the answer is 504.
    pub deadline: Seconds,
    /// Jobs that may wait, for their source or for a work thread; when there are as many, further ones are answered with
    /// 503 at once. A change needs a restart.
    pub queue: usize,
    /// Threads that decode, resize and encode; `0` is one per core. A change needs a restart.
    pub work_threads: usize,
    /// Most memory for caches and for images in work and on their way to clients. Caches may take half of it together; of
    /// what they leave, three eighths are for sources and what is sent as it is, the rest for pixels and results.
    /// Without it: half of what the container (cgroup v1 or v2) or the machine has. A change needs a restart.
    pub memory_limit: Option<ByteSize>,
    /// Longest source file that is read.
    pub max_source_bytes: ByteSize,
    /// Most pixels a source may have, told from its header.
    pub max_source_pixels: u64,
    /// Longest side a source may have, in pixels.
    pub max_source_side: u32,
    /// Most pixels a result may have.
    pub max_output_pixels: u64,
    /// Longest side a result may have, in pixels.
    pub max_output_side: u32,
    /// Most frames of an animation that is kept whole.
    pub max_frames: u32,
    /// Most pixels of all frames of an animation together, as they are decoded and as they are written.
    pub max_total_pixels: u64,
    /// How long a source that is too large or cannot be decoded is remembered, so that asking again costs no decode.
    pub failure_memory: Seconds,
    /// How long, while a store fails, an image of it is still taken for what the store last said of it: what the caches
    /// hold of it is served meanwhile, and the store is asked again in the background. `"0s"` answers with the store's
    /// failure instead.
    pub stale_if_error: Seconds,
    /// For how long after a reader's `check_modified` an image is still taken for what the store last said of it while the
    /// store is asked in the background, so that nobody waits for that. A replaced image then shows by as much later. Has
    /// no effect where `check_modified` is `"0s"`; `"0s"` here lets the first who asks wait for the store.
    pub stale_while_revalidate: Seconds,
    /// How long a store is believed that an image is not there, or may not be read, before it is asked again; for readers
    /// that look for changes no longer than their `check_modified`. An image that is put there meanwhile shows by as much
    /// later, or after a purge. `"0s"` asks each time.
    pub missing_memory: Seconds,
    /// How many sources' sizes and dates are remembered between requests. A change needs a restart.
    pub stat_cache_entries: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let limits = resizer_imaging::Limits::default();
        Self {
            cache_tags: Vec::new(),
            fake_extensions: FakeExtension::try_from(".ashx".to_owned()).into_iter().collect(),
            default_commands: DefaultCommands::default(),
            drop_query_keys: Vec::new(),
            deadline: seconds(30),
            queue: 256,
            work_threads: 0,
            memory_limit: None,
            max_source_bytes: ByteSize(256 << 20),
            max_source_pixels: limits.max_source_pixels,
            max_source_side: limits.max_source_side,
            max_output_pixels: limits.max_output_pixels,
            max_output_side: limits.max_output_side,
            max_frames: limits.max_frames,
            max_total_pixels: limits.max_total_pixels,
            failure_memory: seconds(60),
            stale_if_error: seconds(24 * 60 * 60),
            // A CDN in front would keep the old picture for much longer than the wait that it spares.
            stale_while_revalidate: seconds(0),
            // Less than anybody who uploads what was missing takes to look again.
            missing_memory: seconds(2),
            stat_cache_entries: 100_000,
        }
    }
}

const fn seconds(seconds: u64) -> Seconds {
    Seconds(std::time::Duration::from_secs(seconds))
}
