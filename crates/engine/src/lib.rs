//! From `plugins.toml` to a [`Site`], and from a request to a reply. The host gives requests in and sends replies out;
//! plugins are reached only through what they hooked. Nothing here knows a plugin by name, nor the HTTP server.
//!
//! Read `walk.rs` first: it is the life of a request, and every file it names does one of its steps.

pub mod config;
pub mod diagnostic;
pub mod docs;
mod server_settings;
mod site;

mod engine;
mod walk;

mod fire;
mod generation;
mod locate;
mod missing;
mod prepare;
mod produce;
mod respond;
mod rewrite;

mod cache_tags;
mod chain;
mod conditional;
mod download;
mod image_error;
mod instruments;
mod range;
mod relay;
mod unsent;

mod admission;
mod flight;
mod leaving;
mod memory_limit;
mod patience;
mod pool;

mod plan;
mod purge;
mod stop;
#[cfg(feature = "testing")]
pub mod testing;
mod trail;

pub use config::{ConfigFile, Environment, HostSettings, Loaded, NoHostSettings, SettingFault, load, load_with};
pub use diagnostic::{Problem, Problems, Severity};
pub use engine::{Engine, EngineError};
pub use plan::plan;
pub use purge::{PurgeError, PurgeRequest, Purged, PurgedCache};
pub use server_settings::{CacheTagHeader, DefaultCommands, EngineSettings, FakeExtension};
pub use site::Site;
