//! Rewrite plugin: rules that change path and query, redirect or refuse. They do what sites of ImageResizer did in
//! their handlers of `Config.Current.Pipeline.Rewrite`. The page for operators is `docs.md`.

mod pattern;
mod rule;
mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use resizer_plugin_api::{Flow, HookResult, Hooks, InstallError, Plugin, RewriteEvent, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use rule::{Outcome, Rule};

register!(Rewrite, docs = "../docs.md");

/// The settings of one entry.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The rules, which are tried in this order. Each sees what the ones before it have changed.
    pub rules: Vec<RuleConfig>,
}

/// One rule. It applies where everything matches that it names: at least a path, a host, a scheme or a key.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleConfig {
    /// The beginning of the path, such as `"/photos/"`. The rest of the path is `{rest}`.
    pub prefix: Option<String>,
    /// The whole path, where `*` stands for any part of a folder's or file's name, and `**` for any part of the path.
    /// They are `{1}`, `{2}` and so on.
    pub glob: Option<String>,
    /// A regular expression that the path matches somewhere; `^` and `$` bind it to the ends. Its groups are `{1}`,
    /// `{2}` and so on, and `(?<name>…)` is `{name}` as well.
    pub regex: Option<String>,
    /// Whether the path matches in upper and lower case.
    pub ignore_case: bool,
    /// The host that the client asked for, without its port.
    pub host: Option<String>,
    /// `http` or `https`.
    pub scheme: Option<Scheme>,
    /// A key that the query has, or a key and its value: `"v"`, `"v=2"`.
    pub query: Option<String>,
    /// The new path, with the parts of the old one in braces: `"/s3/bucket/{rest}"`.
    pub path: Option<String>,
    /// Keys that are renamed: `{ size = "width" }`.
    pub rename: BTreeMap<String, String>,
    /// Keys that are dropped. `"*"` stands for all.
    pub drop: Vec<String>,
    /// Commands that overrule those of the URL, such as `"format=webp&quality={quality}"`.
    pub set: String,
    /// Commands for keys that the URL does not have.
    pub default: String,
    /// The address that the client is sent to instead: a path, or a scheme and a host with a path. The query is kept,
    /// unless the address has one.
    pub redirect: Option<String>,
    /// The status of the redirect: 301, 302 (default), 307 or 308.
    pub redirect_status: Option<u16>,
    /// The status of a refusal: 403, 404 or 410.
    pub refuse: Option<u16>,
    /// Whether no further rule is tried.
    pub last: bool,
}

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// `http://`
    Http,
    /// `https://`
    Https,
}

/// Applies the rules.
#[derive(Debug)]
pub struct Rewrite(Vec<Rule>);

impl Plugin for Rewrite {
    const NAME: &'static str = "rewrite";
    const SUMMARY: &'static str = "Changes paths and commands by rules, redirects and refuses.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let rules = config.rules.into_iter().zip(1_u32..).map(|(rule, number)| {
            Rule::new(rule).map_err(|fault| InstallError::setting("rules", format!("rule {number}: {fault}")))
        });
        let plugin = Arc::new(Self(rules.collect::<Result<_, _>>()?));
        hooks.on_request(&plugin, Self::apply);
        Ok(())
    }
}

impl Rewrite {
    fn apply(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        for rule in &self.0 {
            match rule.apply(event)? {
                Outcome::Next => {}
                Outcome::Stop => break,
                Outcome::Respond(reply) => return Ok(Flow::Respond(*reply)),
            }
        }
        Ok(Flow::Continue)
    }
}
