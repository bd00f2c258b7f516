//! Sample pictures: noise, gradients, drawings and photographs, and their encoded forms.

use webp::WebPConfig;

/// A picture in RGB.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    fn of(width: usize, height: usize, mut pixel: impl FnMut(usize, usize) -> [u8; 3]) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = places.flat_map(|(x, y)| pixel(x, y)).collect();
        Self { width, height, pixels }
    }

    /// Random pixels.
    pub(crate) fn noise(width: usize, height: usize) -> Self {
        let mut chance = Chance(0x2545_f491);
        Self::of(width, height, |_, _| [(); 3].map(|()| chance.byte()))
    }

    /// From dark to light, and from one colour to another.
    pub(crate) fn gradient(width: usize, height: usize) -> Self {
        Self::of(width, height, |x, y| {
            [
                x * 255 / width,
                y * 255 / height,
                255 - (x + y) * 255 / (width + height),
            ]
            .map(|value| value as u8)
        })
    }

    /// Flat areas with sharp edges.
    pub(crate) fn drawing(width: usize, height: usize) -> Self {
        Self::of(width, height, |x, y| match (x / 7 + y / 5) % 4 {
            0 => [255, 255, 255],
            1 => [200, 30, 30],
            2 => [0, 0, 0],
            _ => [20, 60, 220],
        })
    }

    /// A part of a photograph in the repository.
    pub(crate) fn photograph(width: usize, height: usize) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/lake.jpg");
        #[expect(clippy::disallowed_methods, reason = "a test may wait for a file")]
        let source = std::fs::read(path).unwrap();
        let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(&source));
        let pixels = decoder.decode().unwrap();
        let (whole, _) = decoder.dimensions().unwrap();
        Self::of(width, height, |x, y| {
            let start = ((y + 500) * whole + x + 700) * 3;
            [pixels[start], pixels[start + 1], pixels[start + 2]]
        })
    }

    /// The picture without colours.
    pub(crate) fn gray(mut self) -> Self {
        for pixel in self.pixels.as_chunks_mut::<3>().0 {
            *pixel = [pixel[1]; 3];
        }
        self
    }

    /// The picture with at most this many colours.
    pub(crate) fn with_colours(mut self, most: usize) -> Self {
        let mut colours: Vec<[u8; 3]> = Vec::new();
        for pixel in self.pixels.as_chunks_mut::<3>().0 {
            if !colours.contains(pixel) && colours.len() < most {
                colours.push(*pixel);
            }
            let known = colours.iter().position(|colour| colour == pixel);
            *pixel = colours[known.unwrap_or(usize::from(pixel[1]) % colours.len())];
        }
        self
    }

    /// Encodes the picture lossy, by libwebp: the contents of the chunk `VP8 `.
    pub(crate) fn encode(&self, settings: impl Fn(&mut WebPConfig)) -> Vec<u8> {
        let encoder = webp::Encoder::from_rgb(&self.pixels, self.width as u32, self.height as u32);
        chunk(b"VP8 ", &encoder, settings)
    }

    /// Encodes the picture lossless, by libwebp: the contents of the chunk `VP8L`.
    pub(crate) fn encode_lossless(&self, settings: impl Fn(&mut WebPConfig)) -> Vec<u8> {
        let encoder = webp::Encoder::from_rgb(&self.pixels, self.width as u32, self.height as u32);
        chunk(b"VP8L", &encoder, lossless(settings))
    }

    /// The same with transparent pixels. Returns the encoded picture and its pixels.
    pub(crate) fn encode_transparent(&self, settings: impl Fn(&mut WebPConfig)) -> (Vec<u8>, Vec<u8>) {
        let (pixels, _) = self.pixels.as_chunks::<3>();
        let rgba: Vec<u8> = pixels
            .iter()
            .enumerate()
            .flat_map(|(at, [red, green, blue])| [*red, *green, *blue, (at / 3) as u8])
            .collect();
        let encoder = webp::Encoder::from_rgba(&rgba, self.width as u32, self.height as u32);
        (chunk(b"VP8L", &encoder, lossless(settings)), rgba)
    }
}

/// Lossless, including the colours of transparent pixels.
fn lossless(settings: impl Fn(&mut WebPConfig)) -> impl Fn(&mut WebPConfig) {
    move |config| {
        config.lossless = 1;
        config.exact = 1;
        settings(config);
    }
}

/// The contents of the first chunk of a file.
fn chunk(kind: &[u8; 4], encoder: &webp::Encoder<'_>, settings: impl Fn(&mut WebPConfig)) -> Vec<u8> {
    let mut config = WebPConfig::new().unwrap();
    settings(&mut config);
    let file = encoder.encode_advanced(&config).unwrap();
    assert_eq!(&file[12..16], kind);
    let length = u32::from_le_bytes(file[16..20].try_into().unwrap()) as usize;
    file[20..20 + length].to_vec()
}

/// Marsaglia's xorshift.
pub(crate) struct Chance(pub(crate) u32);

impl Chance {
    pub(crate) fn number(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        (self.number() >> 16) as u8
    }
}
