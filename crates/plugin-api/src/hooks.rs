//! Everything a plugin can do, as the methods of one struct. `install` is given a [`Hooks`] and subscribes; the engine
//! then reads the [`HookTable`] that all plugins filled, and `resizer-host plan` prints it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::event::{DefaultsEvent, MissingEvent, PreHandleEvent, ResponseEvent, RewriteEvent};
use crate::memory::Claim;
use crate::metrics::Metrics;
use crate::plugin::InstallError;
use crate::resource::{ResourceKey, Resources};
use crate::service::{AdminPage, Authorizer, Cache, Source, SourcePolicy};
use crate::settings::{ByteSize, UrlPrefix};
use crate::{Error, Reply};

/// What a handler says: go on, or this is the answer. An error answers too.
pub type HookResult = Result<Flow, Error>;

/// Whether the request goes on.
#[derive(Debug)]
pub enum Flow {
    /// To the next handler.
    Continue,
    /// No further: this is the answer.
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
/// What a [`LifeHandler`] waits for.
pub type LifeFuture = Pin<Box<dyn Future<Output = Result<(), InstallError>> + Send>>;

/// Something a plugin gave, with the name of the plugin and the place of its entry in the file.
#[derive(Clone, Debug)]
pub struct Given<T> {
    /// The plugin.
    pub plugin: &'static str,
    /// Its entry, counted from zero in the order of the file.
    pub entry: usize,
    /// What it gave.
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
    pub admin_pages: Vec<Given<(&'static str, Arc<dyn AdminPage>)>>,
    pub on_start: Vec<Given<LifeHandler>>,
    pub on_connect: Vec<Given<LifeHandler>>,
    pub on_stop: Vec<Given<LifeHandler>>,
    pub claimed_bytes: u64,
}

/// What `install` is given.
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
        /// First of all, for every request that is not the server's own: may change path and query, say that a path
        /// without an image extension is an image, or answer.
        on_request: RewriteEvent;
        /// For image requests: may change path and query, or answer.
        on_rewrite: RewriteEvent;
        /// May give keys a value where the URL gives none.
        on_rewrite_defaults: DefaultsEvent;
        /// The last word on path and query: for limits and presets only.
        on_post_rewrite: RewriteEvent;
        /// No source has the image: may redirect, or name another path.
        on_image_missing: MissingEvent;
        /// Source found, plan made, nothing fetched: may add to the cache key, set headers, or answer.
        on_pre_handle: PreHandleEvent;
        /// The answer is decided: may amend its headers. What it returns is ignored but for errors in the log.
        on_response: ResponseEvent;
    }

    /// Asked for every image request; any error denies it.
    pub fn add_authorizer(&mut self, authorizer: Arc<dyn Authorizer>) {
        let authorizer = self.given(authorizer);
        self.table.authorizers.push(authorizer);
    }

    /// Serves every path below the prefix; of several prefixes that match, the longest wins.
    pub fn add_source(&mut self, prefix: UrlPrefix, source: Arc<dyn Source>, policy: SourcePolicy) {
        let source = self.given(MountedSource { prefix, source, policy });
        self.table.sources.push(source);
    }

    /// Keeps originals.
    pub fn add_source_cache(&mut self, cache: Arc<dyn Cache>) {
        let cache = self.given(cache);
        self.table.source_caches.push(cache);
    }

    /// Keeps encoded results.
    pub fn add_result_cache(&mut self, cache: Arc<dyn Cache>) {
        let cache = self.given(cache);
        self.table.result_caches.push(cache);
    }

    /// Serves a page at this path of the admin listener.
    pub fn add_admin_page(&mut self, path: &'static str, page: Arc<dyn AdminPage>) {
        let page = self.given((path, page));
        self.table.admin_pages.push(page);
    }

    /// Runs once before the site serves its first request; what fails here refuses the configuration.
    pub fn on_start<P, F>(&mut self, plugin: &Arc<P>, handler: fn(Arc<P>) -> F)
    where
        P: Send + Sync + 'static,
        F: Future<Output = Result<(), InstallError>> + Send + 'static,
    {
        let handler = self.life(plugin, handler);
        self.table.on_start.push(handler);
    }

    /// Runs for `check --connect`: reaches what the settings point at.
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

    /// Counters and gauges, which go on across reloads.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        self.metrics
    }

    /// The living object under this key, or a new one from `open`, which only constructs: IO belongs into `on_start`.
    ///
    /// # Errors
    /// Whatever `open` fails with.
    pub fn resource<T: Send + Sync + 'static>(
        &mut self,
        key: ResourceKey,
        open: impl FnOnce() -> Result<T, InstallError>,
    ) -> Result<Arc<T>, InstallError> {
        self.resources.get(self.plugin, key, open)
    }

    /// A part of all the memory there is for caches and work, for instance 16 for a sixteenth, but not more than `most`:
    /// what a cache is given by default.
    #[must_use]
    pub fn part_of_memory(&self, part: u64, most: ByteSize) -> ByteSize {
        most.min(ByteSize(self.resources.memory().limit() / part))
    }

    /// Claims memory for a cache that this setting bounds. Whoever holds the bytes keeps the [`Claim`], in what
    /// [`Hooks::resource`] opens: where an earlier one lives on, so does its claim, and this one goes.
    ///
    /// # Errors
    /// Together with what was claimed before it in this configuration it would leave too little for work.
    pub fn claim(&mut self, setting: &'static str, bytes: ByteSize) -> Result<Claim, InstallError> {
        let memory = self.resources.memory();
        let allowed = memory.allows(self.table.claimed_bytes, bytes.0);
        allowed.map_err(|message| InstallError::setting(setting, message))?;
        self.table.claimed_bytes += bytes.0;
        Ok(memory.claim(self.metrics, self.plugin, setting, bytes.0, false))
    }

    /// Claims memory for something without a bound of its own in bytes, such as an index: nothing yet, and then
    /// whatever [`Claim::set`] says.
    #[must_use]
    pub fn claim_as_it_grows(&self, what: &'static str) -> Claim {
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
