//! Test store in memory whose faults a test switches on, the test plugins for it, and one call that serves a URL.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use resizer_engine::{Engine, Environment, Site, load};
use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{
    Body, ByteRange, ByteStream, Cache, CacheKey, Download, Entry, Error, ErrorKind, Fetch, Hit, Hooks, ImageRequest,
    InstallError, Metrics, Plugin, Purge, Reply, RequestHead, Source, SourceKey, SourcePath, Stat, Validator, Want,
    async_trait, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// One object, and the behaviour of its store.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) validator: Option<&'static str>,
    /// The validator that comes with the bytes, if it is not that of the stat.
    pub(crate) fetched_validator: Option<&'static str>,
    /// When the object last changed, if the store tells it.
    pub(crate) modified: Option<SystemTime>,
    pub(crate) error: Option<ErrorKind>,
    /// The error of a fetch, while a stat succeeds.
    pub(crate) fetch_error: Option<ErrorKind>,
    pub(crate) delay: Duration,
    pub(crate) cut: bool,
    /// A stat is never answered.
    pub(crate) hangs: bool,
    /// The bytes come, but never their end.
    pub(crate) stalls: bool,
    /// The source holds the whole object in memory.
    pub(crate) whole: bool,
}

impl Object {
    pub(crate) fn of(bytes: impl Into<Bytes>) -> Self {
        let (validator, delay) = (Some("v1"), Duration::ZERO);
        Self {
            bytes: bytes.into(),
            validator,
            fetched_validator: None,
            modified: None,
            error: None,
            fetch_error: None,
            delay,
            cut: false,
            hangs: false,
            stalls: false,
            whole: false,
        }
    }
}

/// The objects of one test store, and its counts.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) objects: Mutex<HashMap<String, Object>>,
    pub(crate) stats: AtomicUsize,
    pub(crate) fetches: AtomicUsize,
    /// The range of each fetch.
    pub(crate) ranges: Mutex<Vec<Option<ByteRange>>>,
    pub(crate) kept: [Mutex<HashMap<CacheKey, Entry>>; 2],
    /// The entries of source caches.
    pub(crate) originals: [Mutex<HashMap<CacheKey, Entry>>; 2],
}

impl World {
    pub(crate) fn put(&self, path: &str, object: Object) {
        self.objects.lock().unwrap().insert(path.to_owned(), object);
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.stats.load(Ordering::SeqCst), self.fetches.load(Ordering::SeqCst))
    }

    fn object(&self, path: &SourcePath) -> Result<Object, Error> {
        let object = self
            .objects
            .lock()
            .unwrap()
            .get(path.as_str())
            .cloned()
            .ok_or_else(Error::not_found)?;
        match object.error {
            Some(kind) => Err(Error::new(kind, "The test store fails.").because("a secret cause")),
            None => Ok(object),
        }
    }
}

static WORLDS: LazyLock<Mutex<HashMap<String, Arc<World>>>> = LazyLock::new(Mutex::default);

/// The world of the test plugins whose entries say `world = "name"`.
pub(crate) fn world(name: &str) -> Arc<World> {
    Arc::clone(WORLDS.lock().unwrap().entry(name.to_owned()).or_default())
}

resizer_plugin_api::reader_settings! {
    prefix = "/", check_modified = "0s", untrusted_data = false;

    /// A store of a test.
    pub struct Config {
        world: String,
        /// The name of the store in keys, if it is not that of its world.
        store: Option<String>,
    }
}

struct Store {
    world: Arc<World>,
    name: String,
}

impl Plugin for Store {
    const NAME: &'static str = "teststore";
    const SUMMARY: &'static str = "A store in memory.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let policy = config.policy();
        let store = Self {
            world: world(&config.world),
            name: config.store.unwrap_or(config.world),
        };
        hooks.add_source(config.prefix, Arc::new(store), policy);
        Ok(())
    }
}
register!(Store);

#[async_trait]
impl Source for Store {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        SourceKey::new(format!("test:{}/{path}", self.name))
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        self.world.stats.fetch_add(1, Ordering::SeqCst);
        let object = self.world.object(path)?;
        if object.hangs {
            std::future::pending::<()>().await;
        }
        match object.validator {
            Some(validator) => Ok(Stat::known(
                Validator::new(validator),
                object.bytes.len() as u64,
                object.modified,
            )),
            None => Ok(Stat::unknown()),
        }
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        self.world.fetches.fetch_add(1, Ordering::SeqCst);
        self.world.ranges.lock().unwrap().push(want.range.clone());
        let object = self.world.object(path)?;
        tokio::time::sleep(object.delay).await;
        if let Some(kind) = object.fetch_error {
            return Err(Error::new(kind, "The test store has nothing to send."));
        }
        let validator = object.fetched_validator.or(object.validator).unwrap_or("fetched");
        let whole = object.bytes.len();
        let stat = Stat::known(Validator::new(validator), whole as u64, object.modified);
        let (first, end) = match want.range {
            Some(range) if *range.start() >= whole as u64 => {
                return Err(Error::new(ErrorKind::BadRequest, "The range begins behind the end."));
            }
            Some(range) => (*range.start() as usize, whole.min(*range.end() as usize + 1)),
            None if object.cut => (0, whole / 2),
            None => (0, whole),
        };
        let chunk = Ok(object.bytes.slice(first..end));
        let sent = stream::iter([chunk]);
        let bytes: ByteStream = if object.stalls {
            Box::pin(sent.chain(stream::pending()))
        } else {
            Box::pin(sent)
        };
        let mut download = Download::new(stat, bytes);
        download.whole = object.whole;
        Ok(Fetch::Download(download))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CacheConfig {
    world: String,
    slot: usize,
    /// Fails to purge.
    #[serde(default)]
    keeps_all: bool,
}

struct Keep {
    world: Arc<World>,
    slot: usize,
    keeps_all: bool,
}

fn purge(entries: &Mutex<HashMap<CacheKey, Entry>>, what: &Purge) -> u64 {
    let mut entries = entries.lock().unwrap();
    let before = entries.len();
    entries.retain(|key, _| match what {
        Purge::Key(meant) => key != meant,
        Purge::Source(source) => key.source != *source,
        Purge::Prefix(prefix) => !key.source.as_str().starts_with(prefix),
        Purge::All => false,
    });
    (before - entries.len()) as u64
}

impl Plugin for Keep {
    const NAME: &'static str = "testcache";
    const SUMMARY: &'static str = "A cache that a test looks into.";
    type Config = CacheConfig;

    fn install(config: CacheConfig, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        hooks.add_result_cache(Arc::new(Self {
            world: world(&config.world),
            slot: config.slot,
            keeps_all: config.keeps_all,
        }));
        Ok(())
    }
}
register!(Keep);

#[async_trait]
impl Cache for Keep {
    fn accepts(&self, _: &ImageRequest) -> bool {
        true
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        let kept = self.world.kept[self.slot].lock().unwrap();
        Ok(kept
            .get(key)
            .map(|entry| Hit::new(entry.meta.clone(), Body::Bytes(entry.bytes.clone()))))
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.world.kept[self.slot].lock().unwrap().insert(key.clone(), entry);
        Ok(())
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        if self.keeps_all {
            return Err(Error::new(ErrorKind::Internal, "The test cache purges nothing."));
        }
        Ok(purge(&self.world.kept[self.slot], what))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceCacheConfig {
    world: String,
    slot: usize,
    /// Answers a hit with a stream.
    #[serde(default)]
    streams: bool,
    /// The stream breaks off in the middle.
    #[serde(default)]
    breaks: bool,
}

struct KeepOriginals {
    world: Arc<World>,
    config: SourceCacheConfig,
}

impl Plugin for KeepOriginals {
    const NAME: &'static str = "testsourcecache";
    const SUMMARY: &'static str = "A source cache that a test looks into; a URL that says `scache=no` passes it by.";
    type Config = SourceCacheConfig;

    fn install(config: SourceCacheConfig, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let world = world(&config.world);
        hooks.add_source_cache(Arc::new(Self { world, config }));
        Ok(())
    }
}
register!(KeepOriginals);

#[async_trait]
impl Cache for KeepOriginals {
    fn accepts(&self, request: &ImageRequest) -> bool {
        request.query.get("scache") != Some("no")
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        let originals = self.world.originals[self.config.slot].lock().unwrap();
        let Some(Entry { meta, bytes, .. }) = originals.get(key).cloned() else {
            return Ok(None);
        };
        if !self.config.streams {
            let body = Body::Bytes(bytes);
            return Ok(Some(Hit::new(meta, body)));
        }
        let length = Some(bytes.len() as u64);
        let (first, rest) = (bytes.slice(..bytes.len() / 2), bytes.slice(bytes.len() / 2..));
        let rest = if self.config.breaks {
            Err(Error::new(ErrorKind::Internal, "The test cache breaks off."))
        } else {
            Ok(rest)
        };
        let stream = Box::pin(stream::iter([Ok(first), rest]));
        let body = Body::Stream { stream, length };
        Ok(Some(Hit::new(meta, body)))
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.world.originals[self.config.slot]
            .lock()
            .unwrap()
            .insert(key.clone(), entry);
        Ok(())
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        Ok(purge(&self.world.originals[self.config.slot], what))
    }
}

/// A running engine with the site of one configuration.
pub(crate) struct Served {
    pub(crate) engine: Engine,
    pub(crate) site: Arc<Site>,
}

impl Served {
    /// A site of this `plugins.toml`.
    pub(crate) async fn new(text: &str) -> Self {
        let (metrics, resources) = (Metrics::default(), Arc::new(Resources::default()));
        let path = Path::new("plugins.toml");
        let (loaded, problems) = load(
            path,
            text,
            &Environment::of::<&str, &str>([]),
            &[],
            &resources,
            &metrics,
        );
        let loaded = loaded.unwrap_or_else(|| panic!("{}", problems.render(path, text)));
        let engine = Engine::new(&loaded.server, metrics, resources).unwrap();
        let site = engine.start(loaded).await.unwrap();
        Self { engine, site }
    }

    /// A site with one store at `/`, whose world has the test's name, and more entries if wanted.
    pub(crate) async fn store(world: &str, more: &str) -> Self {
        Self::new(&format!(
            "{more}\n[[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\nprefix = \"/\"\n"
        ))
        .await
    }

    /// The reply to a GET of this path and query.
    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.request(url, &[]).await
    }

    /// The reply to a GET with headers.
    pub(crate) async fn request(&self, url: &str, headers: &[(&'static str, &str)]) -> Answer {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut head = RequestHead::get(path, query);
        for (name, value) in headers {
            head.headers.insert(*name, value.parse().unwrap());
        }
        Answer::of(self.engine.handle(Arc::clone(&self.site), head).await).await
    }

    /// The value of a counter, zero if it was never touched.
    pub(crate) fn count(&self, line: &str) -> u64 {
        let text = self.engine.metrics().render();
        let found = text
            .lines()
            .find_map(|candidate| candidate.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }
}

/// A reply with its body read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reply: Reply,
    pub(crate) body: Bytes,
}

impl Answer {
    async fn of(mut reply: Reply) -> Self {
        let mut bytes = Vec::new();
        match std::mem::replace(&mut reply.body, Body::Empty) {
            Body::Bytes(all) => bytes.extend_from_slice(&all),
            Body::Stream { mut stream, .. } => {
                while let Some(chunk) = futures_util::StreamExt::next(&mut stream).await {
                    bytes.extend_from_slice(&chunk.unwrap());
                }
            }
            _ => {}
        }
        Self {
            status: reply.status.as_u16(),
            reply,
            body: bytes.into(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.reply.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The size of the PNG in the body, read from its header (bytes 16 to 24, big-endian, by the PNG specification).
    pub(crate) fn png_size(&self) -> (u32, u32) {
        assert_eq!(&self.body[..8], b"\x89PNG\r\n\x1a\n", "{}", self.text());
        let number = |at: usize| u32::from_be_bytes(self.body[at..at + 4].try_into().unwrap());
        (number(16), number(20))
    }
}

/// A grey PNG of this size, every pixel of the same shade.
pub(crate) fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&vec![shade; (width * height) as usize])
        .unwrap();
    writer.finish().unwrap();
    bytes
}
