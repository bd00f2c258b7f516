//! Plugin interface: all that a plugin author needs. A plugin is a name, a settings type and the hooks it subscribes
//! to.
//!
//! 1. [`Plugin`] and [`register!`] make a crate a plugin that `plugins.toml` can name.
//! 2. [`Hooks`] lists everything a plugin can do.
//! 3. [`RewriteEvent`], [`DefaultsEvent`], [`MissingEvent`], [`PreHandleEvent`] and [`ResponseEvent`] are the arguments
//!    of handlers at each step of a request.
//! 4. [`Source`], [`Cache`] and [`Authorizer`] are the traits of services.
//! 5. [`UrlPrefix`], [`Secret`], [`ByteSize`] and [`Seconds`] parse themselves out of `plugins.toml`; [`text_setting!`]
//!    makes such a type, and [`reader_settings!`] adds the settings that all readers share.
//! 6. [`Error`] says who is to blame, what the client may read, and the cause for the log.
//!
//! The crates whose types stand in this interface are re-exported: [`http`], [`bytes`], [`serde`], [`schemars`].
//! The engine calls the items declared here. Nothing here calls the engine or knows an HTTP server.

mod plugin;

mod event;
mod hooks;
mod overlay;
mod query;
mod reply;
mod request;
mod service;

mod error;
mod key;
mod reader;
mod settings;

mod client_commands;
mod http_date;
mod memory;
mod metrics;
mod network;
mod path_text;
mod resource;

#[doc(hidden)]
pub mod engine;

pub use async_trait::async_trait;
pub use client_commands::ClientCommands;
pub use error::{Blame, Error, ErrorKind};
pub use event::{DefaultsEvent, MissingEvent, PreHandleEvent, ResponseEvent, RewriteEvent, Substitute};
pub use hooks::{Flow, HookResult, Hooks};
pub use http_date::http_date;
pub use key::{CacheKey, SourceKey, Validator, Variant};
pub use memory::Claim;
pub use metrics::{Counter, Gauge, Histogram, Metrics, SecondsCounter};
pub use network::Network;
pub use overlay::{Drawing, Drawn, Overlay, OverlayContent, Room};
pub use path_text::bytes_of_path;
pub use plugin::{InstallError, Plugin};
pub use query::Query;
pub use reply::{Body, ByteStream, Reply};
pub use request::{ImageRequest, RequestHead, extension};
pub use resource::ResourceKey;
pub use service::{
    Authorizer, ByteRange, Cache, Damaged, Download, Entry, EntryMeta, Fetch, Hit, Purge, Source, SourcePath,
    SourcePathError, SourcePolicy, Stat, Want,
};
pub use settings::{ByteSize, Seconds, Secret, SettingError, UrlPrefix, built_in};

pub use resizer_imaging as imaging;
pub use {bytes, http, schemars, serde};
