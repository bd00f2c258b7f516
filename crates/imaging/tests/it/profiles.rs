//! ICC profiles, written byte by byte (ICC.1:2022), and the formulas of their colours.

pub(crate) type Matrix = [[f64; 3]; 3];

/// The white of daylight, and of the profile connection space, as chromaticities and as XYZ.
const D65: [f64; 2] = [0.3127, 0.3290];
const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// Red, green and blue as chromaticities.
pub(crate) const SRGB: [[f64; 2]; 3] = [[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]];
pub(crate) const DISPLAY_P3: [[f64; 2]; 3] = [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]];
pub(crate) const ADOBE_RGB: [[f64; 2]; 3] = [[0.64, 0.33], [0.21, 0.71], [0.15, 0.06]];

/// A tone curve.
#[derive(Clone, Copy)]
pub(crate) enum Curve {
    Srgb,
    Gamma(f64),
}

impl Curve {
    pub(crate) fn decode(self, value: f64) -> f64 {
        match self {
            Self::Srgb if value <= 0.04045 => value / 12.92,
            Self::Srgb => ((value + 0.055) / 1.055).powf(2.4),
            Self::Gamma(gamma) => value.powf(gamma),
        }
    }

    /// A `para` tag of kind 3 for sRGB, or a `curv` tag with one number of 8.8 bits for a power.
    fn tag(self) -> Vec<u8> {
        match self {
            Self::Srgb => {
                let numbers = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];
                let mut tag = b"para\0\0\0\0\0\x03\0\0".to_vec();
                tag.extend(numbers.into_iter().flat_map(fixed));
                tag
            }
            Self::Gamma(gamma) => {
                let mut tag = b"curv\0\0\0\0\0\0\0\x01".to_vec();
                tag.extend(((gamma * 256.0).round() as u16).to_be_bytes());
                tag
            }
        }
    }
}

/// The inverse of sRGB's curve, clamped, as a byte.
pub(crate) fn srgb_byte(linear: f64) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let encoded = if linear <= 0.003_130_8 {
        linear * 12.92
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    };
    (encoded * 255.0).round() as u8
}

/// The sRGB value of a colour in a space with these primaries and this curve. Both spaces have daylight's white.
pub(crate) fn in_srgb(primaries: [[f64; 2]; 3], curve: Curve, colour: [u8; 3]) -> [u8; 3] {
    let linear = colour.map(|value| curve.decode(f64::from(value) / 255.0));
    let xyz = apply(to_xyz(primaries), linear);
    apply(inverse(to_xyz(SRGB)), xyz).map(srgb_byte)
}

/// A profile of a screen: primaries, adapted to the connection space's white, and a curve.
pub(crate) fn screen(primaries: [[f64; 2]; 3], curve: Curve) -> Vec<u8> {
    let adapted = multiply(to_d50(), to_xyz(primaries));
    let colorant = |column: usize| xyz_tag([adapted[0][column], adapted[1][column], adapted[2][column]]);
    profile(
        b"mntr",
        b"RGB ",
        b"XYZ ",
        &[
            (b"wtpt", xyz_tag(D50)),
            (b"rXYZ", colorant(0)),
            (b"gXYZ", colorant(1)),
            (b"bXYZ", colorant(2)),
            (b"rTRC", curve.tag()),
            (b"gTRC", curve.tag()),
            (b"bTRC", curve.tag()),
        ],
    )
}

/// A profile of greys.
pub(crate) fn grays(curve: Curve) -> Vec<u8> {
    let tags = [(b"wtpt", xyz_tag(D50)), (b"kTRC", curve.tag())];
    profile(b"mntr", b"GRAY", b"XYZ ", &tags)
}

/// A profile with one table for all intents: two points an axis, each corner with a lightness of 0 to 1, without hue.
/// `wide` makes the table one of 16 bits.
pub(crate) fn table(space: &[u8; 4], inks: u8, wide: bool, lightness: impl Fn(&[u8]) -> f64) -> Vec<u8> {
    let mut tag = if wide { b"mft2".to_vec() } else { b"mft1".to_vec() };
    tag.extend([0, 0, 0, 0, inks, 3, 2, 0]);
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    tag.extend(identity.into_iter().flat_map(fixed));
    let corners = (0..1_u32 << inks).map(|corner| {
        // The first ink is the most significant bit.
        let inks: Vec<u8> = (0..inks).rev().map(|bit| (corner >> bit & 1) as u8).collect();
        lightness(&inks)
    });
    if wide {
        let line = [0_u16, 0xffff].map(u16::to_be_bytes).concat();
        tag.extend([0, 2, 0, 2]);
        tag.extend(line.repeat(usize::from(inks)));
        // In a table of this kind 0xff00 is a lightness of 100, and 0x8000 is neutral.
        let number = |lightness: f64| ((lightness * f64::from(0xff00)).round() as u16).to_be_bytes();
        tag.extend(corners.flat_map(|lightness| [number(lightness), [0x80, 0], [0x80, 0]].concat()));
        tag.extend(line.repeat(3));
    } else {
        let line: Vec<u8> = (0..=255).collect();
        tag.extend(line.repeat(usize::from(inks)));
        tag.extend(corners.flat_map(|lightness| [(lightness * 255.0).round() as u8, 128, 128]));
        tag.extend(line.repeat(3));
    }
    let tags = [(b"wtpt", xyz_tag(D50)), (b"A2B0", tag)];
    profile(b"prtr", space, b"Lab ", &tags)
}

/// The sRGB grey of this lightness (0 to 1): CIE 15, the inverse of L*.
pub(crate) fn gray_of(lightness: f64) -> u8 {
    let f = (lightness * 100.0 + 16.0) / 116.0;
    let linear = if f > 6.0 / 29.0 {
        f.powi(3)
    } else {
        3.0 * (6.0_f64 / 29.0).powi(2) * (f - 4.0 / 29.0)
    };
    srgb_byte(linear)
}

/// A profile: header of 128 bytes, table of tags, and the tags, each aligned to four bytes.
fn profile(class: &[u8; 4], space: &[u8; 4], connection: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut header = vec![0; 128];
    header[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    header[12..16].copy_from_slice(class);
    header[16..20].copy_from_slice(space);
    header[20..24].copy_from_slice(connection);
    header[36..40].copy_from_slice(b"acsp");
    let illuminant: Vec<u8> = D50.into_iter().flat_map(fixed).collect();
    header[68..80].copy_from_slice(&illuminant);
    let mut entries = (tags.len() as u32).to_be_bytes().to_vec();
    let mut bodies = Vec::new();
    for (name, body) in tags {
        let offset = 128 + 4 + 12 * tags.len() + bodies.len();
        entries.extend_from_slice(*name);
        entries.extend((offset as u32).to_be_bytes());
        entries.extend((body.len() as u32).to_be_bytes());
        bodies.extend_from_slice(body);
        bodies.resize(bodies.len().next_multiple_of(4), 0);
    }
    let mut profile = [header, entries, bodies].concat();
    let length = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&length);
    profile
}

fn xyz_tag(xyz: [f64; 3]) -> Vec<u8> {
    let mut tag = b"XYZ \0\0\0\0".to_vec();
    tag.extend(xyz.into_iter().flat_map(fixed));
    tag
}

/// A number of 16.16 bits.
fn fixed(number: f64) -> [u8; 4] {
    ((number * 65536.0).round() as i32).to_be_bytes()
}

/// The matrix from linear values to XYZ that maps equal values to daylight's white.
fn to_xyz(primaries: [[f64; 2]; 3]) -> Matrix {
    let [red, green, blue] = primaries.map(xyz_of);
    let columns = [
        [red[0], green[0], blue[0]],
        [red[1], green[1], blue[1]],
        [red[2], green[2], blue[2]],
    ];
    let scale = apply(inverse(columns), xyz_of(D65));
    columns.map(|row| [row[0] * scale[0], row[1] * scale[1], row[2] * scale[2]])
}

fn xyz_of([x, y]: [f64; 2]) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

/// Bradford's adaptation from daylight to the connection space.
fn to_d50() -> Matrix {
    const CONES: Matrix = [
        [0.8951, 0.2664, -0.1614],
        [-0.7502, 1.7135, 0.0367],
        [0.0389, -0.0685, 1.0296],
    ];
    let from = apply(CONES, xyz_of(D65));
    let to = apply(CONES, D50);
    let scale = [
        [to[0] / from[0], 0.0, 0.0],
        [0.0, to[1] / from[1], 0.0],
        [0.0, 0.0, to[2] / from[2]],
    ];
    multiply(inverse(CONES), multiply(scale, CONES))
}

fn apply(matrix: Matrix, [x, y, z]: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * x + row[1] * y + row[2] * z)
}

fn multiply(a: Matrix, b: Matrix) -> Matrix {
    let column = |index: usize| [b[0][index], b[1][index], b[2][index]];
    let [x, y, z] = [0, 1, 2].map(|index| apply(a, column(index)));
    [[x[0], y[0], z[0]], [x[1], y[1], z[1]], [x[2], y[2], z[2]]]
}

fn inverse(m: Matrix) -> Matrix {
    let minor = |row: usize, column: usize| {
        let [a, b] = [(row + 1) % 3, (row + 2) % 3];
        let [c, d] = [(column + 1) % 3, (column + 2) % 3];
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|column| m[0][column] * minor(0, column)).sum();
    [0, 1, 2].map(|row| [0, 1, 2].map(|column| minor(column, row) / determinant))
}
