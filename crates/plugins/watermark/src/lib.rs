//! Watermark plugin: lays named images and texts over results, as `watermark=a,b` asks. It mirrors ImageResizer's
//! Watermark. Pixels are the engine's and imaging's: the plugin adds overlays to the request. The page for operators is
//! `docs.md`.

mod fonts;
mod layer;
mod length;
mod svg;
mod text;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use resizer_disk_store::IoPool;
use resizer_memory_store::{Eviction, MemoryStore};
use resizer_plugin_api::imaging::{Ignored, IgnoredReason};
use resizer_plugin_api::{
    ByteSize, Flow, HookResult, Hooks, InstallError, Plugin, ResourceKey, RewriteEvent, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use fonts::Fonts;
use layer::Layer;
pub use layer::{AlignSetting, ColourSetting, DrawAs, FitSetting, LayerConfig, RelativeTo};
pub use length::LengthSetting;

register!(Watermark, docs = "../docs.md");

const KEY: &str = "watermark";
/// The most layers of one result. Each costs a look at its file's version.
const MOST_LAYERS: usize = 16;
/// The part of `memory_limit` that layers take by default, and the most of it.
const MEMORY_PART: u64 = 32;
const MOST_BY_DEFAULT: ByteSize = ByteSize(16 << 20);

/// The settings of one entry.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The layers by name. Names compare without case.
    pub layers: BTreeMap<String, LayerConfig>,
    /// Several layers under one name, the lowest first.
    pub groups: BTreeMap<String, Vec<String>>,
    /// A layer whose `image` is a folder: any other name in `watermark=` is the name of a file in it.
    pub other_images: Option<Box<LayerConfig>>,
    /// A folder with fonts for texts: files named `.ttf`, `.otf` or `.ttc`. They are read when the server starts.
    pub fonts: Option<PathBuf>,
    /// How much memory files and pixels of layers may take, out of `memory_limit` of `[server]`. If it is not set: a
    /// thirty-second of that, at most `"16MiB"`.
    pub max_size: Option<ByteSize>,
}

/// Adds overlays.
#[derive(Debug)]
pub struct Watermark {
    /// Names in lower case, each with its layers.
    named: BTreeMap<String, Vec<Layer>>,
    other_images: Option<Layer>,
    fonts: Arc<Fonts>,
    folder: Option<PathBuf>,
}

impl Plugin for Watermark {
    const NAME: &'static str = "watermark";
    const SUMMARY: &'static str = "Lays images and texts over results, as in `?watermark=logo`.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let mut named = BTreeMap::new();
        for (name, layer) in config.layers {
            let layer = Layer::new(layer).map_err(|message| fault("layers", &name, &message))?;
            if named.insert(lower("layers", &name)?, vec![layer]).is_some() {
                return Err(fault("layers", &name, "it stands twice, as names compare without case"));
            }
        }
        let mut groups = BTreeMap::new();
        for (name, members) in config.groups {
            let mut layers = Vec::new();
            for member in members {
                match named.get(&member.trim().to_lowercase()) {
                    Some(layer) => layers.extend(layer.iter().cloned()),
                    None => return Err(fault("groups", &name, &format!("there is no layer `{member}`"))),
                }
            }
            let lower = lower("groups", &name)?;
            if named.contains_key(&lower) || groups.insert(lower, layers).is_some() {
                return Err(fault("groups", &name, "it stands twice, as names compare without case"));
            }
        }
        named.extend(groups);
        let other_images = config.other_images.map(|layer| Layer::new(*layer));
        let other_images = other_images.transpose();
        let plugin = Arc::new(Self {
            named,
            other_images: other_images.map_err(|message| InstallError::setting("other_images", message))?,
            fonts: Arc::default(),
            folder: config.fonts,
        });
        let max_size = config
            .max_size
            .unwrap_or(hooks.part_of_memory(MEMORY_PART, MOST_BY_DEFAULT));
        let (claim, metrics) = (hooks.claim("max_size", max_size)?, hooks.metrics().clone());
        let store = hooks.resource(ResourceKey::new(&["layers", &max_size.0.to_string()]), || {
            let bytes = metrics.gauge("resizer_watermark_bytes", "Bytes of layers in memory.", &[]);
            let help = "Parts of layers that gave way to others in memory.";
            let evictions = metrics.counter("resizer_watermark_evictions_total", help, &[]);
            Ok(MemoryStore::new(claim, Eviction::LeastRecent, bytes, evictions))
        })?;
        hooks.add_layer_cache(store);
        hooks.query_key(KEY);
        hooks.on_start(&plugin, Self::read_fonts);
        hooks.on_post_rewrite(&plugin, Self::add);
        Ok(())
    }
}

impl Watermark {
    /// Reads the folder of fonts, and looks for the families that layers name.
    async fn read_fonts(self: Arc<Self>) -> Result<(), InstallError> {
        if let Some(folder) = self.folder.clone() {
            let failed = |error: &dyn std::fmt::Display| {
                let message = format!("the fonts in {} cannot be read: {error}", folder.display());
                InstallError::setting("fonts", message)
            };
            let pool = IoPool::new(NonZeroUsize::MIN, "fonts").map_err(|error| failed(&error))?;
            let (fonts, path) = (Arc::clone(&self.fonts), folder.clone());
            let read = pool.run(move || fonts.read(&path)).await;
            read.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        }
        for (name, layers) in &self.named {
            let unknown = layers
                .iter()
                .filter_map(Layer::font)
                .find(|family| !self.fonts.has(family));
            if let Some(family) = unknown {
                let message = format!("no file in `fonts` has the family `{family}`");
                return Err(fault("layers", name, &message));
            }
        }
        Ok(())
    }

    /// Adds the layers that the query names. A name that nobody knows is told and has no effect, so that old links go on
    /// working.
    fn add(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        let Some(names) = event.query.get(KEY).map(str::to_owned) else {
            return Ok(Flow::Continue);
        };
        let mut left = MOST_LAYERS;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let overlays: Vec<_> = match (self.named.get(&name.to_lowercase()), &self.other_images) {
                (Some(layers), _) => layers
                    .iter()
                    .filter_map(|layer| layer.overlay(event.query, &self.fonts))
                    .collect(),
                (None, Some(folder)) => folder.overlay_of_file(name).into_iter().collect(),
                (None, None) => Vec::new(),
            };
            let is_known = self.named.contains_key(&name.to_lowercase()) || !overlays.is_empty();
            if !is_known {
                ignore(event, name, "there is no layer and no group of this name".to_owned());
            } else if overlays.len() > left {
                ignore(event, name, format!("a result has at most {MOST_LAYERS} layers"));
            } else {
                left -= overlays.len();
                overlays.into_iter().for_each(|overlay| event.add_overlay(overlay));
            }
        }
        Ok(Flow::Continue)
    }
}

fn ignore(event: &mut RewriteEvent<'_>, name: &str, reason: String) {
    event.ignore(Ignored {
        key: KEY.to_owned(),
        value: name.to_owned(),
        reason: IgnoredReason::Invalid(reason),
    });
}

fn fault(setting: &'static str, name: &str, message: &str) -> InstallError {
    InstallError::setting(setting, format!("`{name}`: {message}"))
}

/// A name as it is looked up.
fn lower(setting: &'static str, name: &str) -> Result<String, InstallError> {
    let lower = name.trim().to_lowercase();
    if lower.is_empty() || lower.contains(',') {
        return Err(fault(
            setting,
            name,
            "it cannot be asked for: a name is not empty and has no comma",
        ));
    }
    Ok(lower)
}
