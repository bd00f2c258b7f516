//! Layer settings: an image or a text with its place, as it stands in `plugins.toml`, and the overlay made of it for a
//! request.

use std::sync::Arc;

use resizer_plugin_api::imaging::{Anchor, Colour, Container, Fit, IgnoredReason, Instructions, Placement, Size};
use resizer_plugin_api::{Overlay, OverlayContent, Query, text_setting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fonts::Fonts;
use crate::length::{LengthSetting, percent};
use crate::text::{Style, Text};

/// A layer: an image (`image`) or a text (`text`), and its place. Its box begins as the whole of `relative_to`; edges
/// and sides that are given narrow it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LayerConfig {
    /// The path of an image in any source of this server: `"/marks/logo.png"`.
    pub image: Option<String>,
    /// Commands for the image, carried out before it is placed: `"s.alpha=0.5&trim…"` but without trimming.
    pub query: String,
    /// The text to write, with `\n` between lines. `#{name}` stands for the value of the key `name` in the URL.
    pub text: Option<String>,
    /// The rectangle that the box refers to.
    pub relative_to: RelativeTo,
    /// Distance of the box from the left, in pixels or percent.
    pub left: Option<LengthSetting>,
    /// Distance from the top.
    pub top: Option<LengthSetting>,
    /// Distance from the right.
    pub right: Option<LengthSetting>,
    /// Distance from the bottom.
    pub bottom: Option<LengthSetting>,
    /// Width of the box. Between `left` and `right` it has no effect.
    pub width: Option<LengthSetting>,
    /// Height of the box. Between `top` and `bottom` it has no effect.
    pub height: Option<LengthSetting>,
    /// Where the layer lies in its box: `"bottomright"`, or two percentages such as `"100,50"`.
    pub align: AlignSetting,
    /// How the layer fills its box. A text is always written `within` it.
    pub fit: FitSetting,
    /// Whether the layer lies over the image, or behind it and over its background.
    pub draw_as: DrawAs,
    /// How opaque the layer is, 0 to 1.
    pub opacity: f64,
    /// Results that are narrower have no such layer.
    pub min_canvas_width: u32,
    /// Results that are lower have no such layer.
    pub min_canvas_height: u32,
    /// The family of the font, one of those in `fonts`. If it is not set: DejaVu Sans, which comes with the plugin.
    pub font: Option<String>,
    /// The weight of the font, 100 to 900, if the family has it.
    pub font_weight: u16,
    /// Whether the font is an italic one, if the family has one.
    pub italic: bool,
    /// The size of the font, in pixels, or in percent of the shorter side of `relative_to`.
    pub font_size: LengthSetting,
    /// The colour of the text.
    pub color: ColourSetting,
    /// The colour of the outline.
    pub outline_color: ColourSetting,
    /// The width of the outline around the letters, in pixels, or in percent of the font's size.
    pub outline_width: LengthSetting,
    /// The colour of a shadow below the text. If it is not set, there is none.
    pub shadow_color: Option<ColourSetting>,
    /// The shadow's distance to the right and to the bottom, in pixels, or in percent of the font's size.
    pub shadow_offset: [LengthSetting; 2],
    /// The angle of the text in degrees, clockwise.
    pub angle: f64,
}

impl Default for LayerConfig {
    fn default() -> Self {
        Self {
            image: None,
            query: String::new(),
            text: None,
            relative_to: RelativeTo::default(),
            left: None,
            top: None,
            right: None,
            bottom: None,
            width: None,
            height: None,
            align: AlignSetting("middlecenter".to_owned()),
            fit: FitSetting::default(),
            draw_as: DrawAs::default(),
            opacity: 1.0,
            min_canvas_width: 0,
            min_canvas_height: 0,
            font: None,
            font_weight: 400,
            italic: false,
            font_size: percent(6.0),
            color: ColourSetting("black".to_owned()),
            outline_color: ColourSetting("white".to_owned()),
            outline_width: percent(0.0),
            shadow_color: None,
            shadow_offset: [percent(6.0); 2],
            angle: 0.0,
        }
    }
}

/// A rectangle of the result.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RelativeTo {
    /// The image, without anything around it.
    #[default]
    Image,
    /// The image and the area that `mode=pad` adds.
    Area,
    /// The same with `paddingwidth`.
    Padding,
    /// The same with the border.
    Border,
    /// Everything, with shadow and margin.
    Canvas,
}

/// How a layer fills its box.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FitSetting {
    /// All of it inside the box, never enlarged.
    #[default]
    Within,
    /// All of it inside the box, as large as possible.
    Fit,
    /// Distorted to the box.
    Distort,
    /// The box is covered and the rest cut off, but nothing is enlarged.
    WithinCrop,
    /// The box is covered, and the rest cut off.
    FitCrop,
}

/// Above or below the image.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DrawAs {
    /// Over the image.
    #[default]
    Overlay,
    /// Behind the image, where it is transparent or padded.
    Background,
}

/// A place, in the spelling of the key `anchor`.
#[derive(Clone, Debug, Serialize)]
pub struct AlignSetting(String);

text_setting!(AlignSetting, "a place such as \"bottomright\" or \"100,50\"", schema = { "type": "string" });

impl AlignSetting {
    fn anchor(&self) -> Anchor {
        Instructions::parse([("anchor", self.0.as_str())]).0.anchor
    }
}

impl TryFrom<String> for AlignSetting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (_, ignored) = Instructions::parse([("anchor", text.as_str())]);
        match ignored.into_iter().next().map(|ignored| ignored.reason) {
            Some(IgnoredReason::Invalid(reason)) => Err(reason),
            Some(_) => Err("it is no place".to_owned()),
            None => Ok(Self(text)),
        }
    }
}

/// A colour, in the spellings of a URL.
#[derive(Clone, Debug, Serialize)]
pub struct ColourSetting(String);

text_setting!(ColourSetting, "a colour such as \"white\" or \"ff000080\"", schema = { "type": "string" });

impl ColourSetting {
    fn colour(&self) -> Colour {
        Colour::parse(&self.0).unwrap_or(Colour::TRANSPARENT)
    }
}

impl TryFrom<String> for ColourSetting {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match Colour::parse(&text) {
            Some(_) => Ok(Self(text)),
            None => Err("a colour is a CSS name, or 3, 4, 6 or 8 hexadecimal digits"),
        }
    }
}

/// A layer that was read.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    content: Content,
    placement: Placement,
}

#[derive(Clone, Debug)]
enum Content {
    Image {
        path: String,
        instructions: Box<Instructions>,
    },
    Text {
        template: String,
        style: Style,
    },
}

impl Layer {
    /// Reads a layer's settings.
    ///
    /// # Errors
    /// A sentence about the setting that is wrong.
    pub(crate) fn new(config: LayerConfig) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&config.opacity) {
            return Err("`opacity` is a number from 0 to 1".to_owned());
        }
        let mut placement = Placement {
            container: match config.relative_to {
                RelativeTo::Image => Container::Image,
                RelativeTo::Area => Container::Area,
                RelativeTo::Padding => Container::Padding,
                RelativeTo::Border => Container::Border,
                RelativeTo::Canvas => Container::Canvas,
            },
            edges: [config.left, config.top, config.right, config.bottom].map(|edge| edge.map(Into::into)),
            sides: [config.width, config.height].map(|side| side.map(Into::into)),
            align: config.align.anchor(),
            fit: match config.fit {
                FitSetting::Within => Fit::Within,
                FitSetting::Fit => Fit::Fit,
                FitSetting::Distort => Fit::Distort,
                FitSetting::WithinCrop => Fit::WithinCrop,
                FitSetting::FitCrop => Fit::FitCrop,
            },
            behind: matches!(config.draw_as, DrawAs::Background),
            opacity: (config.opacity * 255.0).round() as u8,
            least_canvas: Size::new(config.min_canvas_width, config.min_canvas_height),
        };
        let content = match (config.image, config.text) {
            (Some(path), None) => Content::Image {
                path: checked(path)?,
                instructions: commands(&config.query)?,
            },
            (None, Some(_)) if !config.query.is_empty() => return Err("`query` is for images only".to_owned()),
            (None, Some(template)) => {
                placement.fit = Fit::Within;
                let style = Style {
                    family: config.font,
                    weight: config.font_weight,
                    italic: config.italic,
                    size: config.font_size,
                    colour: config.color.colour(),
                    outline: config.outline_color.colour(),
                    outline_width: config.outline_width,
                    shadow: config.shadow_color.map(|colour| colour.colour()),
                    shadow_offset: config.shadow_offset,
                    angle: config.angle,
                    align: placement.align.x,
                };
                style.check()?;
                Content::Text { template, style }
            }
            _ => return Err("a layer has either an `image` or a `text`".to_owned()),
        };
        Ok(Self { content, placement })
    }

    /// The family of the font, if the layer names one.
    pub(crate) fn font(&self) -> Option<&str> {
        match &self.content {
            Content::Text { style, .. } => style.family.as_deref(),
            Content::Image { .. } => None,
        }
    }

    /// The overlay for a request with this query. `None` for a text of nothing.
    pub(crate) fn overlay(&self, query: &Query, fonts: &Arc<Fonts>) -> Option<Overlay> {
        let content = match &self.content {
            Content::Image { path, instructions } => OverlayContent::Image {
                path: path.clone(),
                instructions: instructions.clone(),
            },
            Content::Text { template, style } => {
                let text = filled(template, query);
                OverlayContent::Drawing(Arc::new(Text::new(&text, style.clone(), Arc::clone(fonts))?))
            }
        };
        Some(Overlay::new(content, self.placement))
    }

    /// The overlay of a file in the folder that this layer's `image` names. `None` if the name is no file's name.
    pub(crate) fn overlay_of_file(&self, name: &str) -> Option<Overlay> {
        let Content::Image { path, instructions } = &self.content else {
            return None;
        };
        let is_name = !name.starts_with('.') && !name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c));
        is_name.then(|| {
            let content = OverlayContent::Image {
                path: format!("{}/{name}", path.trim_end_matches('/')),
                instructions: instructions.clone(),
            };
            let mut overlay = Overlay::new(content, self.placement);
            // The client has chosen it.
            overlay.optional = true;
            overlay
        })
    }
}

/// A path that a source can have.
fn checked(path: String) -> Result<String, String> {
    let path = path.strip_prefix('~').unwrap_or(&path).to_owned();
    let leaves = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if !path.starts_with('/') || leaves || path.contains(['\\', '?']) || path.chars().any(char::is_control) {
        return Err(
            "`image` is a path on this server that begins with a slash, and its commands stand in `query`".to_owned(),
        );
    }
    Ok(path)
}

/// The commands of an image. A command that has no effect is an error here, where it can be mended.
fn commands(text: &str) -> Result<Box<Instructions>, String> {
    let query = Query::parse_commands(text);
    let (instructions, ignored) = Instructions::parse(query.iter());
    if let Some(ignored) = ignored.first() {
        return Err(format!("`query`: {ignored}"));
    }
    if instructions.geometry.trim.is_some() {
        return Err("`query`: a layer cannot be trimmed, as its size has to be known before it is decoded".to_owned());
    }
    Ok(Box::new(instructions))
}

/// The text with the values of the query in place of `#{key}`.
fn filled(template: &str, query: &Query) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("#{") {
        let Some((key, behind)) = after.split_once('}') else {
            break;
        };
        text.push_str(before);
        text.push_str(query.get(key.trim()).unwrap_or_default());
        rest = behind;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_a_text_become_their_values() {
        let query = Query::parse("name=A%26B&year=1999");
        let check = |template: &str, expected: &str| assert_eq!(filled(template, &query), expected);
        check("plain", "plain");
        check("© #{name}, #{ YEAR }", "© A&B, 1999");
        check("#{none}!", "!");
        // A value is no template.
        check("#{name", "#{name");
        assert_eq!(filled("#{a}", &Query::parse("a=%23%7Ba%7D")), "#{a}");
    }
}
