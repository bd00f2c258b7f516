//! Colour parser: reads colours of a querystring, as hexadecimal digits with or without `#` or as CSS names.

mod names;

/// A colour in sRGB with alpha (0 transparent, 255 opaque), not premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
    /// Opacity.
    pub alpha: u8,
}

impl Colour {
    /// Fully transparent black.
    pub const TRANSPARENT: Self = Self {
        red: 0,
        green: 0,
        blue: 0,
        alpha: 0,
    };
    /// Opaque white.
    pub const WHITE: Self = Self {
        red: 255,
        green: 255,
        blue: 255,
        alpha: 255,
    };

    /// The colours' names that [`parse`](Self::parse) reads, but for `transparent`.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        names::NAMES.iter().map(|(name, _)| *name)
    }

    /// Reads `RGB`, `RGBA`, `RRGGBB` or `RRGGBBAA` (hexadecimal, alpha last, each with an optional `#`), a CSS colour
    /// name or `transparent`. Case does not matter. A single digit is doubled.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && let Ok(value) = u32::from_str_radix(digits, 16)
        {
            // Nibble n, counted from the right, doubled to a byte.
            let nibble = |n: u32| ((value >> (4 * n) & 0xf) * 0x11) as u8;
            let [a, b, c, d] = value.to_be_bytes();
            match digits.len() {
                3 => {
                    return Some(Self {
                        red: nibble(2),
                        green: nibble(1),
                        blue: nibble(0),
                        alpha: 255,
                    });
                }
                4 => {
                    return Some(Self {
                        red: nibble(3),
                        green: nibble(2),
                        blue: nibble(1),
                        alpha: nibble(0),
                    });
                }
                6 => {
                    return Some(Self {
                        red: b,
                        green: c,
                        blue: d,
                        alpha: 255,
                    });
                }
                8 => {
                    return Some(Self {
                        red: a,
                        green: b,
                        blue: c,
                        alpha: d,
                    });
                }
                _ => {}
            }
        }
        let name = text.to_ascii_lowercase();
        if name == "transparent" {
            return Some(Self::TRANSPARENT);
        }
        let index = names::NAMES.binary_search_by(|(known, _)| (*known).cmp(&name)).ok()?;
        let [_, red, green, blue] = names::NAMES[index].1.to_be_bytes();
        Some(Self {
            red,
            green,
            blue,
            alpha: 255,
        })
    }

    /// The canonical spelling: eight hexadecimal digits, lower case.
    pub fn to_hex(self) -> String {
        format!("{:02x}{:02x}{:02x}{:02x}", self.red, self.green, self.blue, self.alpha)
    }

    /// This colour painted over the opaque colour `below`, as a format without alpha shows it.
    pub const fn over(self, below: Self) -> Self {
        let alpha = self.alpha as u32;
        Self {
            red: blend(self.red, below.red, alpha),
            green: blend(self.green, below.green, alpha),
            blue: blend(self.blue, below.blue, alpha),
            alpha: 255,
        }
    }

    /// Luma, and the differences of blue and red from it around 128: ITU-T T.871, 7. Alpha does not count.
    pub(crate) fn luma_and_chroma(self) -> [u8; 3] {
        let [red, green, blue] = [self.red, self.green, self.blue].map(f64::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        let chroma = |difference: f64| (128.0 + difference).round() as u8;
        [
            luma.round() as u8,
            chroma((blue - luma) / 1.772),
            chroma((red - luma) / 1.402),
        ]
    }

    /// This colour painted over any colour.
    pub(crate) fn composited_over(self, below: Self) -> Self {
        let [red, green, blue, alpha] = composited(self.pixel(), below);
        Self {
            red,
            green,
            blue,
            alpha,
        }
    }

    /// Red, green, blue and alpha.
    pub(crate) const fn pixel(self) -> [u8; 4] {
        [self.red, self.green, self.blue, self.alpha]
    }

    /// Whether red, green and blue are the same, so that one grey channel can hold it.
    pub const fn is_gray(self) -> bool {
        self.red == self.green && self.green == self.blue
    }
}

/// `above` with an opacity of `alpha` out of 255 over the opaque value `below`, rounded to the nearest value.
pub(crate) const fn blend(above: u8, below: u8, alpha: u32) -> u8 {
    ((above as u32 * alpha + below as u32 * (255 - alpha) + 127) / 255) as u8
}

/// A pixel of red, green, blue and alpha over a background, neither premultiplied (W3C Compositing and Blending Level
/// 1, "source over").
pub(crate) fn composited([red, green, blue, alpha]: [u8; 4], below: Colour) -> [u8; 4] {
    let alpha = u32::from(alpha);
    if below.alpha == u8::MAX {
        let blend = |above, below| blend(above, below, alpha);
        return [
            blend(red, below.red),
            blend(green, below.green),
            blend(blue, below.blue),
            u8::MAX,
        ];
    }
    // Both weights and their sum are out of 255 * 255.
    let above_weight = alpha * 255;
    let below_weight = u32::from(below.alpha) * (255 - alpha);
    let sum = above_weight + below_weight;
    if sum == 0 {
        return [0; 4];
    }
    let mix = |a: u8, b: u8| ((u32::from(a) * above_weight + u32::from(b) * below_weight + sum / 2) / sum) as u8;
    [
        mix(red, below.red),
        mix(green, below.green),
        mix(blue, below.blue),
        ((sum + 127) / 255) as u8,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixel_over_a_background_is_composited() {
        let check = |pixel: [u8; 4], background: &str, expected: [u8; 4]| {
            let background = Colour::parse(background).unwrap();
            assert_eq!(composited(pixel, background), expected, "{pixel:?} over {background:?}");
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

    #[test]
    fn every_spelling_gives_its_colour() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Colour::parse(text).map(Colour::to_hex).as_deref(), expected, "{text}");
        };
        check("red", Some("ff0000ff"));
        check("RebeccaPurple", Some("663399ff"));
        check("lightgoldenrodyellow", Some("fafad2ff"));
        check("green", Some("008000ff"));
        check("aliceblue", Some("f0f8ffff"));
        check("yellowgreen", Some("9acd32ff"));
        check("transparent", Some("00000000"));
        check("666", Some("666666ff"));
        check("#6663", Some("66666633"));
        check("f00f", Some("ff0000ff"));
        check("fefefe", Some("fefefeff"));
        check("#FEFEFEcc", Some("fefefecc"));
        check("44550099", Some("44550099"));
        check("gggaeee", None);
        check("12345", None);
        check("+12", None);
        check("", None);
        check("#", None);
        check("#red", None);
        check("ÿÿÿ", None);
    }

    #[test]
    fn names_are_sorted_and_found() {
        for (name, value) in names::NAMES {
            let expected = format!("{value:06x}ff");
            assert_eq!(Colour::parse(name).map(Colour::to_hex), Some(expected), "{name}");
        }
    }
}
