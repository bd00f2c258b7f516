//! Image processing: turns instructions and a source's bytes into the bytes of the finished image. Pure CPU work.
//!
//! The engine calls [`Instructions::parse`], [`output_format`], [`inspect`], [`predict`] and [`run`], in this order.
//! Plugins use the types only: without the feature `codecs` no codec is compiled, and everything but `inspect` and
//! `run` still exists. Files, sockets, threads, async and caches are elsewhere, on purpose. A job is one call on the
//! caller's thread, stopped by its [`Cancel`].

mod cancel;
mod channels;
mod colour;
mod colour_matrix;
mod compat;
mod cost;
mod error;
mod explain;
mod filter_plan;
mod format;
mod instructions;
mod keys;
mod layer;
mod layout;
mod limits;
mod negotiation;
mod orientation;
mod placement;
mod plan;
mod resampling;
mod sample_range;
mod shrink;
mod size;
mod size_limits;
mod source;

#[cfg(feature = "codecs")]
mod band;
#[cfg(feature = "codecs")]
mod codecs;
#[cfg(feature = "codecs")]
mod damage;
#[cfg(feature = "codecs")]
mod picture;
#[cfg(feature = "codecs")]
mod pipeline;
#[cfg(feature = "codecs")]
mod profile;
#[cfg(feature = "codecs")]
mod steps;
#[cfg(feature = "codecs")]
mod trim;

pub use cancel::Cancel;
pub use channels::Channels;
#[cfg(feature = "codecs")]
pub use codecs::inspect;
pub use colour::Colour;
pub use compat::Compat;
pub use cost::{Cost, predict};
pub use error::{Detail, ImageError};
pub use explain::decode_scale;
pub use format::{Format, SOURCE_EXTENSIONS, output_format};
pub use instructions::{
    AdvancedFilters, Align, Anchor, CacheDirective, CropWindow, Decoration, FilterShape, Filters, Focus, Geometry,
    Grayscale, Ignored, IgnoredReason, Instructions, JpegXl, Lossless, Mode, NoiseWindow, Output, Process,
    QualityProfile, Radius, Scale, Scaling, ScalingFilter, SharpenWhen, SimpleFilters, Subsampling, Trim, WhiteBalance,
};
pub use keys::{Group, KEYS, Key, Support, is_same_key, is_trigger};
pub use layer::{Layer, layer_size, layout, predict_layer, predict_with};
pub use layout::{Layout, Rings};
pub use limits::Limits;
pub use negotiation::{Accepted, FormatWish};
pub use orientation::Orientation;
#[cfg(feature = "codecs")]
pub use pipeline::{Encoded, Timings, decode_layer, run, run_with, run_within};
pub use placement::{Container, Fit, Length, Placed, Placement};
pub use plan::Job;
use sample_range::SampleRange;
pub use size::Size;
pub use size_limits::SizeLimits;
pub use source::SourceInfo;

/// Part of every cache key. The number rises whenever the same instructions on the same source give other pixels or
/// bytes.
pub const VERSION: u32 = 8;
