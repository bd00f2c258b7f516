//! `[server]` of `plugins.toml`: everything that is not a plugin's. [`crate::load`] fills it from the file and from
//! `RESIZER__SERVER__*` variables; the host and the engine read it. The doc comment of each field is its row in
//! `docs/server.md`. Not here: where and how the values are read (`config/server.rs`).

/// Reads a type out of a string through `TryFrom<String>`, inside of serde's visitor: only there does an error carry
/// the place of the very value, also within a list.
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

mod address;
mod cache_tags;
mod log;
mod network;
mod origin;
mod pipeline;
mod response_header;

use std::collections::BTreeMap;

use resizer_plugin_api::{ByteSize, Seconds, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::{AdminListen, ListenAddress};
pub use cache_tags::CacheTagHeader;
pub use log::{LogFilter, LogFormat};
pub use network::Network;
pub use origin::CorsOrigin;
pub use pipeline::{DefaultCommands, FakeExtension};
pub use response_header::{ExtraHeaderName, ExtraHeaderValue};

/// `[server]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The address and port that images are served on. In a container this is usually `0.0.0.0:8080`. A change needs a
    /// restart.
    pub listen: ListenAddress,
    /// The address and port of the admin listener (metrics, health, plugins' pages), or `"off"`. Keep it away from the
    /// public. A change needs a restart.
    pub admin_listen: AdminListen,
    /// What a client of the admin listener shows as `Authorization: Bearer …`. Required where `admin_listen` is not a
    /// loopback address; without it a loopback listener asks for nothing.
    /// A reload may change it; taking it away needs a restart.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "never")]
    pub admin_token: Option<Secret>,
    /// Threads that read requests and write responses; `0` is one per core. A change needs a restart.
    pub workers: usize,
    /// How long after a response the next request may take to come; then the connection is closed. Keep it above the idle
    /// time of the balancer in front, or requests are lost on connections that both sides close at once. A change needs a
    /// restart.
    pub keep_alive: Seconds,
    /// How long a client may take to send the first request's head. A change needs a restart.
    pub head_timeout: Seconds,
    /// How long a client may take to send a request's body, and how long to take the next part of a response; `"0s"` is
    /// no limit. A change needs a restart.
    pub body_timeout: Seconds,
    /// Most connections open at once, over all workers; more wait in the system's queue. A change needs a restart.
    pub max_connections: usize,
    /// Proxies whose `X-Forwarded-*` and `Forwarded` headers are believed: networks such as `"10.0.0.0/8"`, single
    /// addresses, or the names `"loopback"` and `"private"`.
    pub trusted_proxies: Vec<Network>,
    /// Origins that scripts may read the images from, such as `"https://www.example.org"`; `"*"` is any.
    pub cors_origins: Vec<CorsOrigin>,
    /// Headers added to every response, as in `headers = { X-Served-By = "resizer" }`.
    pub headers: BTreeMap<ExtraHeaderName, ExtraHeaderValue>,
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
    /// Whether a line is logged for each request.
    pub access_log: bool,
    /// What is logged: a level, or levels by module as in `"warn,resizer_engine=debug"`. The variable `RUST_LOG`
    /// overrules it.
    pub log: LogFilter,
    /// How log lines are written. A change needs a restart.
    pub log_format: LogFormat,
    /// How long the server says that it is not ready, and still accepts requests, between SIGTERM and closing its
    /// listener, so that a balancer has noticed. Ctrl-C (SIGINT) skips it.
    pub drain_delay: Seconds,
    /// How long running requests may take to finish once the listener is closed.
    pub grace_period: Seconds,
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

impl Default for ServerSettings {
    fn default() -> Self {
        let limits = resizer_imaging::Limits::default();
        Self {
            listen: ListenAddress::loopback(8080),
            admin_listen: AdminListen::loopback(8081),
            admin_token: None,
            workers: 0,
            // Above the 60 s at which the common balancers give up an idle connection.
            keep_alive: seconds(75),
            head_timeout: seconds(5),
            body_timeout: seconds(30),
            max_connections: 25_000,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            headers: BTreeMap::new(),
            cache_tags: Vec::new(),
            fake_extensions: FakeExtension::try_from(".ashx".to_owned()).into_iter().collect(),
            default_commands: DefaultCommands::default(),
            drop_query_keys: Vec::new(),
            access_log: true,
            log: LogFilter::default(),
            log_format: LogFormat::Text,
            drain_delay: seconds(5),
            grace_period: seconds(30),
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

/// A secret is not written anywhere, and the default is none.
fn never<S: serde::Serializer>(_: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
