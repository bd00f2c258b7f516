//! The tests of the whole: one binary, so that everything is linked once. What a single crate can prove alone is tested in
//! that crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "in a test, a panic is how one fails, and nobody is served who could be kept waiting"
)]

mod circles;
mod config;
mod docs;
mod http;
mod tidy;
