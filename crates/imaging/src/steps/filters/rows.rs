//! Rows of RGBA pixels: the form in which filters of single pixels, and the flatten step, see every picture.

use crate::picture::Picture;
use crate::{Cancel, Channels, ImageError};

/// Red, green, blue, alpha.
pub(in crate::steps) type Pixel = [u8; 4];

/// Passes each row through `change`, with the row's number. The result has `channels`: the caller knows that they hold
/// it.
pub(super) fn changed(
    mut picture: Picture,
    channels: Channels,
    cancel: &Cancel,
    mut change: impl FnMut(usize, &mut [Pixel]),
) -> Result<Picture, ImageError> {
    let mut row = vec![Pixel::default(); picture.size.width as usize];
    if picture.channels == channels {
        let row_bytes = picture.row_bytes();
        for (y, bytes) in picture.pixels.chunks_exact_mut(row_bytes).enumerate() {
            cancel.check()?;
            unpack(bytes, channels, &mut row);
            change(y, &mut row);
            pack(&row, channels, bytes);
        }
        return Ok(picture);
    }
    let mut pixels = vec![0; Picture::bytes(picture.size, channels)];
    let row_bytes = picture.size.width as usize * channels.count();
    for (y, (source, target)) in picture.rows().zip(pixels.chunks_exact_mut(row_bytes)).enumerate() {
        cancel.check()?;
        unpack(source, picture.channels, &mut row);
        change(y, &mut row);
        pack(&row, channels, target);
    }
    Ok(Picture {
        size: picture.size,
        channels,
        pixels,
    })
}

/// Reads a row of these channels.
pub(in crate::steps) fn unpack(bytes: &[u8], channels: Channels, row: &mut [Pixel]) {
    match channels {
        Channels::Gray => each(bytes, row, |[gray]: [u8; 1]| [gray, gray, gray, u8::MAX]),
        Channels::GrayAlpha => each(bytes, row, |[gray, alpha]: [u8; 2]| [gray, gray, gray, alpha]),
        Channels::Rgb => each(bytes, row, |[red, green, blue]: [u8; 3]| [red, green, blue, u8::MAX]),
        // Inks became RGB right after scaling.
        Channels::Rgba | Channels::Cmyk => each(bytes, row, |pixel: [u8; 4]| pixel),
    }
}

#[inline]
fn each<const N: usize>(bytes: &[u8], row: &mut [Pixel], pixel: impl Fn([u8; N]) -> Pixel) {
    for (target, source) in row.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *target = pixel(*source);
    }
}

/// Writes a row of these channels, which the caller knows to hold it.
pub(in crate::steps) fn pack(row: &[Pixel], channels: Channels, bytes: &mut [u8]) {
    match channels {
        Channels::Gray => put(row, bytes, |[gray, ..]| [gray]),
        Channels::GrayAlpha => put(row, bytes, |[gray, _, _, alpha]| [gray, alpha]),
        Channels::Rgb => put(row, bytes, |[red, green, blue, _]| [red, green, blue]),
        Channels::Rgba | Channels::Cmyk => put(row, bytes, |pixel| pixel),
    }
}

#[inline]
fn put<const N: usize>(row: &[Pixel], bytes: &mut [u8], channels: impl Fn(Pixel) -> [u8; N]) {
    for (target, source) in bytes.as_chunks_mut::<N>().0.iter_mut().zip(row) {
        *target = channels(*source);
    }
}
