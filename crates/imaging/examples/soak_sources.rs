//! Soak test sources: writes the files of `cargo xtask soak ceiling` and `soak slope` into a folder. Three are among
//! the largest that are served, the others are ordinary photographs. Each has smooth areas under a little noise, and is
//! the same in every run.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a failure ends this program"
)]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// 100 megapixels in the proportions of a photograph, within the longest side that is read by default.
const POSTER: (u32, u32) = (11_547, 8_660);
/// 50 megapixels.
const SCREEN: (u32, u32) = (8_660, 5_773);
/// 12 megapixels, like a telephone's photograph.
const PHOTOGRAPH: (u32, u32) = (4_000, 3_000);
const PHOTOGRAPHS: u32 = 6;
const FRAMES: u32 = 1_000;
const FRAME_SIDE: u32 = 400;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let folder = Path::new(&folder);
    write(folder, "poster.jpg", |file| jpeg(file, POSTER, 0, 75));
    write(folder, "screen.png", |file| png(file, SCREEN));
    write(folder, "film.gif", film);
    for index in 0..PHOTOGRAPHS {
        let name = format!("photograph{index}.jpg");
        write(folder, &name, |file| jpeg(file, PHOTOGRAPH, index, 85));
    }
}

fn write(folder: &Path, name: &str, make: impl FnOnce(&mut BufWriter<File>)) {
    let path = folder.join(name);
    let mut file = BufWriter::new(File::create(&path).unwrap());
    make(&mut file);
    file.flush().unwrap();
    println!("{name}: {} bytes", path.metadata().unwrap().len());
}

/// Marsaglia's xorshift.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// The brightness of a smooth surface at a position, from 0 to 255.
fn surface(x: u32, y: u32, seed: u32) -> f32 {
    let (x, y, shift) = (x as f32, y as f32, seed as f32);
    let wave = |length: f32, angle: f32| ((x * angle.cos() + y * angle.sin()) / length + shift).sin();
    let sum = wave(900.0, 0.3) + 0.6 * wave(210.0, 1.9) + 0.3 * wave(37.0, 0.9);
    127.5 + sum / 1.9 * 110.0
}

/// Rows of red, green and blue, with noise of `bits` bits.
fn row(width: u32, y: u32, seed: u32, noise: &mut Noise, bits: u32) -> Vec<u8> {
    let mut row = Vec::with_capacity(width as usize * 3);
    for x in 0..width {
        let light = surface(x, y, seed);
        for (channel, part) in [1.0, 0.85, 0.6].into_iter().enumerate() {
            let grain = (noise.next() >> (8 + channel)) & ((1 << bits) - 1);
            row.push((light * part) as u8 ^ grain as u8);
        }
    }
    row
}

fn jpeg(file: &mut BufWriter<File>, (width, height): (u32, u32), seed: u32, quality: u8) {
    let mut noise = Noise(0x2545_f491 ^ seed);
    let pixels: Vec<u8> = (0..height).flat_map(|y| row(width, y, seed, &mut noise, 4)).collect();
    let mut encoder = jpeg_encoder::Encoder::new(file, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    let colour = jpeg_encoder::ColorType::Rgb;
    encoder.encode(&pixels, width as u16, height as u16, colour).unwrap();
}

fn png(file: &mut BufWriter<File>, (width, height): (u32, u32)) {
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::Sub);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    let mut noise = Noise(1);
    for y in 0..height {
        // Noise in every fourth row, since a screenshot has areas without.
        rows.write_all(&row(width, y, 3, &mut noise, u32::from(y % 4 == 0)))
            .unwrap();
    }
    rows.finish().unwrap();
}

/// A grainy disc that moves before a fixed background. Like other encoders, this one stores of each frame after the
/// first only the square that the disc has left or entered.
fn film(file: &mut BufWriter<File>) {
    const RADIUS: u32 = 70;
    /// The most pixels that the disc moves from one frame to the next.
    const STEP: u32 = 4;
    let side = FRAME_SIDE as u16;
    let palette: Vec<u8> = (0..=255)
        .flat_map(|level: u8| [level, level / 2 + 40, 255 - level])
        .collect();
    let mut encoder = gif::Encoder::new(file, side, side, &palette).unwrap();
    let mut noise = Noise(5);
    for index in 0..FRAMES {
        let angle = index as f32 / 40.0;
        let (x_middle, y_middle) = (200.0 + 110.0 * angle.cos(), 200.0 + 110.0 * angle.sin());
        let reach = RADIUS + STEP;
        let [left, top, size] = match index {
            0 => [0, 0, FRAME_SIDE],
            _ => [x_middle as u32 - reach, y_middle as u32 - reach, 2 * reach],
        };
        let mut buffer = Vec::with_capacity((size * size) as usize);
        for y in top..top + size {
            for x in left..left + size {
                let within = (x as f32 - x_middle).hypot(y as f32 - y_middle) < RADIUS as f32;
                let grain = noise.next() as u8 & 31;
                buffer.push(surface(2 * x, 2 * y, 7) as u8 / 2 + if within { 80 + grain } else { 0 });
            }
        }
        let frame = gif::Frame {
            left: left as u16,
            top: top as u16,
            width: size as u16,
            height: size as u16,
            delay: 4,
            buffer: buffer.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
}
