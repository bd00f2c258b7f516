//! Tests of the walk as plugin authors and clients see it: hooks, errors, caches, shared work. Sources, caches and
//! handlers here are test plugins, installed from a `plugins.toml` as real ones are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside of test functions")]

mod away;
mod cache_tags;
mod caching;
mod damaged;
mod errors;
mod fairness;
mod freshness;
mod hooks;
mod instruments;
mod memory;
mod negotiation;
mod policies;
mod purge;
mod ranges;
mod source_caches;
mod store;
mod urls;
mod validators;
mod warnings;
