//! Nothing is here: the package exists for its one test binary, `it/main.rs`, and so that the code in `docs` is compiled.

#[cfg(doctest)]
#[doc = include_str!("../docs/writing-a-plugin.md")]
struct WritingAPlugin;
