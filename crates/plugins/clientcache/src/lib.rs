//! Client cache plugin: sets `Cache-Control` and `Expires`, by which clients and CDNs keep responses. This file has the
//! settings and the one handler; `lives` turns the settings into headers. The plugin mirrors ImageResizer's
//! ClientCache. The page for operators is `docs.md`. Not here: `ETag`, `Last-Modified` and conditional requests, which
//! are the engine's.

mod lives;

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use http::header::CACHE_CONTROL;
use percent_encoding::percent_decode_str;
use resizer_plugin_api::{
    Flow, HookResult, Hooks, InstallError, Plugin, RequestHead, ResponseEvent, Seconds, UrlPrefix, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lives::{Life, Lives};

register!(ClientCache, docs = "../docs.md");

/// The settings of one entry.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long an image may be used without asking for it again, in minutes: `max-age` and `Expires`. At `0` it is
    /// asked for each time.
    pub minutes: u32,
    /// The same for caches that many users share, a CDN's above all, where it is another time: `s-maxage`.
    pub shared_minutes: Option<u32>,
    /// The caches that may keep a response.
    pub visibility: Visibility,
    /// How much longer a cache may serve an image while it asks for it again; `"0s"` leaves it out.
    pub stale_while_revalidate: Seconds,
    /// How much longer a cache may serve an image when this server fails; `"0s"` leaves it out.
    pub stale_if_error: Seconds,
    /// That an image never changes, so that a browser does not ask even when the page is reloaded. Only for URLs that
    /// change with their image.
    pub immutable: bool,
    /// How long a redirect may be kept; `"0s"` is not at all.
    pub redirects: Seconds,
    /// How long it may be kept that there is no image (404, 410); `"0s"` is not at all.
    pub not_found: Seconds,
    /// How long a refusal may be kept that lies in the URL or in the source file (400, 403, 415, 422); `"0s"` is not at
    /// all.
    pub client_errors: Seconds,
    /// Other values for some prefixes. The longest prefix that fits holds; what its rule does not set is as above.
    pub rules: Vec<Rule>,
}

/// Other values for one prefix.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The beginning of the URL's path, as the client sends it.
    pub prefix: UrlPrefix,
    /// For this prefix.
    pub minutes: Option<u32>,
    /// For this prefix.
    pub shared_minutes: Option<u32>,
    /// For this prefix.
    pub visibility: Option<Visibility>,
    /// For this prefix.
    pub stale_while_revalidate: Option<Seconds>,
    /// For this prefix.
    pub stale_if_error: Option<Seconds>,
    /// For this prefix.
    pub immutable: Option<bool>,
    /// For this prefix.
    pub redirects: Option<Seconds>,
    /// For this prefix.
    pub not_found: Option<Seconds>,
    /// For this prefix.
    pub client_errors: Option<Seconds>,
}

/// The caches that may keep a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody on the way.
    Public,
    /// The browser alone, no CDN.
    Private,
}

impl Default for Config {
    fn default() -> Self {
        let seconds = |seconds| Seconds(Duration::from_secs(seconds));
        Self {
            minutes: 24 * 60,
            shared_minutes: None,
            visibility: Visibility::Public,
            stale_while_revalidate: seconds(0),
            stale_if_error: seconds(0),
            immutable: false,
            redirects: seconds(60),
            // An image that is uploaded a moment later shows soon, and a crawler's guesses still do not come through.
            not_found: seconds(10),
            client_errors: seconds(0),
            rules: Vec::new(),
        }
    }
}

/// Writes `Cache-Control` and `Expires`.
#[derive(Debug)]
pub struct ClientCache {
    everywhere: Lives,
    /// Longest prefix first.
    rules: Vec<(UrlPrefix, Lives)>,
    never: Life,
}

impl Plugin for ClientCache {
    const NAME: &'static str = "clientcache";
    const SUMMARY: &'static str = "Tells browsers and CDNs how long they may keep what the server sends.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let rule = |rule: &Rule| (rule.prefix.clone(), Lives::of(&config, Some(rule)));
        let mut rules: Vec<(UrlPrefix, Lives)> = config.rules.iter().map(rule).collect();
        rules.sort_by_key(|(prefix, _)| (Reverse(prefix.as_str().len()), prefix.as_str().to_owned()));
        if let Some(twice) = rules.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let message = format!("two rules have the prefix \"{}\"; make one of them", twice[0].0);
            return Err(InstallError::setting("rules", message));
        }
        let plugin = Arc::new(Self {
            everywhere: Lives::of(&config, None),
            rules,
            never: Life::never(),
        });
        hooks.on_response(&plugin, Self::write);
        Ok(())
    }
}

impl ClientCache {
    fn write(&self, event: &mut ResponseEvent<'_>) -> HookResult {
        let lives = self.lives(event.head);
        let status = event.status.as_u16();
        let life = match status {
            200 | 206 | 304 => &lives.image,
            300..=399 => &lives.redirect,
            404 | 410 => &lives.not_found,
            400 | 403 | 415 | 422 => &lives.client_error,
            // The cause lies in the request's headers, or in this moment.
            400.. => &self.never,
            _ => return Ok(Flow::Continue),
        };
        // The server sets `no-store` on errors. Any other header was set for this response, by a plugin or for a
        // substitute, and is kept.
        let given = event.headers.get(CACHE_CONTROL);
        if given.is_none_or(|given| status >= 400 && given == "no-store") {
            life.write(event.headers);
        }
        Ok(Flow::Continue)
    }

    /// The rule for the path that the client sent, not for the rewritten one, because the client will ask for that path
    /// again. So a response that was given before any rewriting has its rule, too.
    fn lives(&self, head: &RequestHead) -> &Lives {
        if self.rules.is_empty() {
            return &self.everywhere;
        }
        let path = percent_decode_str(&head.raw_path).decode_utf8_lossy();
        let mut rules = self.rules.iter();
        rules
            .find(|(prefix, _)| path.starts_with(prefix.as_str()))
            .map_or(&self.everywhere, |(_, lives)| lives)
    }
}
