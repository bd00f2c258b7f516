//! Rules: which requests need a signature, by the prefix of their path and by their commands.

use resizer_plugin_api::UrlPrefix;
use resizer_plugin_api::imaging::is_same_key;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::path::plain;

/// One rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// The beginning of the paths, such as `"/private/"`.
    pub prefix: UrlPrefix,
    /// Which addresses need a signature: `"always"` for all, `"commands"` for those with commands, `"optional"` for
    /// none. A wrong signature is refused everywhere.
    pub require: Require,
    /// With `require = "commands"`: only these need a signature, such as `["width", "height"]`. By default each does.
    #[serde(default)]
    pub commands: Vec<String>,
    /// With `require = "commands"`: all commands need a signature but these, such as `["preset"]`.
    #[serde(default)]
    pub except: Vec<String>,
}

/// Which addresses need a signature.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Require {
    /// All.
    Always,
    /// Those with commands, in the query or in the path.
    Commands,
    /// None.
    Optional,
}

/// The rules, the longest prefix first. Paths below no prefix need a signature.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Each with its prefix in lower case.
    rules: Vec<(RuleConfig, String)>,
}

impl Rules {
    /// Sorts the rules.
    ///
    /// # Errors
    /// A sentence about a rule that makes no sense.
    pub(crate) fn new(rules: Vec<RuleConfig>) -> Result<Self, String> {
        let mut rules: Vec<_> = rules
            .into_iter()
            .map(|rule| {
                let lower = rule.prefix.as_str().to_lowercase();
                (rule, lower)
            })
            .collect();
        for (index, (rule, lower)) in rules.iter().enumerate() {
            let fault = if rules[..index].iter().any(|(_, known)| known == lower) {
                "there is a rule for this prefix already, perhaps in another case"
            } else if !rule.commands.is_empty() && !rule.except.is_empty() {
                "write either `commands` or `except`"
            } else if rule.require != Require::Commands && !(rule.commands.is_empty() && rule.except.is_empty()) {
                "`commands` and `except` are for `require = \"commands\"`"
            } else {
                continue;
            };
            return Err(format!("rule {} (`{}`): {fault}", index + 1, rule.prefix));
        }
        rules.sort_by_key(|(rule, _)| std::cmp::Reverse(rule.prefix.as_str().len()));
        Ok(Self { rules })
    }

    /// Whether a request needs a signature. `paths` are those that the image has on its way, from the client's to the
    /// last; of their rules the strictest counts. `commands` are the client's.
    pub(crate) fn require(&self, paths: &[&str], commands: &[(&str, &str)]) -> bool {
        paths.iter().any(|path| match plain(path) {
            None => true,
            Some(path) => {
                let exact = self
                    .rules
                    .iter()
                    .find(|(rule, _)| path.starts_with(rule.prefix.as_str()));
                // Some stores take no note of case, so a rule that is stricter for another case counts too.
                let lower_path = path.to_lowercase();
                let lower = self.rules.iter().find(|(_, prefix)| lower_path.starts_with(prefix));
                [exact, lower]
                    .into_iter()
                    .any(|rule| needs(rule.map(|(rule, _)| rule), commands))
            }
        })
    }
}

/// Whether the rule of a path wants a signature. `None` without a rule.
fn needs(rule: Option<&RuleConfig>, commands: &[(&str, &str)]) -> bool {
    match rule {
        None => true,
        Some(rule) => match rule.require {
            Require::Always => true,
            Require::Optional => false,
            Require::Commands => commands.iter().any(|(key, _)| rule.counts(key)),
        },
    }
}

impl RuleConfig {
    /// Whether a command with this key needs a signature.
    fn counts(&self, key: &str) -> bool {
        let is_in = |keys: &[String]| keys.iter().any(|known| is_same_key(known, key));
        (self.commands.is_empty() || is_in(&self.commands)) && !is_in(&self.except)
    }
}
