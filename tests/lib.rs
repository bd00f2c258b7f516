//! Empty library: the package exists for its test binaries, `it/main.rs` and `examples/main.rs`.
