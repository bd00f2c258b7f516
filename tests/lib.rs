//! Empty library: its package exists for the test binary `it/main.rs`, and to compile the code in `docs`.

#[cfg(doctest)]
#[doc = include_str!("../docs/writing-a-plugin.md")]
struct WritingAPlugin;
