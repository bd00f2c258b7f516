//! The plugin trait: a name, a settings type, and an `install` that subscribes to hooks. Each plugin crate calls
//! [`register!`](crate::register) once, the host links the crate, and `plugins.toml` names the plugin.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::DeTable;

use crate::{Error, Hooks};

/// A plugin.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// The plugin's name in `plugins.toml`; also its folder and its cargo feature.
    const NAME: &'static str;
    /// One sentence, the first of its page in the docs.
    const SUMMARY: &'static str;
    /// Its settings: `#[serde(default, deny_unknown_fields)]` and a `Default`, unless one of them is required.
    type Config: DeserializeOwned + JsonSchema;

    /// Subscribes to hooks, and nothing else: no disk, no network, so that `check`, `plan` and a reload can run it.
    /// IO belongs into [`Hooks::on_start`].
    ///
    /// # Errors
    /// A setting that its type cannot refuse by itself.
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
        name: Cow<'static, str>,
        /// The fault, and the remedy.
        message: String,
    },
    /// The entry is valid, and yet starting or connecting failed.
    #[error("{0}")]
    Failed(Error),
}

impl InstallError {
    /// One setting is wrong.
    pub fn setting(name: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Setting {
            name: name.into(),
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
    /// The page for operators below the summary, in Markdown: the file that [`register!`](crate::register) names.
    pub docs: &'static str,
    /// The JSON schema of [`Plugin::Config`].
    pub schema: fn() -> Schema,
    /// [`Plugin::install`] behind the parsing of its settings.
    pub install: InstallFn,
}

impl Registration {
    /// The registration of a plugin with its page.
    #[must_use]
    pub const fn of<P: Plugin>(docs: &'static str) -> Self {
        Self {
            name: P::NAME,
            summary: P::SUMMARY,
            docs,
            schema: || schemars::schema_for!(P::Config),
            install: install::<P>,
        }
    }

    /// Every plugin linked into this binary, sorted by name, because the order of registration is not defined.
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

/// Registers a plugin: one line in each plugin crate. `docs` is the Markdown file with the page for operators, relative
/// to the file of this line.
///
/// ```ignore
/// resizer_plugin_api::register!(CloudFront, docs = "../docs.md");
/// ```
///
/// A plugin without a page, as in a test, leaves `docs` out.
#[macro_export]
macro_rules! register {
    ($plugin:ty, docs = $docs:literal) => {
        $crate::engine::inventory::submit! { $crate::engine::Registration::of::<$plugin>(include_str!($docs)) }
    };
    ($plugin:ty) => {
        $crate::engine::inventory::submit! { $crate::engine::Registration::of::<$plugin>("") }
    };
}
