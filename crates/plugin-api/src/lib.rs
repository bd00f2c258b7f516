//! All that a plugin author sees. A plugin is a name, a settings type and what it hooks into:
//!
//! 1. [`Plugin`] and [`register!`]: how a crate becomes a plugin that `plugins.toml` can name;
//! 2. [`Hooks`]: everything a plugin can do, in one list;
//! 3. [`event`]: what a handler is given at each step of a request;
//! 4. [`service`]: the traits behind sources, caches, authorizers and admin pages;
//! 5. [`settings`]: types that parse themselves out of `plugins.toml`, and [`reader_settings!`], the settings that all
//!    readers share;
//! 6. [`Error`]: who is to blame, what the client may hear, and the cause for the log.
//!
//! The engine calls what is declared here; nothing here calls the engine, and there is no HTTP server in it.

pub mod error;
pub mod event;
pub mod hooks;
mod http_date;
pub mod key;
pub mod memory;
pub mod metrics;
pub mod plugin;
pub mod query;
mod reader;
pub mod reply;
pub mod request;
pub mod resource;
pub mod service;
pub mod settings;

pub use async_trait::async_trait;
pub use error::{Blame, Error, ErrorKind};
pub use event::{DefaultsEvent, MissingEvent, PreHandleEvent, ResponseEvent, RewriteEvent};
pub use hooks::{Flow, HookResult, Hooks};
pub use http_date::http_date;
pub use key::{CacheKey, SourceKey, Validator, Variant};
pub use memory::{Claim, Memory};
pub use metrics::{Counter, Gauge, Histogram, Metrics};
pub use plugin::{InstallError, Plugin, Registration};
pub use query::Query;
pub use reply::{Body, ByteStream, Reply};
pub use request::{ImageRequest, RequestHead};
pub use resource::ResourceKey;
pub use service::{
    AdminPage, Authorizer, ByteRange, Cache, Download, Entry, EntryMeta, Fetch, Hit, Purge, Source, SourcePath,
    SourcePolicy, Stat, Want,
};
pub use settings::{ByteSize, Seconds, Secret, UrlPrefix};

pub use resizer_imaging as imaging;

/// What [`register!`] expands to needs these paths; nothing else should.
#[doc(hidden)]
pub mod private {
    pub use inventory;
}
