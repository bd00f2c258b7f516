//! Views of results, decoded by other makers' decoders.

use jxl::api::{Event, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat};
use resizer_imaging::{Encoded, Format};
use zune_png::zune_core::bytestream::ZCursor;
use zune_png::zune_core::colorspace::ColorSpace;

/// A decoded result.
#[derive(Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bytes of a pixel: 1 to 4.
    pub(crate) channels: usize,
    pub(crate) pixels: Vec<u8>,
}

impl View {
    pub(crate) fn of(encoded: &Encoded) -> Self {
        let view = match encoded.format {
            Format::Jpeg => Self::of_jpeg(&encoded.bytes),
            Format::Png => Self::of_png(&encoded.bytes),
            Format::Gif => Self::of_frame(Animation::of(encoded).frames.remove(0), 4),
            Format::WebP => Self::of_webp(&encoded.bytes),
            Format::JpegXl => Self::of_jpeg_xl(&encoded.bytes),
            other => panic!("no decoder for {other:?}"),
        };
        assert_eq!(
            (view.width, view.height),
            (encoded.size.width, encoded.size.height),
            "the size that was told"
        );
        view
    }

    fn of_frame(frame: Shown, channels: usize) -> Self {
        Self {
            width: frame.width,
            height: frame.height,
            channels,
            pixels: frame.pixels,
        }
    }

    /// The first frame, through libwebp.
    fn of_webp(bytes: &[u8]) -> Self {
        let Some(picture) = webp::Decoder::new(bytes).decode() else {
            return Self::of_frame(Animation::of_webp(bytes).frames.remove(0), 4);
        };
        Self {
            width: picture.width(),
            height: picture.height(),
            channels: if picture.is_alpha() { 4 } else { 3 },
            pixels: picture.to_vec(),
        }
    }

    fn of_jpeg_xl(bytes: &[u8]) -> Self {
        let mut decoder = JxlDecoder::new(JxlDecoderOptions::default());
        let (mut rest, mut shown) = (bytes, Vec::new());
        let (mut size, mut channels) = ((0, 0), 0);
        loop {
            let mut buffer;
            let buffers = match shown.is_empty() {
                true => None,
                false => {
                    buffer = [JxlOutputBuffer::new(&mut shown, size.1, size.0 * channels)];
                    Some(&mut buffer[..])
                }
            };
            match decoder.process(&mut rest, buffers, None).unwrap() {
                Event::BasicInfo => {
                    let info = decoder.basic_info().unwrap();
                    let gray = decoder.embedded_color_profile().unwrap().channels() == 1;
                    let (color_type, count) = match (gray, info.extra_channels.len()) {
                        (true, 0) => (JxlColorType::Grayscale, 1),
                        (true, _) => (JxlColorType::GrayscaleAlpha, 2),
                        (false, 0) => (JxlColorType::Rgb, 3),
                        (false, _) => (JxlColorType::Rgba, 4),
                    };
                    (size, channels) = (info.size, count);
                    let format = JxlPixelFormat {
                        color_type,
                        color_data_format: Some(JxlDataFormat::U8 { bit_depth: 8 }),
                        extra_channel_format: vec![None; info.extra_channels.len()],
                    };
                    decoder.set_pixel_format(format).unwrap();
                }
                Event::FrameHeader => shown = vec![0; size.0 * size.1 * channels],
                Event::FrameComplete { .. } => break,
                other => panic!("unexpected {other:?}"),
            }
        }
        Self {
            width: size.0 as u32,
            height: size.1 as u32,
            channels,
            pixels: shown,
        }
    }

    fn of_jpeg(bytes: &[u8]) -> Self {
        let mut decoder = jpeg_decoder::Decoder::new(bytes);
        let pixels = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        let channels = info.pixel_format.pixel_bytes();
        Self {
            width: info.width.into(),
            height: info.height.into(),
            channels,
            pixels,
        }
    }

    fn of_png(bytes: &[u8]) -> Self {
        let mut decoder = zune_png::PngDecoder::new(ZCursor::new(bytes));
        let pixels = decoder.decode_raw().unwrap();
        let (width, height) = decoder.dimensions().unwrap();
        let channels = match decoder.colorspace().unwrap() {
            ColorSpace::Luma => 1,
            ColorSpace::LumaA => 2,
            ColorSpace::RGB => 3,
            ColorSpace::RGBA => 4,
            other => panic!("unexpected {other:?}"),
        };
        Self {
            width: width as u32,
            height: height as u32,
            channels,
            pixels,
        }
    }

    pub(crate) fn pixel(&self, x: u32, y: u32) -> &[u8] {
        let start = (y * self.width + x) as usize * self.channels;
        &self.pixels[start..start + self.channels]
    }

    /// The pixel in the middle of a cell of a grid.
    pub(crate) fn cell(&self, column: u32, row: u32, columns: u32, rows: u32) -> &[u8] {
        self.pixel(
            (2 * column + 1) * self.width / (2 * columns),
            (2 * row + 1) * self.height / (2 * rows),
        )
    }

    /// Whether every pixel is this one, within `tolerance` levels.
    pub(crate) fn is_all(&self, pixel: &[u8], tolerance: u8) -> bool {
        self.channels == pixel.len()
            && self
                .pixels
                .chunks(self.channels)
                .all(|found| near(found, pixel, tolerance))
    }
}

/// A frame as it is displayed, composed with the frames below it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// RGBA.
    pub(crate) pixels: Vec<u8>,
    /// The delay in milliseconds.
    pub(crate) delay: u32,
}

/// A result with all its frames.
#[derive(Debug)]
pub(crate) struct Animation {
    pub(crate) frames: Vec<Shown>,
    /// The number as the format stores it.
    pub(crate) loops: u32,
}

impl Animation {
    pub(crate) fn of(encoded: &Encoded) -> Self {
        let animation = match encoded.format {
            Format::Gif => Self::of_gif(&encoded.bytes),
            Format::WebP => Self::of_webp(&encoded.bytes),
            other => panic!("{other:?} does not move"),
        };
        for frame in &animation.frames {
            let size = (encoded.size.width, encoded.size.height);
            assert_eq!((frame.width, frame.height), size, "the size that was told");
        }
        animation
    }

    /// `image` composes the frames. The number of repetitions is in a block of its own: `NETSCAPE2.0`, 3, 1 and the
    /// number. Without the block it is 0xffff_ffff here.
    fn of_gif(bytes: &[u8]) -> Self {
        let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(bytes)).unwrap();
        let frames = image::AnimationDecoder::into_frames(decoder).map(|frame| {
            let frame = frame.unwrap();
            let (milliseconds, per) = frame.delay().numer_denom_ms();
            let pixels = frame.into_buffer();
            Shown {
                width: pixels.width(),
                height: pixels.height(),
                pixels: pixels.into_raw(),
                delay: milliseconds / per,
            }
        });
        let block = b"NETSCAPE2.0\x03\x01";
        let number = bytes.windows(block.len()).position(|window| window == block);
        let loops = number.map_or(u32::MAX, |at| {
            u16::from_le_bytes([bytes[at + block.len()], bytes[at + block.len() + 1]]).into()
        });
        Self {
            frames: frames.collect(),
            loops,
        }
    }

    /// libwebp composes the frames, and tells when each of them ends.
    fn of_webp(bytes: &[u8]) -> Self {
        let decoded = webp::AnimDecoder::new(bytes).decode().unwrap();
        let mut before = 0;
        let frames = decoded.into_iter().map(|frame| {
            let delay = frame.get_time_ms() - before;
            before = frame.get_time_ms();
            assert!(frame.get_layout().is_alpha());
            Shown {
                width: frame.width(),
                height: frame.height(),
                pixels: frame.get_image().to_vec(),
                delay: delay as u32,
            }
        });
        Self {
            frames: frames.collect(),
            loops: decoded.loop_count,
        }
    }
}

pub(crate) fn near(found: &[u8], expected: &[u8], tolerance: u8) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= tolerance)
}
