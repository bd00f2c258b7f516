//! Tests of the whole server, in one binary so that everything is linked once. Tests of a single crate are in that
//! crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by a panic, and it has no clients that a blocking call could delay"
)]

mod circles;
mod config;
mod docs;
mod http;
mod tidy;
mod url_generators;
