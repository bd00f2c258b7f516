//! Safe wrappers of C libraries: libwebp's encoder for imaging, mimalloc's collection for the engine and disk-store.
//!
//! Each `unsafe` block stays in the module of its library, with the reason why the block is sound. C is given pixels
//! that were decoded in Rust, and sizes that were checked: never a byte of a client's or a store's.

#[expect(unsafe_code, reason = "a call of C")]
pub mod allocator;
#[expect(unsafe_code, reason = "calls of C, and callbacks from it")]
pub mod webp;
