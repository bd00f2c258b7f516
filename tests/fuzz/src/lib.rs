//! Fuzz targets: one function for each parser of images, of querystrings and of signed addresses. Any input may be
//! refused; none may panic, hang or take more memory than was predicted.
//!
//! `cargo xtask fuzz` feeds them with mutated inputs, `tests/seeds.rs` with the committed ones in `seeds/TARGET/`.

#![expect(clippy::panic, reason = "a target panics if a promise is broken")]

mod codecs;
mod signed;
mod text;

pub use codecs::run_job;

use peak_alloc::PeakAlloc;

/// Counts allocated bytes, for the targets that run jobs.
#[global_allocator]
pub(crate) static MEMORY: PeakAlloc = PeakAlloc;

/// A fuzz target: takes any bytes, and panics if a promise is broken.
pub type Target = fn(&[u8]);

/// All targets with their names.
pub const TARGETS: &[(&str, Target)] = &[
    ("avif", codecs::avif),
    ("bmp", codecs::bmp),
    ("exif", codecs::exif),
    ("gif", codecs::gif),
    ("icc", codecs::icc),
    ("jpeg", codecs::jpeg),
    ("jpeg_decoder", codecs::jpeg_decoder),
    ("jpeg_xl", codecs::jpeg_xl),
    ("path", text::path),
    ("photoshop", codecs::photoshop),
    ("png", codecs::png),
    ("query", text::query),
    ("run", codecs::run),
    ("signed_address", signed::address),
    ("signed_token", signed::token),
    ("tiff", codecs::tiff),
    ("webp", codecs::webp),
    ("webp_lossless", codecs::webp_lossless),
    ("webp_lossy", codecs::webp_lossy),
];
