//! Overlay step: composites layers with the padded picture, or with luma and chroma of the finished planes. On pixels
//! it is "source over" of W3C Compositing and Blending Level 1, on encoded values.
//!
//! The places come from [`Placement`](crate::Placement). `run_with` prepares the layers once for all frames.

mod planes;

pub(crate) use planes::apply as apply_to_planes;

use std::borrow::Cow;

use super::flatten::converted;
use super::pad;
use super::scale::Scaler;
use crate::colour::composited;
use crate::instructions::Scaling;
use crate::layer::Layer;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::resampling::Resampling;
use crate::shrink::{Axis, Shrink};
use crate::{Cancel, Channels, Colour, ImageError, Size};

/// A layer at its size, cut to the canvas.
#[derive(Debug)]
pub(crate) struct Drawn<'p> {
    /// Red, green, blue and alpha, in rows of `width` pixels.
    pixels: Cow<'p, [u8]>,
    width: u32,
    /// The first pixel that is drawn.
    from: [u32; 2],
    /// The pixels that are drawn, across and down.
    size: Size,
    /// The place of the first one on the canvas.
    at: [u32; 2],
    opacity: u8,
    behind: bool,
}

/// The layers of a job that lie on the canvas, at least in part.
pub(crate) fn drawn<'p>(layers: &[Layer<'p>], plan: &Plan, cancel: &Cancel) -> Result<Vec<Drawn<'p>>, ImageError> {
    let mut all = Vec::with_capacity(layers.len());
    for layer in layers {
        let Some(placed) = layer.placement.place(&plan.layout, layer.natural) else {
            continue;
        };
        let canvas = plan.surround.canvas;
        let [x1, y1, x2, y2] = placed.window.map(i64::from);
        let [x, y] = placed.at;
        let (left, from_x, width) = visible(x, x1, x2, canvas.width);
        let (top, from_y, height) = visible(y, y1, y2, canvas.height);
        if width == 0 || height == 0 {
            continue;
        }
        all.push(Drawn {
            pixels: match layer.size == placed.scaled {
                true => Cow::Borrowed(layer.pixels),
                false => Cow::Owned(scaled(layer.pixels, layer.size, placed.scaled, cancel)?),
            },
            width: placed.scaled.width,
            from: [from_x, from_y],
            size: Size::new(width, height),
            at: [left, top],
            opacity: layer.placement.opacity,
            behind: layer.placement.behind,
        });
    }
    Ok(all)
}

/// Along one axis: the place on the canvas, the first pixel of the layer, and the number of pixels.
fn visible(at: i64, start: i64, end: i64, canvas: u32) -> (u32, u32, u32) {
    let canvas = i64::from(canvas);
    let cut = (-at).max(0).min(end - start);
    let place = at.max(0).min(canvas);
    let length = (end - start - cut).min(canvas - place);
    (place as u32, (start + cut) as u32, length as u32)
}

/// Red, green, blue and alpha in another size.
pub(crate) fn scaled(pixels: &[u8], size: Size, target: Size, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let axes = [size.width, size.height].map(|side| Axis::new(0, side, Shrink::NONE));
    let resampling = Resampling::of(&Scaling::default(), size, target);
    let mut scaler = Scaler::new(Channels::Rgba, axes, target, &resampling);
    for row in pixels.chunks_exact(size.width as usize * Channels::Rgba.count()) {
        cancel.check()?;
        scaler.push(row);
    }
    Ok(scaler.finish().pixels)
}

/// The picture with its layers. Layers behind the image find it without padding and background, which are painted here.
pub(crate) fn apply(
    picture: Picture,
    layers: &[Drawn<'_>],
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let mut picture = if plan.layers.behind {
        over_layers_behind(picture, layers, plan, cancel)?
    } else {
        picture
    };
    if picture.channels.is_gray() {
        let channels = Channels::of(false, picture.channels.has_alpha());
        picture = converted(&picture, channels, cancel, |pixel| pixel)?;
    }
    for layer in layers.iter().filter(|layer| !layer.behind) {
        composite(&mut picture, layer, cancel)?;
    }
    Ok(picture)
}

/// Background, padding and rings, on them the layers behind the image, and on these the image.
fn over_layers_behind(
    image: Picture,
    layers: &[Drawn<'_>],
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let channels = plan.surround.channels(Channels::Rgb);
    let mut canvas = pad::surround(None, channels, plan, cancel)?;
    for layer in layers.iter().filter(|layer| layer.behind) {
        composite(&mut canvas, layer, cancel)?;
    }
    let image = match image.channels {
        Channels::Rgba => image,
        _ => converted(&image, Channels::Rgba, cancel, |pixel| pixel)?,
    };
    let image = Drawn {
        width: image.size.width,
        size: image.size,
        pixels: image.pixels.into(),
        from: [0, 0],
        at: plan.surround.place,
        opacity: u8::MAX,
        behind: false,
    };
    composite(&mut canvas, &image, cancel)?;
    Ok(canvas)
}

impl Drawn<'_> {
    /// The row of the layer that lies at a row of the canvas, counted from the first one that is drawn.
    fn row(&self, row: usize) -> &[u8] {
        let count = Channels::Rgba.count();
        let start = ((self.from[1] as usize + row) * self.width as usize + self.from[0] as usize) * count;
        &self.pixels[start..start + self.size.width as usize * count]
    }
}

/// Alpha times opacity, rounded to the nearest value.
fn opaque(alpha: u8, opacity: u8) -> u8 {
    ((u32::from(alpha) * u32::from(opacity) + 127) / 255) as u8
}

/// Lays a layer over a picture of three colours, with or without alpha.
fn composite(picture: &mut Picture, layer: &Drawn<'_>, cancel: &Cancel) -> Result<(), ImageError> {
    let count = picture.channels.count();
    let row_bytes = picture.row_bytes();
    let left = layer.at[0] as usize * count;
    let length = layer.size.width as usize * count;
    let rows = picture.pixels.chunks_exact_mut(row_bytes).skip(layer.at[1] as usize);
    for (index, row) in (0..layer.size.height as usize).zip(rows) {
        cancel.check()?;
        let below = &mut row[left..left + length];
        match count {
            3 => over_opaque(below, layer.row(index), layer.opacity),
            _ => over(below, layer.row(index), layer.opacity),
        }
    }
    Ok(())
}

/// A row of a layer over a row of red, green and blue.
fn over_opaque(below: &mut [u8], above: &[u8], opacity: u8) {
    let (below, _) = below.as_chunks_mut::<3>();
    let (above, _) = above.as_chunks::<4>();
    for (below, above) in below.iter_mut().zip(above) {
        let alpha = u32::from(opaque(above[3], opacity));
        for (below, above) in below.iter_mut().zip(above) {
            *below = crate::colour::blend(*above, *below, alpha);
        }
    }
}

/// The same over red, green, blue and alpha.
fn over(below: &mut [u8], above: &[u8], opacity: u8) {
    let (below, _) = below.as_chunks_mut::<4>();
    let (above, _) = above.as_chunks::<4>();
    for (below, &[red, green, blue, alpha]) in below.iter_mut().zip(above) {
        let colour = Colour {
            red: below[0],
            green: below[1],
            blue: below[2],
            alpha: below[3],
        };
        *below = composited([red, green, blue, opaque(alpha, opacity)], colour);
    }
}
