//! Round trips: pictures that are encoded and decoded again, and files that are damaged or hostile.

use resizer_avif::{DecodeError, Decoder, EncodeError, File, Limits, Samples, encode};

const LIMITS: Limits = Limits {
    frames: 100,
    tiles: 100,
    table_bytes: 1 << 20,
};

/// A picture of two smooth ramps, its chroma neutral in the first half of the columns, and half transparent below.
struct Made {
    width: u32,
    height: u32,
    luma: Vec<u8>,
    chroma: [Vec<u8>; 2],
    alpha: Vec<u8>,
}

impl Made {
    fn new(width: u32, height: u32) -> Self {
        let pixels = || (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)));
        let cells = (width.div_ceil(2) * height.div_ceil(2)) as usize;
        Self {
            width,
            height,
            luma: pixels()
                .map(|(x, y)| (60 + 100 * x / width + 50 * y / height) as u8)
                .collect(),
            chroma: [vec![100; cells], vec![150; cells]],
            alpha: pixels().map(|(_, y)| if y < height / 2 { 255 } else { 128 }).collect(),
        }
    }

    fn samples(&self, colour: bool, alpha: bool) -> Samples<'_> {
        Samples {
            width: self.width,
            height: self.height,
            luma: &self.luma,
            chroma: colour.then_some([&self.chroma[0], &self.chroma[1]]),
            alpha: alpha.then_some(&self.alpha),
        }
    }

    /// The pixel that the samples mean (ITU-T T.871), in f64.
    fn expected(&self, index: usize, colour: bool) -> [u8; 3] {
        let luma = f64::from(self.luma[index]);
        if !colour {
            return [self.luma[index]; 3];
        }
        let [blue, red] = [0, 1].map(|chroma| f64::from(self.chroma[chroma][0]) - 128.0);
        [
            luma + 1.402 * red,
            luma - 0.344_136 * blue - 0.714_136 * red,
            luma + 1.772 * blue,
        ]
        .map(|value| value.round().clamp(0.0, 255.0) as u8)
    }
}

fn decode(file: &[u8]) -> Result<(usize, Vec<u8>), DecodeError> {
    let mut decoder = Decoder::new(File::read(file, LIMITS, &|| false)?)?;
    let header = decoder.header().clone();
    assert_eq!(header.coded, [header.width, header.height]);
    let channels = if header.grey { 1 } else { 3 } + usize::from(header.alpha);
    let mut row = vec![0; header.width as usize * channels];
    let mut pixels = Vec::new();
    assert_eq!(decoder.next_frame()?, Some(0));
    while decoder.next_row(&mut row)? {
        pixels.extend_from_slice(&row);
    }
    assert_eq!(decoder.next_frame()?, None);
    assert_eq!(pixels.len(), row.len() * header.height as usize);
    Ok((channels, pixels))
}

#[test]
fn picture_comes_back_within_a_few_levels() {
    for (width, height) in [(1, 1), (2, 3), (17, 33), (64, 64), (129, 70)] {
        let made = Made::new(width, height);
        for (colour, alpha) in [(true, false), (true, true), (false, false), (false, true)] {
            let file = encode(made.samples(colour, alpha), 95, 10, || false).unwrap();
            let (channels, pixels) = decode(&file).unwrap();
            assert_eq!(channels, if colour { 3 } else { 1 } + usize::from(alpha));
            for (index, pixel) in pixels.chunks_exact(channels).enumerate() {
                let expected = made.expected(index, colour);
                for (value, expected) in pixel.iter().zip(&expected[..channels - usize::from(alpha)]) {
                    assert!(
                        value.abs_diff(*expected) <= 6,
                        "{width}x{height} at {index}: {pixel:?} {expected:?}"
                    );
                }
                if alpha {
                    assert!(
                        pixel[channels - 1].abs_diff(made.alpha[index]) <= 12,
                        "alpha at {index}: {pixel:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn lower_quality_gives_fewer_bytes() {
    let mut made = Made::new(128, 128);
    for (index, luma) in made.luma.iter_mut().enumerate() {
        *luma = luma.wrapping_add((index * 7919 % 41) as u8);
    }
    let bytes = |quality| encode(made.samples(true, false), quality, 10, || false).unwrap().len();
    assert!(bytes(20) < bytes(60) && bytes(60) < bytes(95));
}

#[test]
fn encoder_that_is_stopped_says_so() {
    let made = Made::new(200, 200);
    let stopped = encode(made.samples(true, false), 60, 10, || true);
    assert_eq!(stopped, Err(EncodeError::Stopped));
}

#[test]
fn file_that_is_cut_is_an_error() {
    let file = encode(Made::new(40, 30).samples(true, true), 60, 10, || false).unwrap();
    for length in 0..file.len() {
        assert!(decode(&file[..length]).is_err(), "{length} bytes of {}", file.len());
    }
}

/// A changed byte gives an error or a picture, never a panic.
#[test]
fn file_with_a_changed_byte_does_not_panic() {
    let file = encode(Made::new(20, 20).samples(true, true), 60, 10, || false).unwrap();
    for index in 0..file.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut file = file.clone();
            file[index] = value;
            let Ok(file) = File::read(&file, LIMITS, &|| false) else {
                continue;
            };
            if u64::from(file.header().width) * u64::from(file.header().height) > 1_000_000 {
                continue;
            }
            let width = file.header().width as usize;
            let Ok(mut decoder) = Decoder::new(file) else { continue };
            let mut row = vec![0; width * 4];
            while let Ok(Some(_)) = decoder.next_frame() {
                while let Ok(true) = decoder.next_row(&mut row) {}
            }
        }
    }
}
