//! The walk as a plugin author sees it: what each hook may do, what each error becomes, when work is shared and when it
//! is not done at all. Sources, caches and handlers here are test plugins, installed from a `plugins.toml` as real ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside of test functions")]

mod away;
mod cache_tags;
mod caching;
mod errors;
mod freshness;
mod hooks;
mod instruments;
mod memory;
mod policies;
mod purge;
mod ranges;
mod source_caches;
mod store;
mod urls;
mod validators;
