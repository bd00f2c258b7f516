//! Explanation as data: the decisions about one request, for text and for JSON.

use serde::Serialize;

use crate::changes::Change;

/// The source that a request is explained for.
#[derive(Clone, Copy, Debug)]
pub enum ExplainedSource<'s> {
    /// A source of this width and height, in the format that its path names.
    Size(u32, u32),
    /// The bytes of a source.
    Bytes(&'s [u8]),
}

/// The decisions about one request. A part that is not known is `None`.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The path after all rewriting, decoded.
    pub path: String,
    /// The query after all rewriting.
    pub query: String,
    /// The changes of each plugin, in the order of the events.
    pub changes: Vec<Change>,
    /// The end of the request, if a plugin answers it or a step fails.
    pub end: Option<String>,
    /// The instructions in one spelling, without defaults.
    pub instructions: String,
    /// The ignored parts of the query.
    pub ignored: Vec<IgnoredPair>,
    /// The source that has the path.
    pub source: Option<SourcePart>,
    /// Whether the image is decoded and encoded.
    pub processed: Option<bool>,
    /// Whether the result is cached.
    pub cached: Option<bool>,
    /// The format of the result.
    pub format: Option<FormatPart>,
    /// The picture, for a source whose size is known.
    pub picture: Option<PicturePart>,
    /// The reason why there is no picture of this source.
    pub refusal: Option<String>,
    /// The name of the result in caches.
    pub cache_key: Option<KeyPart>,
    /// Headers of the response that need no source.
    pub headers: Vec<(String, String)>,
}

/// An ignored key or value.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct IgnoredPair {
    /// The key, in lower case.
    pub key: String,
    /// The value.
    pub value: String,
    /// The nearest valid key, or the nearest valid value.
    pub nearest: Option<String>,
    /// The reason, in a sentence.
    pub reason: String,
}

/// The source of a path.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SourcePart {
    /// The plugin.
    pub plugin: &'static str,
    /// The prefix that it is mounted at.
    pub prefix: String,
    /// Its name for the image.
    pub key: String,
}

/// The format of the result.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FormatPart {
    /// The format's name.
    pub name: &'static str,
    /// Why it was chosen.
    pub reason: String,
}

/// Geometry and cost.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PicturePart {
    /// The format of the source.
    pub source_format: &'static str,
    /// Width and height of the source, upright.
    pub source: (u32, u32),
    /// Whether the source is only assumed: its size was given, and no file.
    pub is_assumed: bool,
    /// The window that is cut out: left, top, right, bottom.
    pub crop: Option<[u32; 4]>,
    /// The size that it is scaled to.
    pub scaled: Option<(u32, u32)>,
    /// Pixels added: left, top, right, bottom.
    pub pad: [u32; 4],
    /// Width and height of the result.
    pub output: (u32, u32),
    /// The part of its size at which the source is decoded: 1, 2, 4 or 8.
    pub decode_scale: u32,
    /// The predicted memory, in bytes, without the source itself, and for an assumed source without its decoder.
    pub memory_bytes: u64,
    /// The predicted processor time, in milliseconds.
    pub milliseconds: u64,
}

/// The name of a result.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct KeyPart {
    /// The digest that names the result in each cache. It takes in the version of the source. It is `None` where the
    /// store is asked for the version first.
    pub digest: Option<String>,
    /// The parts that tell this variant from others of the same source.
    pub variant: Vec<String>,
}
