//! The crate through its public interface: bytes in, bytes out. Decoders that share no code with the tested ones read
//! the results.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure in a function that tests share is the test's failure"
)]

mod animation;
#[cfg(feature = "avif")]
mod avif;
mod bitmap_runs;
mod bitmaps;
mod bounded;
mod cancel;
mod colour;
mod compat;
mod damage;
mod decoration;
mod files;
mod filters;
mod formats;
mod fuzz_seeds;
mod jpeg_xl;
mod layers;
mod lossless_webp;
mod lossy_webp;
mod make;
mod metadata;
mod odd_files;
mod odd_gifs;
mod odd_jpegs;
mod orientation;
mod palettes;
mod photographs;
mod pixels;
mod planes;
mod profiles;
mod refusals;
mod rotation;
mod scaling;
mod shown;
mod sources;
mod tiffs;
mod trimming;
mod view;

use resizer_imaging::{Cancel, Encoded, Format, ImageError, Instructions, Job, Limits, output_format};

/// Runs a query such as `width=10&format=png` on a source. The result is a JPEG unless the query names a format.
fn process(source: &[u8], query: &str) -> Result<Encoded, ImageError> {
    process_within(source, query, &Limits::default())
}

fn process_within(source: &[u8], query: &str, limits: &Limits) -> Result<Encoded, ImageError> {
    let job = job(query, limits);
    resizer_imaging::run(source, &job, &Cancel::new())
}

fn job(query: &str, limits: &Limits) -> Job {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert_eq!(ignored, [], "{query}");
    let format: Format = output_format(&instructions, None);
    Job {
        instructions,
        format,
        limits: limits.clone(),
    }
}
