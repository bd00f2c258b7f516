//! Encoder: writes a still picture of 8 bits through rav1e, as luma and chroma of half the resolution, and an alpha
//! channel as a picture of its own.

use std::sync::Arc;

use avif_serialize::Aviffy;
use avif_serialize::constants::MatrixCoefficients as Matrix;
use zenrav1e::color::{
    ChromaSamplePosition, ChromaSampling, ColorDescription, ColorPrimaries, MatrixCoefficients, PixelRange,
    TransferCharacteristics,
};
use zenrav1e::{Config, Context, EncoderConfig, EncoderStatus, Stop, StopReason};

use crate::EncodeError;

/// A picture in sRGB as luma and chroma (ITU-T T.871: 0 to 255, chroma around 128, the matrix of BT.601).
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// Width in pixels, 1 to 65,535.
    pub width: u32,
    /// Height in pixels, 1 to 65,535.
    pub height: u32,
    /// A sample for each pixel.
    pub luma: &'a [u8],
    /// A sample of each chroma for two by two pixels, those beyond the edge included. `None` for a grey picture.
    pub chroma: Option<[&'a [u8]; 2]>,
    /// A sample for each pixel. `None` for an opaque picture.
    pub alpha: Option<&'a [u8]>,
}

/// A question whether to stop, which an encoder asks for each superblock.
type Asked = Arc<dyn Fn() -> bool + Send + Sync>;

struct Ask(Asked);

impl Stop for Ask {
    fn check(&self) -> Result<(), StopReason> {
        if (self.0)() { Err(StopReason::Cancelled) } else { Ok(()) }
    }
}

/// A file of this picture.
///
/// `quality` is 0 to 100: the quantizer falls in equal steps, as in libavif. `speed` is 1 to 10, where 10 is fastest.
pub fn encode(
    samples: Samples<'_>,
    quality: u8,
    speed: u8,
    stop: impl Fn() -> bool + Send + Sync + 'static,
) -> Result<Vec<u8>, EncodeError> {
    let stop: Asked = Arc::new(stop);
    let planes = match &samples.chroma {
        Some([first, second]) => vec![samples.luma, first, second],
        None => vec![samples.luma],
    };
    let colour = payload(samples, &planes, quality, speed, &stop)?;
    let alpha = match samples.alpha {
        Some(alpha) => Some(payload(samples, &[alpha], quality, speed, &stop)?),
        None => None,
    };
    let mut file = Vec::with_capacity(colour.len() + alpha.as_ref().map_or(0, Vec::len) + 512);
    Aviffy::new()
        .set_matrix_coefficients(Matrix::Bt601)
        .set_full_color_range(true)
        .set_chroma_subsampling((true, true))
        .set_monochrome(samples.chroma.is_none())
        .write(&mut file, &colour, alpha.as_deref(), samples.width, samples.height, 8)
        .map_err(|error| EncodeError::Library(error.to_string()))?;
    Ok(file)
}

/// The AV1 data of one picture: of luma, or of luma and chroma.
fn payload(
    samples: Samples<'_>,
    planes: &[&[u8]],
    quality: u8,
    speed: u8,
    stop: &Asked,
) -> Result<Vec<u8>, EncodeError> {
    let grey = planes.len() == 1;
    let config = Config::new().with_encoder_config(configuration(samples, grey, quality, speed));
    let mut context: Context<u8> = config
        .new_context()
        .map_err(|error| EncodeError::Library(error.to_string()))?;
    context.set_stop(Arc::new(Ask(Arc::clone(stop))));
    let mut frame = context.new_frame();
    for (index, (source, plane)) in planes.iter().zip(&mut frame.planes).enumerate() {
        let width = samples.width as usize;
        plane.copy_from_raw_u8(source, if index == 0 { width } else { width.div_ceil(2) }, 1);
    }
    context.send_frame(frame).map_err(failed)?;
    context.flush();
    let mut data = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => data.extend_from_slice(&packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => return Ok(data),
            Err(status) => return Err(failed(status)),
        }
    }
}

fn configuration(samples: Samples<'_>, grey: bool, quality: u8, speed: u8) -> EncoderConfig {
    const MOST: usize = 255;
    let steps = usize::from(100 - quality.min(100));
    // A quantizer of 0 means lossless coding, which chroma of half the resolution is not.
    let quantizer = (steps * MOST / 100).max(1);
    let mut config = EncoderConfig::with_speed_preset(speed.clamp(1, 10));
    config.width = samples.width as usize;
    config.height = samples.height as usize;
    config.still_picture = true;
    config.bit_depth = 8;
    config.chroma_sampling = if grey {
        ChromaSampling::Cs400
    } else {
        ChromaSampling::Cs420
    };
    config.chroma_sample_position = ChromaSamplePosition::Unknown;
    config.pixel_range = PixelRange::Full;
    config.color_description = Some(ColorDescription {
        color_primaries: ColorPrimaries::BT709,
        transfer_characteristics: TransferCharacteristics::SRGB,
        matrix_coefficients: MatrixCoefficients::BT601,
    });
    config.quantizer = quantizer;
    config.min_quantizer = quantizer as u8;
    config.min_key_frame_interval = 0;
    config.max_key_frame_interval = 0;
    // Tools that this version of the encoder has, and that its later versions repaired.
    config.enable_qm = false;
    config.enable_vaq = false;
    config.enable_trellis = false;
    config.seg_boost = 1.0;
    config
}

fn failed(status: EncoderStatus) -> EncodeError {
    match status {
        EncoderStatus::Cancelled => EncodeError::Stopped,
        status => EncodeError::Library(status.to_string()),
    }
}
