//! Planes of a decoded picture: rows of luma and chroma, each as wide as the picture.

use re_rav1d::{Picture, PlanarImageComponent, Plane};

use crate::sequence::Sequence;

/// A decoded picture.
pub(super) struct Planes {
    /// Luma, and both chromas unless the picture is grey.
    planes: Vec<Samples>,
    width: u32,
    /// Whether chroma has half of the rows.
    halved_down: bool,
    halved_across: bool,
}

struct Samples {
    plane: Plane,
    /// The bytes of a row.
    stride: usize,
    width: usize,
    height: usize,
    wide: bool,
}

impl Planes {
    pub(super) fn new(picture: &Picture, sequence: &Sequence) -> Self {
        let [across, down] = sequence.halved;
        let kinds = [
            PlanarImageComponent::Y,
            PlanarImageComponent::U,
            PlanarImageComponent::V,
        ];
        let count = if sequence.grey { 1 } else { 3 };
        let planes = kinds.into_iter().take(count).map(|kind| {
            let part = |side: u32, halved: bool| {
                let halved = halved && kind != PlanarImageComponent::Y;
                (if halved { side.div_ceil(2) } else { side }) as usize
            };
            Samples {
                stride: picture.stride(kind) as usize,
                width: part(sequence.width, across),
                height: part(sequence.height, down),
                wide: sequence.bits > 8,
                plane: picture.plane(kind),
            }
        });
        Self {
            planes: planes.collect(),
            width: sequence.width,
            halved_across: across,
            halved_down: down,
        }
    }

    /// Appends a row of luma.
    pub(super) fn luma(&self, row: u32, target: &mut Vec<u16>) {
        self.planes[0].append(row as usize, target);
    }

    /// Appends a row of a chroma, with a sample for each pixel.
    pub(super) fn chroma(&self, chroma: usize, row: u32, target: &mut Vec<u16>) {
        let plane = &self.planes[1 + chroma];
        let row = row as usize;
        let mut samples = Vec::with_capacity(plane.width);
        if self.halved_down {
            // A pixel's middle lies a quarter of a sample from that of its own sample, and three from the next.
            let near = row / 2;
            let far = if row.is_multiple_of(2) {
                near.saturating_sub(1)
            } else {
                (near + 1).min(plane.height - 1)
            };
            plane.append(near, &mut samples);
            let start = target.len();
            plane.append(far, target);
            for (sample, far) in samples.iter_mut().zip(&target[start..]) {
                *sample = *sample * 3 + far;
            }
            target.truncate(start);
        } else {
            plane.append(row, &mut samples);
            samples.iter_mut().for_each(|sample| *sample *= 4);
        }
        // Samples are four times too large now, which sums of four 12-bit samples allow.
        if self.halved_across {
            let last = samples.len() - 1;
            let wide = |index: usize| u32::from(samples[index]);
            target.extend((0..self.width as usize).map(|pixel| {
                let near = pixel / 2;
                let far = if pixel.is_multiple_of(2) {
                    near.saturating_sub(1)
                } else {
                    (near + 1).min(last)
                };
                ((wide(near) * 3 + wide(far) + 8) / 16) as u16
            }));
        } else {
            target.extend(samples.iter().map(|sample| (sample + 2) / 4));
        }
    }
}

impl Samples {
    /// Appends a row of samples.
    fn append(&self, row: usize, target: &mut Vec<u16>) {
        let bytes = &self.plane[row * self.stride..];
        if self.wide {
            let (samples, _) = bytes.as_chunks::<2>();
            target.extend(samples[..self.width].iter().map(|sample| u16::from_le_bytes(*sample)));
        } else {
            target.extend(bytes[..self.width].iter().map(|sample| u16::from(*sample)));
        }
    }
}
