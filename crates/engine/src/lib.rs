//! Engine: makes a [`Site`] of `plugins.toml`, and a reply of each request. The host passes requests in and sends
//! replies out. Plugins are reached only through their hooks. Nothing here knows a plugin by name, nor the HTTP server.
//!
//! Read `walk.rs` first: it calls the seven steps of a request, five of them in files of their own. Files import each
//! other without circles: steps use `shared.rs` and the files of data, and never the other way round. A test of the
//! tree holds that.

pub mod config;
pub mod diagnostic;
pub mod docs;
mod server_settings;
mod site;

mod engine;
mod walk;

mod locate;
mod prepare;
mod produce;
mod respond;
mod rewrite;
mod warnings;

mod chain;
mod download;
mod fire;
mod relay;

mod shared;

mod changes;
mod draft;
mod located;
mod produced;
mod stop;
mod trail;

mod failure_memory;
mod negative_cache;
mod negotiation;
mod purge_epoch;
mod stat_cache;

mod cache_tags;
mod conditional;
mod header;
mod image_error;
mod instruments;
mod media_type;
mod range;
mod reply_memory;
mod store_error;

mod admission;
mod cancellation;
mod flight;
mod layers;
mod lazy_timeout;
mod memory_limit;
mod pool;

mod explain;
mod plan;
mod purge;
#[cfg(feature = "testing")]
pub mod testing;

pub use changes::Change;
pub use config::{ConfigFile, Environment, HostSettings, Loaded, NoHostSettings, SettingFault, load, load_with};
pub use diagnostic::{Problem, Problems, Severity};
pub use engine::{Engine, EngineError};
pub use explain::{ExplainedSource, Explanation, FormatPart, IgnoredPair, KeyPart, PicturePart, SourcePart, explain};
pub use plan::plan;
pub use purge::{PurgeError, PurgeRequest, Purged, PurgedCache};
pub use server_settings::{
    CacheTagHeader, Compat, CopyMetadata, DefaultCommands, EngineSettings, FakeExtension, Negotiate,
};
pub use site::Site;
