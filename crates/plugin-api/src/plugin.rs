//! What makes a crate a plugin: a name, a settings type, and an `install` that subscribes to hooks. Each plugin crate
//! calls [`register!`](crate::register) once; the host links it; `plugins.toml` names it.

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::DeTable;

use crate::{Error, Hooks};

/// A plugin.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// What `plugins.toml` calls it; also its folder and its cargo feature.
    const NAME: &'static str;
    /// One sentence, the first of its page in the docs.
    const SUMMARY: &'static str;
    /// What its page says below the summary, in Markdown; usually the crate's own `//!` text.
    const DOCS: &'static str;
    /// Query keys whose presence makes a URL an image request while this plugin is enabled.
    const QUERY_KEYS: &'static [&'static str];
    /// Its settings: `#[serde(default, deny_unknown_fields)]` and a `Default`, unless one of them is required.
    type Config: DeserializeOwned + JsonSchema;

    /// Subscribes to hooks, and nothing else: no disk, no network, so that `check`, `plan` and a reload can run it.
    /// What needs IO is an `on_start`.
    ///
    /// # Errors
    /// A setting that no type could refuse by itself.
    fn install(config: Self::Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError>;
}

/// Why an entry of `plugins.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The entry does not fit the settings type.
    #[error("{0}")]
    Shape(toml::de::Error),
    /// One setting is wrong; the message says how and what to do, and repeats no secret.
    #[error("setting `{name}`: {message}")]
    Setting {
        /// The setting, as the file spells it.
        name: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The entry is fine and yet it does not work.
    #[error("{0}")]
    Failed(Error),
}

impl InstallError {
    /// One setting is wrong.
    pub fn setting(name: &'static str, message: impl Into<String>) -> Self {
        Self::Setting {
            name,
            message: message.into(),
        }
    }
}

/// Installs one entry: reads its settings out of the table, which still knows where each value stands in the file.
pub type InstallFn = fn(Spanned<DeTable<'_>>, &mut Hooks<'_>) -> Result<(), InstallError>;

/// A plugin that this binary holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Registration {
    /// [`Plugin::NAME`].
    pub name: &'static str,
    /// [`Plugin::SUMMARY`].
    pub summary: &'static str,
    /// [`Plugin::DOCS`].
    pub docs: &'static str,
    /// [`Plugin::QUERY_KEYS`].
    pub query_keys: &'static [&'static str],
    /// The JSON schema of [`Plugin::Config`].
    pub schema: fn() -> Schema,
    /// [`Plugin::install`] behind the parsing of its settings.
    pub install: InstallFn,
}

impl Registration {
    /// The registration of a plugin.
    #[must_use]
    pub const fn of<P: Plugin>() -> Self {
        Self {
            name: P::NAME,
            summary: P::SUMMARY,
            docs: P::DOCS,
            query_keys: P::QUERY_KEYS,
            schema: || schemars::schema_for!(P::Config),
            install: install::<P>,
        }
    }

    /// Every plugin linked into this binary, by name. (The order of registration is not defined, so it is sorted.)
    #[must_use]
    pub fn linked() -> Vec<&'static Self> {
        let mut all: Vec<&'static Self> = inventory::iter::<Self>.into_iter().collect();
        all.sort_by_key(|registration| registration.name);
        all
    }
}

inventory::collect!(Registration);

fn install<P: Plugin>(entry: Spanned<DeTable<'_>>, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
    let config = serde::Deserialize::deserialize(toml::de::Deserializer::from(entry)).map_err(InstallError::Shape)?;
    P::install(config, hooks)
}

/// Registers a plugin: one line per plugin crate.
///
/// ```ignore
/// resizer_plugin_api::register!(CloudFront);
/// ```
#[macro_export]
macro_rules! register {
    ($plugin:ty) => {
        $crate::private::inventory::submit! { $crate::Registration::of::<$plugin>() }
    };
}
