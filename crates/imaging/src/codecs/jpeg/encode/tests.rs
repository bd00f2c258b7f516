//! Files of the encoder against another decoder, and against the files of another encoder.

use jpeg_decoder::CodingProcess;

use super::input::Input;
use super::{baseline, progressive};
use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, Channels, ImageError, SampleRange, Size, Subsampling};

type Write = fn(Input<'_>, u8, Subsampling, &mut Vec<u8>, &Cancel) -> Result<(), ImageError>;
const KINDS: [(Write, CodingProcess); 2] = [
    (baseline::write, CodingProcess::DctSequential),
    (progressive::write, CodingProcess::DctProgressive),
];

/// A smooth picture plus noise (Marsaglia's xorshift) of this amplitude.
fn picture(size: Size, channels: Channels, noise: u32) -> Picture {
    let mut state = 0x2545_f491_u32;
    let mut pixels = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            for channel in 0..channels.count() as u32 {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let smooth = 60 + (x * (channel + 1) / 2 + y) % 130;
                pixels.push((smooth + state % (noise + 1)) as u8);
            }
        }
    }
    Picture { size, channels, pixels }
}

fn written(write: Write, picture: &Picture, quality: u8, subsampling: Subsampling) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(Input::Pixels(picture), quality, subsampling, &mut bytes, &Cancel::new()).unwrap();
    bytes
}

fn decoded(bytes: &[u8], kind: CodingProcess) -> (Size, Vec<u8>) {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    assert_eq!(info.coding_process, kind);
    (Size::new(info.width.into(), info.height.into()), pixels)
}

/// jpeg-encoder's baseline file with the same settings.
fn other_file(picture: &Picture, quality: u8, subsampling: Subsampling) -> Vec<u8> {
    use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, SamplingFactor};
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(match subsampling {
        Subsampling::Both => SamplingFactor::F_2_2,
        Subsampling::Across => SamplingFactor::F_2_1,
        Subsampling::Neither => SamplingFactor::F_1_1,
    });
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let colour = if picture.channels.is_gray() {
        ColorType::Luma
    } else {
        ColorType::Rgb
    };
    let Size { width, height, .. } = picture.size;
    encoder
        .encode(&picture.pixels, width as u16, height as u16, colour)
        .unwrap();
    bytes
}

/// The mean of squared differences.
fn error(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    squares.sum::<f64>() / a.len() as f64
}

/// A file is as near to the picture as another encoder's baseline file, for incomplete blocks of every size; and it is
/// smaller, unless headers are most of it.
#[test]
fn file_decodes_as_near_as_that_of_another_encoder() {
    let check = |size: Size, channels: Channels, noise: u32, quality: u8, subsampling: Subsampling| {
        let picture = picture(size, channels, noise);
        let other = other_file(&picture, quality, subsampling);
        let mut decoder = jpeg_decoder::Decoder::new(other.as_slice());
        let theirs = error(&decoder.decode().unwrap(), &picture.pixels);
        for (write, kind) in KINDS {
            let about = format!("{kind:?} {size} {channels:?} noise {noise} quality {quality} {subsampling:?}");
            let bytes = written(write, &picture, quality, subsampling);
            let (read, pixels) = decoded(&bytes, kind);
            assert_eq!(read, size, "{about}");
            let ours = error(&pixels, &picture.pixels);
            assert!(
                ours <= theirs * 1.05 + 2.0,
                "{about}: {ours}, the other encoder {theirs}"
            );
            assert!(
                bytes.len() < other.len() || size.pixels() < 10_000,
                "{about}: {} bytes, the other encoder {}",
                bytes.len(),
                other.len()
            );
        }
    };
    for (width, height) in [(1, 1), (7, 9), (8, 8), (16, 17), (33, 15), (65, 40), (200, 130)] {
        for noise in [0, 20, 120] {
            for quality in [1, 50, 85, 95, 100] {
                let size = Size::new(width, height);
                check(size, Channels::Gray, noise, quality, Subsampling::Both);
                for subsampling in [Subsampling::Both, Subsampling::Across, Subsampling::Neither] {
                    check(size, Channels::Rgb, noise, quality, subsampling);
                }
            }
        }
    }
}

/// The picture has more empty blocks than one symbol can count.
#[test]
fn picture_of_one_colour_takes_a_few_bytes() {
    let size = Size::new(1600, 1500);
    let picture = Picture {
        size,
        channels: Channels::Gray,
        pixels: vec![90; 1600 * 1500],
    };
    // 37,600 blocks: two bits for each in a baseline file, one in a progressive one; and headers.
    for ((write, kind), most) in KINDS.into_iter().zip([10_300, 5_200]) {
        let bytes = written(write, &picture, 90, Subsampling::Both);
        let (read, pixels) = decoded(&bytes, kind);
        assert_eq!(read, size);
        assert!(pixels.iter().all(|pixel| pixel.abs_diff(90) <= 1));
        assert!(bytes.len() < most, "{kind:?}: {}", bytes.len());
    }
}

/// Of a large picture only some rows are counted. Here the others hold all the details.
#[test]
fn details_in_rows_that_are_not_counted_are_written() {
    let size = Size::new(2048, 1600);
    let noisy = picture(size, Channels::Gray, 190);
    // Four megapixels' worth of rows of eight pixels, of which each fourth is counted.
    let mut pixels = noisy.pixels;
    for (row, values) in pixels.chunks_mut(2048).enumerate() {
        if row / 8 % 4 == 0 {
            values.fill(100);
        }
    }
    let picture = Picture { pixels, ..noisy };
    let bytes = written(baseline::write, &picture, 95, Subsampling::Both);
    let (_, found) = decoded(&bytes, CodingProcess::DctSequential);
    let difference = error(&found, &picture.pixels);
    assert!(difference < 20.0, "{difference}");
}

/// The flag is checked at least once a row of blocks.
#[test]
fn encoder_cancelled_at_any_check_stops() {
    let picture = picture(Size::new(64, 160), Channels::Rgb, 50);
    // Ten rows of MCUs, each transformed twice; or transformed once, and then three and four scans of their blocks.
    for ((write, _), least) in KINDS.into_iter().zip([2 * 10, 10 + 2 * (3 * 20 + 4 * 10)]) {
        let cancel = Cancel::new();
        let encode = |cancel: &Cancel| write(Input::Pixels(&picture), 85, Subsampling::Both, &mut Vec::new(), cancel);
        encode(&cancel).unwrap();
        assert!(cancel.looks() >= least, "{}", cancel.looks());
        for look in 0..cancel.looks() {
            let result = encode(&Cancel::at_look(look));
            assert!(matches!(result, Err(ImageError::Cancelled)), "{look}: {result:?}");
        }
    }
}

/// Planes whose values are waves, with chroma of a lower resolution or of the same.
fn planes(size: Size, subsampling: Subsampling) -> PlanarPicture {
    let plane = |cell: [u8; 2], length: f64| {
        let [across, down] = cell.map(u32::from);
        let size = Size::new(size.width.div_ceil(across), size.height.div_ceil(down));
        let at = |x: u32, y: u32| (f64::from(x * across) + 0.7 * f64::from(y * down)) / length;
        let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        Picture {
            size,
            channels: Channels::Gray,
            pixels: pixels
                .map(|(x, y)| (128.0 + 50.0 * at(x, y).sin()).round() as u8)
                .collect(),
        }
    };
    let cell = subsampling.factors();
    PlanarPicture {
        planes: [plane([1, 1], 9.0), plane(cell, 30.0), plane(cell, -40.0)],
        cell,
        range: SampleRange::Full,
    }
}

/// The formulas of ITU-T T.871, 7, from luma and chroma to red, green and blue. A pixel has the chroma of its cell,
/// which differs by less than four levels from that of its place.
#[test]
fn planes_are_written_as_they_are() {
    for (write, kind) in KINDS {
        for (width, height) in [(1, 1), (16, 16), (17, 9), (40, 33), (65, 8)] {
            for subsampling in [Subsampling::Neither, Subsampling::Across, Subsampling::Both] {
                let size = Size::new(width, height);
                let picture = planes(size, subsampling);
                let mut file = Vec::new();
                write(Input::Planes(&picture), 100, subsampling, &mut file, &Cancel::new()).unwrap();
                let (found_size, found) = decoded(&file, kind);
                assert_eq!(found_size, size);
                let [across, down] = subsampling.factors().map(usize::from);
                for (index, found) in found.as_chunks::<3>().0.iter().enumerate() {
                    let (x, y) = (index % width as usize, index / width as usize);
                    let chroma = |plane: usize| {
                        let Picture { size, pixels, .. } = &picture.planes[plane];
                        f64::from(pixels[y / down * size.width as usize + x / across]) - 128.0
                    };
                    let luma = f64::from(picture.planes[0].pixels[index]);
                    let (blue, red) = (chroma(1), chroma(2));
                    let expected = [
                        luma + 1.402 * red,
                        luma - 0.344_136 * blue - 0.714_136 * red,
                        luma + 1.772 * blue,
                    ];
                    let most = if across == 2 { 10.0 } else { 4.0 };
                    for (found, expected) in found.iter().zip(expected) {
                        let difference = (f64::from(*found) - expected.clamp(0.0, 255.0)).abs();
                        assert!(
                            difference <= most,
                            "{size}, {subsampling:?}, {x} {y}: {found} for {expected}"
                        );
                    }
                }
            }
        }
    }
}
