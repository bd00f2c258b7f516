//! Folder resize syntax plugin: reads sizes out of the path, as in `/resize(100,50,png)/lake.jpg`. It mirrors
//! ImageResizer's FolderResizeSyntax. The page for operators is `docs.md`.

use std::sync::Arc;

use resizer_plugin_api::{
    ClientCommands, DefaultsEvent, Flow, HookResult, Hooks, InstallError, Plugin, RewriteEvent, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

register!(FolderResizeSyntax, docs = "../docs.md");

/// There are no settings.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Reads sizes out of the path.
#[derive(Debug)]
pub struct FolderResizeSyntax;

/// The commands of a path, kept from one event to the next.
#[derive(Clone, Default)]
struct Found {
    width: u32,
    height: u32,
    format: Option<String>,
}

impl Plugin for FolderResizeSyntax {
    const NAME: &'static str = "folderresizesyntax";
    const SUMMARY: &'static str = "Reads sizes out of the path, as in `/resize(100,50)/lake.jpg`.";
    type Config = Config;

    fn install(_: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let plugin = Arc::new(Self);
        hooks.on_rewrite(&plugin, Self::read);
        hooks.on_rewrite_defaults(&plugin, Self::fill);
        Ok(())
    }
}

impl FolderResizeSyntax {
    /// Takes each `resize(…)` out of the path. Of several the later ones overrule.
    fn read(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        if !event.path.contains('(') {
            return Ok(Flow::Continue);
        }
        let mut found: Option<Found> = None;
        let kept: Vec<&str> = event
            .path
            .split('/')
            .filter(|segment| match sizes(segment) {
                Some(sizes) => {
                    found.get_or_insert_default().overrule(sizes);
                    false
                }
                None => true,
            })
            .collect();
        if let Some(found) = found {
            let commands = found.commands();
            ClientCommands::add(event.state, commands.iter().map(|(key, value)| (*key, value.as_str())));
            *event.path = kept.join("/");
            event.state.insert(found);
        }
        Ok(Flow::Continue)
    }

    /// Gives the sizes and the format as defaults: the query's keys win.
    fn fill(&self, event: &mut DefaultsEvent<'_>) -> HookResult {
        let Some(found) = event.state.get::<Found>().cloned() else {
            return Ok(Flow::Continue);
        };
        for (key, value) in found.commands() {
            event.set_default(key, value);
        }
        Ok(Flow::Continue)
    }
}

impl Found {
    fn commands(&self) -> Vec<(&'static str, String)> {
        let sides = [("maxwidth", self.width), ("maxheight", self.height)];
        let sides = sides.into_iter().filter(|(_, side)| *side > 0);
        let format = self.format.iter().map(|format| ("format", format.clone()));
        sides.map(|(key, side)| (key, side.to_string())).chain(format).collect()
    }

    fn overrule(&mut self, later: Self) {
        self.width = if later.width > 0 { later.width } else { self.width };
        self.height = if later.height > 0 { later.height } else { self.height };
        self.format = later.format.or(self.format.take());
    }
}

/// The sizes of a segment that is `resize(width,height)` or `resize(width,height,format)`. `None` for any other, which
/// is part of the image's name.
fn sizes(segment: &str) -> Option<Found> {
    const NAME: &str = "resize";
    let segment = segment.trim();
    let name = segment.get(..NAME.len())?;
    let inner = segment[NAME.len()..]
        .trim_start()
        .strip_prefix('(')?
        .strip_suffix(')')?;
    let mut items = inner.split(',').map(str::trim);
    let found = Found {
        width: items.next()?.parse().ok()?,
        height: items.next()?.parse().ok()?,
        format: items.next().map(str::to_lowercase),
    };
    let is_format = found
        .format
        .as_deref()
        .is_none_or(|format| ["jpg", "png", "gif", "webp"].contains(&format));
    (name.eq_ignore_ascii_case(NAME) && is_format && items.next().is_none()).then_some(found)
}
