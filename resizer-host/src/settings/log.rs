//! Log settings: the filter and the format.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Which events are logged, in the syntax of `tracing-subscriber`'s `Targets`. (Its `EnvFilter` knows spans too, which
/// this server does not have, and brings an engine for regular expressions.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct LogFilter(String);

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

resizer_plugin_api::text_setting!(LogFilter, "a log filter such as \"info\"");

impl LogFilter {
    /// The filter as it was written; it is known to parse.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl TryFrom<String> for LogFilter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // `Targets` takes a word that is no level for the name of a module, and so hides a misspelt level.
        let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
        let is_clear = text.split(',').all(|part| part.contains('=') || is_level(part.trim()));
        match text.parse::<Targets>() {
            Ok(_) if is_clear => Ok(Self(text)),
            _ => Err(
                "a log filter is a level (error, warn, info, debug, trace, off) or levels by module, \
                      as in \"warn,resizer_engine=debug\"",
            ),
        }
    }
}

impl From<LogFilter> for String {
    fn from(filter: LogFilter) -> Self {
        filter.0
    }
}
