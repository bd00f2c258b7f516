//! Flatten step: paints the background colour below the picture, and drops an alpha channel that is opaque everywhere.

use crate::colour::blend;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Channels, Colour, ImageError};

/// A picture without alpha, or with alpha over a transparent background, stays unchanged.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    if !picture.channels.has_alpha() {
        return Ok(picture);
    }
    let background = plan.background;
    let gray = picture.channels.is_gray();
    if picture
        .pixels
        .chunks_exact(picture.channels.count())
        .all(|pixel| pixel.last() == Some(&u8::MAX))
    {
        return converted(&picture, Channels::of(gray, false), cancel, |pixel| pixel);
    }
    if background.alpha == 0 {
        return Ok(picture);
    }
    let channels = Channels::of(gray && background.is_gray(), background.alpha < u8::MAX);
    converted(&picture, channels, cancel, |pixel| over(pixel, background))
}

/// The same picture in other channels, with every pixel passed through `change`.
pub(crate) fn converted(
    picture: &Picture,
    channels: Channels,
    cancel: &Cancel,
    change: impl Fn([u8; 4]) -> [u8; 4],
) -> Result<Picture, ImageError> {
    let mut pixels = Vec::with_capacity(Picture::bytes(picture.size, channels));
    for row in picture.rows() {
        cancel.check()?;
        for pixel in row.chunks_exact(picture.channels.count()) {
            channels.write(change(picture.channels.read(pixel)), &mut pixels);
        }
    }
    Ok(Picture {
        size: picture.size,
        channels,
        pixels,
    })
}

/// A pixel over the background, not premultiplied (W3C Compositing and Blending Level 1, "source over").
pub(super) fn over([red, green, blue, alpha]: [u8; 4], background: Colour) -> [u8; 4] {
    let alpha = u32::from(alpha);
    if background.alpha == u8::MAX {
        let blend = |above, below| blend(above, below, alpha);
        return [
            blend(red, background.red),
            blend(green, background.green),
            blend(blue, background.blue),
            u8::MAX,
        ];
    }
    // Both weights and their sum are out of 255 * 255.
    let above = alpha * 255;
    let below = u32::from(background.alpha) * (255 - alpha);
    let sum = above + below;
    if sum == 0 {
        return [0; 4];
    }
    let mix = |a: u8, b: u8| ((u32::from(a) * above + u32::from(b) * below + sum / 2) / sum) as u8;
    let alpha = ((sum + 127) / 255) as u8;
    [
        mix(red, background.red),
        mix(green, background.green),
        mix(blue, background.blue),
        alpha,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixel_over_a_background_is_composited() {
        let check = |pixel: [u8; 4], background: &str, expected: [u8; 4]| {
            let background = Colour::parse(background).unwrap();
            assert_eq!(over(pixel, background), expected, "{pixel:?} over {background:?}");
        };
        check([10, 20, 30, 255], "ff0000", [10, 20, 30, 255]);
        check([10, 20, 30, 0], "ff0000", [255, 0, 0, 255]);
        // 51/255 is a fifth: 100/5 + 200*4/5 = 180.
        check([100, 100, 100, 51], "c8c8c8", [180, 180, 180, 255]);
        check([10, 20, 30, 255], "ff000080", [10, 20, 30, 255]);
        check([10, 20, 30, 0], "ff000080", [255, 0, 0, 128]);
        check([10, 20, 30, 0], "ff000000", [0, 0, 0, 0]);
        // A fifth, over a background of which 4/5 show and a half of that is there: weights 0.2 and 0.4 (102/255 is
        // 0.4, times 0.8 is 0.32). Alpha 0.2 + 0.32 = 0.52 = 132.6/255; red (255*0.2)/0.52 = 98.08.
        check([255, 0, 0, 51], "00ff0066", [98, 157, 0, 133]);
    }
}
