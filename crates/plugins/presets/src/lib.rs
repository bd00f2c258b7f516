//! Presets plugin: expands the names in `preset=a,b` to commands that the operator wrote down. It mirrors
//! ImageResizer's Presets. The page for operators is `docs.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use resizer_plugin_api::imaging::{IgnoredReason, Instructions, is_same_key};
use resizer_plugin_api::{
    DefaultsEvent, Error, ErrorKind, Flow, HookResult, Hooks, InstallError, Plugin, Query, RewriteEvent, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

register!(Presets, docs = "../docs.md");

const KEY: &str = "preset";

/// The settings of one entry.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The presets by name. Names compare without case.
    pub presets: BTreeMap<String, PresetConfig>,
    /// Whether the URL may have no commands but `preset`. All others of the client are dropped. Commands that rules of
    /// `rewrite` set stay.
    pub presets_only: bool,
}

/// The commands of one preset, as a querystring: `"width=100&mode=crop"`, with `;` in place of `&` if you like.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PresetConfig {
    /// Commands that overrule those of the URL.
    pub settings: String,
    /// Commands for keys that the URL does not have.
    pub defaults: String,
}

/// Expands presets.
#[derive(Debug)]
pub struct Presets {
    /// Names in lower case.
    presets: BTreeMap<String, Preset>,
    presets_only: bool,
}

#[derive(Debug)]
struct Preset {
    settings: Query,
    defaults: Query,
}

impl Plugin for Presets {
    const NAME: &'static str = "presets";
    const SUMMARY: &'static str = "Gives sets of commands a name, as in `?preset=thumbnail`.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let mut presets = BTreeMap::new();
        for (name, preset) in config.presets {
            let lower = name.trim().to_lowercase();
            if lower.is_empty() || lower.contains(',') {
                let message = format!("`{name}` cannot be asked for: a name is not empty and has no comma");
                return Err(InstallError::setting("presets", message));
            }
            let preset = Preset {
                settings: commands(&name, "settings", &preset.settings)?,
                defaults: commands(&name, "defaults", &preset.defaults)?,
            };
            if presets.insert(lower, preset).is_some() {
                let message = format!("`{name}` stands twice, as names compare without case");
                return Err(InstallError::setting("presets", message));
            }
        }
        let plugin = Arc::new(Self {
            presets,
            presets_only: config.presets_only,
        });
        hooks.query_key(KEY);
        hooks.on_rewrite(&plugin, Self::overrule);
        hooks.on_rewrite_defaults(&plugin, Self::fill);
        hooks.on_post_rewrite(&plugin, Self::forget);
        Ok(())
    }
}

impl Presets {
    /// The presets that a value of `preset` names.
    fn named<'p>(&'p self, names: &str) -> impl Iterator<Item = Result<&'p Preset, Error>> {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_lowercase).collect();
        names.into_iter().map(|name| {
            self.presets.get(&name).ok_or_else(|| {
                let message = format!("There is no preset `{name}`: see the names in the server's configuration.");
                Error::new(ErrorKind::BadRequest, message)
            })
        })
    }

    /// Puts the presets' settings over the commands of the URL.
    fn overrule(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        if self.presets_only {
            let names = event.query.get(KEY).map(str::to_owned);
            *event.query = event.own_query();
            if let Some(names) = names {
                event.query.set(KEY, names);
            }
        }
        let Some(names) = event.query.get(KEY).map(str::to_owned) else {
            return Ok(Flow::Continue);
        };
        for preset in self.named(&names) {
            for (key, value) in preset?.settings.iter() {
                let same = names_of(event.query, |given| is_same_key(given, key));
                same.iter().for_each(|given| _ = event.query.remove(given));
                event.query.set(key, value);
            }
        }
        Ok(Flow::Continue)
    }

    /// Gives the presets' defaults where the URL and the settings have nothing.
    fn fill(&self, event: &mut DefaultsEvent<'_>) -> HookResult {
        let Some(names) = event.query.get(KEY).map(str::to_owned) else {
            return Ok(Flow::Continue);
        };
        for preset in self.named(&names) {
            for (key, value) in preset?.defaults.iter() {
                event.set_default(key, value);
            }
        }
        Ok(Flow::Continue)
    }

    /// Removes the key: what it stood for is in the query now.
    fn forget(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        event.query.remove(KEY);
        Ok(Flow::Continue)
    }
}

fn names_of(query: &Query, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let keys = query.iter().map(|(key, _)| key);
    keys.filter(|key| wanted(key)).map(str::to_owned).collect()
}

/// The commands of a setting. A command that imaging would ignore is an error here, where it can be mended. A key that
/// imaging does not know, and that resembles none, may be another plugin's.
fn commands(preset: &str, setting: &str, text: &str) -> Result<Query, InstallError> {
    let query = Query::parse_commands(text);
    let refuse = |message: String| {
        let message = format!("`{setting}` of `{preset}`: {message}");
        Err(InstallError::setting("presets", message))
    };
    if query.contains(KEY) {
        return refuse("a preset cannot name another".to_owned());
    }
    let (_, ignored) = Instructions::parse(query.iter());
    let is_plugins = |reason: &IgnoredReason| {
        matches!(
            reason,
            IgnoredReason::Unknown { nearest: None } | IgnoredReason::NeedsPlugin
        )
    };
    let fault = ignored.iter().find(|ignored| !is_plugins(&ignored.reason));
    match fault {
        Some(fault) => refuse(fault.to_string()),
        None => Ok(query),
    }
}
