//! Hooks: everything a plugin can do, as the methods of one struct. `install` is given a [`Hooks`] and subscribes. The
//! engine reads the [`HookTable`] that all plugins filled, and `resizer-host plan` prints it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::event::{DefaultsEvent, MissingEvent, PreHandleEvent, ResponseEvent, RewriteEvent};
use crate::memory::Claim;
use crate::metrics::Metrics;
use crate::plugin::InstallError;
use crate::resource::{ResourceKey, Resources};
use crate::service::{Authorizer, Cache, Source, SourcePolicy};
use crate::settings::{ByteSize, UrlPrefix};
use crate::{Error, Reply};

/// The result of a handler: go on, or answer. An error answers too.
pub type HookResult = Result<Flow, Error>;

/// Whether the request goes on.
#[derive(Debug)]
pub enum Flow {
    /// To the next handler.
    Continue,
    /// No further: the client gets this reply.
    Respond(Reply),
}

macro_rules! handler_types {
    ($($name:ident = $event:ident),*) => { $(
        /// A subscribed handler with its plugin inside.
        pub type $name = Box<dyn for<'a, 'r> Fn(&'a mut $event<'r>) -> HookResult + Send + Sync>;
    )* };
}
handler_types!(
    RewriteHandler = RewriteEvent,
    DefaultsHandler = DefaultsEvent,
    MissingHandler = MissingEvent,
    PreHandleHandler = PreHandleEvent,
    ResponseHandler = ResponseEvent
);

/// A step outside of any request: opening, testing or closing what the plugin uses.
pub type LifeHandler = Box<dyn Fn() -> LifeFuture + Send + Sync>;
/// The future of a [`LifeHandler`].
pub type LifeFuture = Pin<Box<dyn Future<Output = Result<(), InstallError>> + Send>>;

/// A handler or service that a plugin gave, with the plugin's name and the place of its entry in the file.
#[derive(Clone, Debug)]
pub struct Given<T> {
    /// The plugin's registered name. A plugin that loads others at run time gives all theirs under its own.
    pub plugin: &'static str,
    /// Its entry, counted from zero in the order of the file.
    pub entry: usize,
    /// The handler or service.
    pub value: T,
}

/// A source and how to treat it.
#[derive(Clone)]
pub struct MountedSource {
    /// Where it is mounted.
    pub prefix: UrlPrefix,
    /// The source.
    pub source: Arc<dyn Source>,
    /// How the engine treats it.
    pub policy: SourcePolicy,
}

/// All that the plugins of one `plugins.toml` gave, each list in file order.
#[derive(Default)]
#[expect(
    missing_docs,
    reason = "each list is documented at the method of `Hooks` that fills it"
)]
pub struct HookTable {
    pub on_request: Vec<Given<RewriteHandler>>,
    pub on_rewrite: Vec<Given<RewriteHandler>>,
    pub on_rewrite_defaults: Vec<Given<DefaultsHandler>>,
    pub on_post_rewrite: Vec<Given<RewriteHandler>>,
    pub on_image_missing: Vec<Given<MissingHandler>>,
    pub on_pre_handle: Vec<Given<PreHandleHandler>>,
    pub on_response: Vec<Given<ResponseHandler>>,
    pub authorizers: Vec<Given<Arc<dyn Authorizer>>>,
    pub sources: Vec<Given<MountedSource>>,
    pub source_caches: Vec<Given<Arc<dyn Cache>>>,
    pub result_caches: Vec<Given<Arc<dyn Cache>>>,
    pub layer_caches: Vec<Given<Arc<dyn Cache>>>,
    pub on_start: Vec<Given<LifeHandler>>,
    pub on_connect: Vec<Given<LifeHandler>>,
    pub on_stop: Vec<Given<LifeHandler>>,
    pub query_keys: Vec<Cow<'static, str>>,
    pub claimed_bytes: u64,
}

/// The plugin's view of the engine while it is installed: its methods are all that a plugin can hook into.
pub struct Hooks<'t> {
    plugin: &'static str,
    entry: usize,
    table: &'t mut HookTable,
    resources: &'t Resources,
    metrics: &'t Metrics,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident: $event:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<P: Send + Sync + 'static>(
            &mut self,
            plugin: &Arc<P>,
            handler: fn(&P, &mut $event<'_>) -> HookResult,
        ) {
            let plugin = Arc::clone(plugin);
            let handler = self.given(Box::new(move |event: &mut $event<'_>| handler(&plugin, event)) as _);
            self.table.$name.push(handler);
        }
    )* };
}

impl<'t> Hooks<'t> {
    /// Called by the engine, once for each entry of the file.
    #[doc(hidden)]
    pub fn new(
        plugin: &'static str,
        entry: usize,
        table: &'t mut HookTable,
        resources: &'t Resources,
        metrics: &'t Metrics,
    ) -> Self {
        Self {
            plugin,
            entry,
            table,
            resources,
            metrics,
        }
    }

    events! {
        /// Before all others, for every request but the server's own pages. May change path and query, say that a path
        /// without an image extension is an image, or answer.
        on_request: RewriteEvent;
        /// For image requests: may change path and query, or answer.
        on_rewrite: RewriteEvent;
        /// May give keys a value where the URL gives none.
        on_rewrite_defaults: DefaultsEvent;
        /// After all other changes of path and query: for limits, and for what depends on presets and defaults.
        on_post_rewrite: RewriteEvent;
        /// When no source has the image, or its file cannot be decoded: may redirect, or name another image.
        on_image_missing: MissingEvent;
        /// When the source is found and nothing is fetched yet: may add to the cache key, set headers, or answer.
        on_pre_handle: PreHandleEvent;
        /// When the response is decided, errors included: may amend its headers. An error of the handler goes to the
        /// log.
        on_response: ResponseEvent;
    }

    /// Makes a key of the query, such as `preset`, turn a URL into an image request, as `width` does. Keys compare
    /// without case. Only for keys that ask for other pixels.
    pub fn query_key(&mut self, key: impl Into<Cow<'static, str>>) {
        let key = key.into();
        if !self
            .table
            .query_keys
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&key))
        {
            self.table.query_keys.push(key);
        }
    }

    /// Asks the authorizer about every image request; any error denies the request.
    pub fn add_authorizer(&mut self, authorizer: Arc<dyn Authorizer>) {
        let authorizer = self.given(authorizer);
        self.table.authorizers.push(authorizer);
    }

    /// Serves every path below the prefix from this source. Of several prefixes that match, the longest wins.
    pub fn add_source(&mut self, prefix: UrlPrefix, source: Arc<dyn Source>, policy: SourcePolicy) {
        let source = self.given(MountedSource { prefix, source, policy });
        self.table.sources.push(source);
    }

    /// Adds a cache of originals to the end of their chain.
    pub fn add_source_cache(&mut self, cache: Arc<dyn Cache>) {
        let cache = self.given(cache);
        self.table.source_caches.push(cache);
    }

    /// Adds a cache of encoded results to the end of their chain.
    pub fn add_result_cache(&mut self, cache: Arc<dyn Cache>) {
        let cache = self.given(cache);
        self.table.result_caches.push(cache);
    }

    /// Adds a cache of overlays: of their files, and of their pixels at each size. The plugin that adds overlays brings
    /// it, and bounds it.
    pub fn add_layer_cache(&mut self, cache: Arc<dyn Cache>) {
        let cache = self.given(cache);
        self.table.layer_caches.push(cache);
    }

    /// Runs once before the site serves its first request. A failure refuses the configuration.
    pub fn on_start<P, F>(&mut self, plugin: &Arc<P>, handler: fn(Arc<P>) -> F)
    where
        P: Send + Sync + 'static,
        F: Future<Output = Result<(), InstallError>> + Send + 'static,
    {
        let handler = self.life(plugin, handler);
        self.table.on_start.push(handler);
    }

    /// Runs for `check --connect`: reaches the store or host that the settings name.
    pub fn on_connect<P, F>(&mut self, plugin: &Arc<P>, handler: fn(Arc<P>) -> F)
    where
        P: Send + Sync + 'static,
        F: Future<Output = Result<(), InstallError>> + Send + 'static,
    {
        let handler = self.life(plugin, handler);
        self.table.on_connect.push(handler);
    }

    /// Runs once when the server stops, after the last request: to flush and to drain.
    pub fn on_stop<P, F>(&mut self, plugin: &Arc<P>, handler: fn(Arc<P>) -> F)
    where
        P: Send + Sync + 'static,
        F: Future<Output = Result<(), InstallError>> + Send + 'static,
    {
        let handler = self.life(plugin, handler);
        self.table.on_stop.push(handler);
    }

    /// Counters, gauges and histograms, which go on across reloads.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        self.metrics
    }

    /// The living object under this key, or a new one from `open`, which only constructs: IO belongs into `on_start`.
    ///
    /// # Errors
    /// The error of `open`.
    pub fn resource<T: Send + Sync + 'static>(
        &mut self,
        key: ResourceKey,
        open: impl FnOnce() -> Result<T, InstallError>,
    ) -> Result<Arc<T>, InstallError> {
        self.resources.get(self.plugin, key, open)
    }

    /// A fraction of `memory_limit`, for instance 16 for a sixteenth, but not more than `most`: the default bound of a
    /// cache in memory. In bytes.
    #[must_use]
    pub fn part_of_memory(&self, part: u64, most: ByteSize) -> ByteSize {
        most.min(ByteSize(self.resources.memory().limit() / part))
    }

    /// Claims memory for a cache whose bound is this setting. The cache keeps the [`Claim`] beside its bytes, in the
    /// object that [`Hooks::resource`] opens. Where an earlier object lives on, its claim does too, and the new claim
    /// is dropped.
    ///
    /// # Errors
    /// All claims of this configuration together would be more than half of `memory_limit`.
    pub fn claim(&mut self, setting: impl Into<Cow<'static, str>>, bytes: ByteSize) -> Result<Claim, InstallError> {
        let setting = setting.into();
        let memory = self.resources.memory();
        let allowed = memory.allows(self.table.claimed_bytes, bytes.0);
        allowed.map_err(|message| InstallError::setting(setting.clone(), message))?;
        self.table.claimed_bytes += bytes.0;
        Ok(memory.claim(self.metrics, self.plugin, &setting, bytes.0, false))
    }

    /// Claims memory for an object without a bound in bytes, such as an index: none at first, then the size that
    /// [`Claim::set`] says.
    #[must_use]
    pub fn claim_as_it_grows(&self, what: &str) -> Claim {
        let memory = self.resources.memory();
        memory.claim(self.metrics, self.plugin, what, 0, true)
    }

    fn given<T>(&self, value: T) -> Given<T> {
        Given {
            plugin: self.plugin,
            entry: self.entry,
            value,
        }
    }

    fn life<P, F>(&self, plugin: &Arc<P>, handler: fn(Arc<P>) -> F) -> Given<LifeHandler>
    where
        P: Send + Sync + 'static,
        F: Future<Output = Result<(), InstallError>> + Send + 'static,
    {
        let plugin = Arc::clone(plugin);
        self.given(Box::new(move || Box::pin(handler(Arc::clone(&plugin))) as LifeFuture))
    }
}

impl fmt::Debug for MountedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MountedSource")
            .field("prefix", &self.prefix)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HookTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookTable")
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Hooks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("plugin", &self.plugin)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
