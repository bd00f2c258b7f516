//! Safe wrappers of what is written in C. imaging and the engine call them; everything `unsafe` about a library stays in
//! its module here, with the reason why it is sound at each block. No byte of a client's or a store's comes here: C is
//! given pixels that were decoded in Rust, and sizes that were checked.

#[expect(unsafe_code, reason = "a call of C")]
pub mod allocator;
#[expect(unsafe_code, reason = "calls of C, and callbacks from it")]
pub mod webp;
