//! TIFF tags: the numbers of the tags that the codec reads (TIFF 6.0, sections 8 to 23, and the notes cited below).

pub(super) const WIDTH: u16 = 256;
pub(super) const HEIGHT: u16 = 257;
pub(super) const BITS: u16 = 258;
pub(super) const COMPRESSION: u16 = 259;
pub(super) const PHOTOMETRIC: u16 = 262;
pub(super) const FILL_ORDER: u16 = 266;
pub(super) const STRIP_OFFSETS: u16 = 273;
pub(super) const ORIENTATION: u16 = 274;
pub(super) const SAMPLES: u16 = 277;
pub(super) const ROWS_PER_STRIP: u16 = 278;
pub(super) const STRIP_LENGTHS: u16 = 279;
pub(super) const PLANAR: u16 = 284;
pub(super) const T4_OPTIONS: u16 = 292;
pub(super) const PREDICTOR: u16 = 317;
pub(super) const WHITE_POINT: u16 = 318;
pub(super) const PALETTE: u16 = 320;
pub(super) const TILE_WIDTH: u16 = 322;
pub(super) const TILE_HEIGHT: u16 = 323;
pub(super) const TILE_OFFSETS: u16 = 324;
pub(super) const TILE_LENGTHS: u16 = 325;
pub(super) const EXTRA_SAMPLES: u16 = 338;
pub(super) const SAMPLE_FORMAT: u16 = 339;
/// Adobe's TIFF Technical Note 2.
pub(super) const JPEG_TABLES: u16 = 347;
pub(super) const LUMA_COEFFICIENTS: u16 = 529;
pub(super) const SUBSAMPLING: u16 = 530;
pub(super) const REFERENCE_LEVELS: u16 = 532;
/// The ICC specification, annex B.4.
pub(super) const PROFILE: u16 = 34_675;

/// All of them in ascending order.
pub(super) const KNOWN: [u16; 27] = [
    WIDTH,
    HEIGHT,
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    FILL_ORDER,
    STRIP_OFFSETS,
    ORIENTATION,
    SAMPLES,
    ROWS_PER_STRIP,
    STRIP_LENGTHS,
    PLANAR,
    T4_OPTIONS,
    PREDICTOR,
    WHITE_POINT,
    PALETTE,
    TILE_WIDTH,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_LENGTHS,
    EXTRA_SAMPLES,
    SAMPLE_FORMAT,
    JPEG_TABLES,
    LUMA_COEFFICIENTS,
    SUBSAMPLING,
    REFERENCE_LEVELS,
    PROFILE,
];

#[cfg(test)]
mod tests {
    use super::KNOWN;

    #[test]
    fn known_tags_are_sorted() {
        assert!(KNOWN.is_sorted_by(|a, b| a < b), "they are found by binary search");
    }
}
