//! Image 404 plugin: serves another image in place of one that is missing or broken, in the size that was asked for. It
//! mirrors ImageResizer's Image404. The page for operators is `docs.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use resizer_plugin_api::imaging::is_same_key;
use resizer_plugin_api::{
    Error, ErrorKind, Flow, HookResult, Hooks, InstallError, MissingEvent, Plugin, Query, Seconds, Substitute,
    UrlPrefix, built_in, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

register!(Image404, docs = "../docs.md");

const KEY: &str = "404";

/// The settings of one entry.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Images by the name that URLs give: `avatar = "/people/nobody.png"` is for `?404=avatar`.
    pub images: BTreeMap<String, String>,
    /// Images for URLs without a `404`. The rule with the longest prefix counts.
    pub rules: Vec<RuleConfig>,
    /// The status of the response: 404, 410 or 200.
    pub status: u16,
    /// How long caches may keep a response whose status is not 200.
    pub max_age: Seconds,
    /// Whether the images stand in for those too whose files are damaged or no images. Such a response keeps the status
    /// of its error, 422 or 415, unless `status` is 200.
    pub broken: bool,
}

/// The image for missing ones below a prefix.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// The beginning of the paths.
    pub prefix: UrlPrefix,
    /// The path of the image, perhaps with commands of its own: `"/none.png?bgcolor=eee"`.
    pub image: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            images: BTreeMap::new(),
            rules: Vec::new(),
            status: 404,
            max_age: built_in("1m"),
            broken: false,
        }
    }
}

/// Names substitutes.
#[derive(Debug)]
pub struct Image404 {
    /// Names in lower case.
    images: BTreeMap<String, Fallback>,
    /// The longest prefix first.
    rules: Vec<(UrlPrefix, Fallback)>,
    status: StatusCode,
    max_age: Seconds,
    broken: bool,
}

/// A path with its own commands.
#[derive(Clone, Debug)]
struct Fallback {
    path: String,
    query: Query,
}

impl Plugin for Image404 {
    const NAME: &'static str = "image404";
    const SUMMARY: &'static str = "Serves another image in place of one that is missing or broken.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let status = match config.status {
            404 => StatusCode::NOT_FOUND,
            410 => StatusCode::GONE,
            200 => StatusCode::OK,
            other => {
                let message = format!("{other} is none of 404, 410 and 200");
                return Err(InstallError::setting("status", message));
            }
        };
        let fallback = |setting: &'static str, text: &str| {
            Fallback::parse(text).ok_or_else(|| {
                let message = format!("`{text}` is no path on this server, such as `/none.png`");
                InstallError::setting(setting, message)
            })
        };
        let mut images = BTreeMap::new();
        for (name, image) in &config.images {
            images.insert(name.to_lowercase(), fallback("images", image)?);
        }
        let mut rules = Vec::new();
        for rule in config.rules {
            let image = fallback("rules", &rule.image)?;
            rules.push((rule.prefix, image));
        }
        rules.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.as_str().len()));
        let plugin = Arc::new(Self {
            images,
            rules,
            status,
            max_age: config.max_age,
            broken: config.broken,
        });
        hooks.on_image_missing(&plugin, Self::substitute);
        Ok(())
    }
}

impl Image404 {
    fn substitute(&self, event: &mut MissingEvent<'_>) -> HookResult {
        let request = event.request;
        if event.is_broken() && !self.broken {
            return Ok(Flow::Continue);
        }
        let fallback = match request.query.get(KEY).map(str::trim).filter(|value| !value.is_empty()) {
            Some(value) => match self.images.get(&value.to_lowercase()) {
                Some(image) => Some(image.clone()),
                None => Some(Fallback::parse(&rooted(value)).ok_or_else(|| {
                    let message = "The value of `404` is neither a name nor a path on this server.";
                    Error::new(ErrorKind::BadRequest, message)
                })?),
            },
            None => {
                let mut rules = self.rules.iter();
                let rule = rules.find(|(prefix, _)| request.path.starts_with(prefix.as_str()));
                rule.map(|(_, image)| image.clone())
            }
        };
        if let Some(Fallback { path, mut query }) = fallback {
            for (key, value) in request.query.iter().filter(|(key, value)| is_kept(key, value)) {
                if !query.iter().any(|(own, _)| is_same_key(own, key)) {
                    query.set(key, value);
                }
            }
            let mut substitute = Substitute::new(path);
            substitute.query = Some(query);
            substitute.status = if event.is_broken() && self.status != StatusCode::OK {
                event.error.kind().status()
            } else {
                self.status
            };
            substitute.max_age = self.max_age;
            *event.substitute = Some(substitute);
        }
        Ok(Flow::Continue)
    }
}

impl Fallback {
    /// `None` for the address of another server, and for a path that leaves its folder.
    fn parse(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let is_path = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', ':']);
        let leaves = path.split('/').any(|segment| matches!(segment, "." | ".."));
        (is_path && !leaves).then(|| Self {
            path: path.to_owned(),
            query: Query::parse_commands(query),
        })
    }
}

/// A path without its first slash is one too. The address of another server stays what it is.
fn rooted(value: &str) -> String {
    if value.starts_with('/') {
        value.to_owned()
    } else {
        format!("/{value}")
    }
}

/// Whether a command of the request holds for another image too: sizes, decoration, formats and filters do. A window of
/// the picture does not.
fn is_kept(key: &str, value: &str) -> bool {
    const KEPT: [&str; 34] = [
        "width",
        "height",
        "maxwidth",
        "maxheight",
        "mode",
        "stretch",
        "anchor",
        "scale",
        "zoom",
        "srcset",
        "bgcolor",
        "paddingwidth",
        "paddingcolor",
        "borderwidth",
        "bordercolor",
        "shadowwidth",
        "shadowoffset",
        "shadowcolor",
        "margin",
        "dpi",
        "format",
        "quality",
        "lossless",
        "qp",
        "qp.dpr",
        "colors",
        "subsampling",
        "dither",
        "speed",
        "ignoreicc",
        "flip",
        "rotate",
        "noalpha",
        "watermark",
    ];
    const GROUPS: [&str; 10] = [
        "s.", "a.", "f.", "down.", "up.", "jpeg.", "png.", "webp.", "avif.", "jxl.",
    ];
    let lower = key.to_ascii_lowercase();
    KEPT.iter().any(|kept| is_same_key(kept, key))
        || GROUPS.iter().any(|group| lower.starts_with(group))
        || (lower == "crop" && value.trim().eq_ignore_ascii_case("auto"))
}
