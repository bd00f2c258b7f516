//! Example plugins of `docs/writing-a-plugin.md`: an event plugin, a source and a cache, each with the tests that
//! `cargo xtask new-plugin` copies beside it. A binary of their own, because every plugin in the binary of the other
//! tests is expected to be the project's.

#![expect(
    unreachable_pub,
    reason = "the files are those of a plugin's own crate, where these items are public"
)]

mod cache;
mod cache_contract;
mod event;
mod event_contract;
mod source;
mod source_contract;
