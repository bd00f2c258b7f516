//! Colour profile of an AVIF: its own ICC profile, or one made from the numbers that name its colour space.

use moxcms::{CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics};
use resizer_avif::{Header, Profile};

/// `None` if the colours are sRGB, or of numbers that name nothing.
pub(super) fn of(header: &Header) -> Option<Vec<u8>> {
    /// The curves of HDR pictures (ITU-R BT.2100) in numbers of ITU-T H.273, and that of sRGB.
    const HDR: [u16; 2] = [16, 18];
    const SRGB: u16 = 13;
    match header.profile.as_ref()? {
        Profile::Icc(profile) => Some(profile.clone()),
        &Profile::Numbers { primaries, transfer } => {
            let transfer = if HDR.contains(&transfer) { SRGB } else { transfer };
            let color_primaries = CicpColorPrimaries::try_from(u8::try_from(primaries).ok()?).ok()?;
            let transfer_characteristics = TransferCharacteristics::try_from(u8::try_from(transfer).ok()?).ok()?;
            let mut profile = ColorProfile::new_srgb();
            let named = profile.update_rgb_colorimetry_from_cicp(CicpProfile {
                color_primaries,
                transfer_characteristics,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            });
            named.then(|| profile.encode().ok()).flatten()
        }
    }
}
