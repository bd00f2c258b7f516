//! Engine settings: the part of `[server]` that the engine reads. [`crate::load`] fills them from `plugins.toml` and
//! from `RESIZER__SERVER__*` variables. The doc comment of each field is its row in `docs/server.md`. The rest of
//! `[server]` belongs to the host ([`crate::HostSettings`]); `config/server.rs` reads both.

mod cache_tags;
mod compat;
mod metadata;
mod negotiate;
mod pipeline;

use resizer_plugin_api::{ByteSize, Damaged, Seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cache_tags::CacheTagHeader;
pub use compat::Compat;
pub use metadata::CopyMetadata;
pub use negotiate::Negotiate;
pub use pipeline::{DefaultCommands, FakeExtension};

/// The engine's part of `[server]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Headers with cache tags, by which a CDN can purge an image or a folder: `"surrogate-key"` (Fastly),
    /// `"cache-tag"` (Cloudflare). The tags are the image's path and each folder on the way to it; a purge names the
    /// tag to purge at the CDN.
    pub cache_tags: Vec<CacheTagHeader>,
    /// Extensions that a URL may have after that of the image: `/a.jpg.ashx?width=50` is `/a.jpg?width=50`. The first
    /// that matches is removed once, with the dots before it.
    pub fake_extensions: Vec<FakeExtension>,
    /// Default commands for every image, as in `"scale=both;mode=max"`; the URL and the plugins overrule them. Leave
    /// out keys that make an image be processed, such as `width` or `format`: every image would be processed.
    pub default_commands: DefaultCommands,
    /// Query keys that are removed before anything reads them, such as those that only bypass a cache.
    pub drop_query_keys: Vec<String>,
    /// The timeout for one request, from its head to the first byte of the response; a later response is 504.
    pub deadline: Seconds,
    /// Most jobs that wait, for their source or for a work thread; further requests are answered with 503 at once. A
    /// change needs a restart.
    pub queue: usize,
    /// Most jobs of one prefix that wait for their store. Further requests are answered with 503 at once, while images
    /// of other stores are served. By default as many as there are free places in `queue`. So a store that hangs takes
    /// half of all places and a second one a quarter. A configuration with one prefix has no bound by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_per_store: Option<usize>,
    /// Threads that decode, resize and encode; `0` is one per core. Half as many more, but at least one, are for images
    /// that take a few milliseconds, so that these do not wait behind large ones. A change needs a restart.
    pub work_threads: usize,
    /// Most memory for caches, for images in work, and for images that are being sent. All caches together may take
    /// half of it. Of the rest, three eighths are for sources and for images that are sent unchanged, and five for
    /// pixels and results. The connections of clients count in it, as they grow. The default is half of the memory of
    /// the container (cgroup v1 or v2) or of the machine without 32 MiB, which the process takes in any case. A change
    /// needs a restart.
    pub memory_limit: Option<ByteSize>,
    /// Longest source file that is read.
    pub max_source_bytes: ByteSize,
    /// Most pixels a source may have, according to its header.
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
    /// Whether an image is shown whose file is damaged behind its header, such as an upload that broke off. With
    /// `"refuse"` the response is 422. With `"show"` the image is shown, and what is missing is grey, or transparent
    /// where the image has transparency; an animation ends before the damage. Such a response says `X-Damaged: source`,
    /// has no `ETag`, and is kept in no cache of this server. A reader's own `damaged` goes before this.
    pub damaged: Damaged,
    /// How long clients and CDNs may keep what is shown of a damaged image: the `max-age` of its `Cache-Control`. With
    /// `"0s"` they ask each time.
    pub damaged_max_age: Seconds,
    /// Whether each response says in `X-Resizer-Warnings` which parts of its query were ignored, each with the nearest
    /// valid key or value. `resizer-host explain` tells the same of one URL.
    pub warnings: bool,
    /// Whose rules hold where ImageResizer makes other pixels of a querystring than this server. With
    /// `"imageresizer4"` those of ImageResizer 4, for a site that moves here and must not see a difference;
    /// [differences.md](differences.md) says for each difference whether it follows this setting. The cached results
    /// of both are kept apart.
    pub compat: Compat,
    /// Whether the EXIF, XMP and IPTC data of an image are copied into its result: with `"as-asked"` where the query
    /// has `copymetadata=true`, with `"always"` and with `"never"` whatever the query says.
    pub metadata: CopyMetadata,
    /// For which images the format is negotiated: chosen by what the client takes (`Accept`) and by what the image is,
    /// with `Vary: Accept` in the response. With `"as-asked"` where the query has `format=auto` or `qp` without a
    /// format, with `"always"` also where it has neither, and with `"never"` nowhere. Images that are sent unchanged are
    /// no matter of this.
    pub negotiate: Negotiate,
    /// How long a source that is too large or cannot be decoded is remembered, so that further requests need no decode.
    pub failure_memory: Seconds,
    /// How long the last known state of an image is used while its store fails. Meanwhile cached results are served,
    /// and the store is asked again in the background. With `"0s"` the response is the failure of the store.
    pub stale_if_error: Seconds,
    /// How long after a reader's `check_modified` the last known state of an image is still used while the store is
    /// asked in the background, so that no client waits for the store. A replaced image then appears later by this
    /// time. It has no effect where `check_modified` is `"0s"`. With `"0s"` the first request waits for the store.
    pub stale_while_revalidate: Seconds,
    /// How long the negative cache remembers that an image does not exist or may not be read; for readers that look for
    /// changes no longer than their `check_modified`. An image that is stored meanwhile appears later by this time, or
    /// after a purge. With `"0s"` every request asks the store.
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
            queue_per_store: None,
            work_threads: 0,
            memory_limit: None,
            max_source_bytes: ByteSize(256 << 20),
            max_source_pixels: limits.max_source_pixels,
            max_source_side: limits.max_source_side,
            max_output_pixels: limits.max_output_pixels,
            max_output_side: limits.max_output_side,
            max_frames: limits.max_frames,
            max_total_pixels: limits.max_total_pixels,
            damaged: Damaged::Refuse,
            warnings: false,
            compat: Compat::None,
            metadata: CopyMetadata::AsAsked,
            negotiate: Negotiate::AsAsked,
            // As long as a failure is remembered: an upload that is repeated shows as soon.
            damaged_max_age: seconds(60),
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
