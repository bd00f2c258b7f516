//! CloudFront plugin: reads image commands out of the path, for CDNs that strip queries, and can redirect clients that
//! come with a query to the CDN. It mirrors ImageResizer's CloudFront. The page for operators is `docs.md`.

use std::sync::Arc;

use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use resizer_plugin_api::{
    ClientCommands, DefaultsEvent, Error, ErrorKind, Flow, HookResult, Hooks, InstallError, Plugin, Query, Reply,
    RewriteEvent, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

register!(CloudFront, docs = "../docs.md");

/// The characters to escape in a path: all but `pchar` and `/` of RFC 3986; and `;`, which would begin commands.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The settings of one entry.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address of the CDN, such as `"https://d111111abcdef8.cloudfront.net"`, perhaps with the beginning of a path.
    /// Clients that ask for an image with a query are redirected there.
    pub redirect_through: Option<String>,
    /// Whether those redirects are permanent (301): browsers then remember them, even when the setting is gone.
    pub redirect_permanent: bool,
}

/// Reads commands out of the path, and writes them into it.
#[derive(Debug)]
pub struct CloudFront {
    redirect: Option<Redirect>,
}

/// The target of redirects, for clients that come with a query.
#[derive(Debug)]
struct Redirect {
    /// Without a slash at its end.
    address: String,
    status: StatusCode,
}

/// Kept in the state of a request with a query and without commands in its path: it did not come through the CDN.
#[derive(Clone)]
struct CameWithQuery;

impl Plugin for CloudFront {
    const NAME: &'static str = "cloudfront";
    const SUMMARY: &'static str = "Reads image commands out of the path, for CDNs that strip queries.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let status = if config.redirect_permanent {
            StatusCode::MOVED_PERMANENTLY
        } else {
            StatusCode::FOUND
        };
        let redirect = match config.redirect_through {
            Some(text) => Some(Redirect {
                address: address(&text)?,
                status,
            }),
            None if config.redirect_permanent => {
                let message = "there is no `redirect_through` whose redirects could be permanent";
                return Err(InstallError::setting("redirect_permanent", message));
            }
            None => None,
        };
        let plugin = Arc::new(Self { redirect });
        hooks.on_request(&plugin, Self::read);
        if plugin.redirect.is_some() {
            hooks.on_rewrite_defaults(&plugin, Self::redirect);
        }
        Ok(())
    }
}

impl CloudFront {
    /// Moves the commands behind the first `;` of the path into the query. Keys that the query has already stay.
    fn read(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        let Some((path, commands)) = event.path.split_once(';') else {
            if self.redirect.is_some() && !event.query.is_empty() {
                event.state.insert(CameWithQuery);
            }
            return Ok(Flow::Continue);
        };
        if event.path.contains('?') {
            let message = "The path has commands behind a ; and an encoded ? as well: write the ? as it is.";
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let commands = Query::parse_commands(commands);
        ClientCommands::add(event.state, commands.iter()).behind_semicolon = true;
        for (key, value) in commands.iter() {
            if !event.query.contains(key) {
                event.query.set(key, value);
            }
        }
        *event.path = path.to_owned();
        Ok(Flow::Continue)
    }

    /// Redirects a client that came with a query to the CDN, which comes back with commands in the path.
    fn redirect(&self, event: &mut DefaultsEvent<'_>) -> HookResult {
        match &self.redirect {
            // When it comes back, a `;` or `?` of the path would be read as commands, so such an image is served from
            // here.
            Some(redirect) if event.state.get::<CameWithQuery>().is_some() && !event.path.contains([';', '?']) => {
                let location = location(&redirect.address, event.path, event.query);
                Ok(Flow::Respond(Reply::redirect(redirect.status, &location)))
            }
            _ => Ok(Flow::Continue),
        }
    }
}

/// The address of path and query in the syntax that [`CloudFront::read`] reads. The commands are encoded twice: as a
/// query, which hides separators in their values, and as a path, which the engine decodes. A `/` in the commands is
/// encoded too, so that no proxy takes it for a folder.
fn location(address: &str, path: &str, query: &Query) -> String {
    let commands = query
        .to_string()
        .replace('/', "%2F")
        .replace('&', ";")
        .replace('%', "%25");
    let path = utf8_percent_encode(path, ESCAPED);
    let separator = if commands.is_empty() { "" } else { ";" };
    format!("{address}{path}{separator}{commands}")
}

/// A scheme, a host, and perhaps the beginning of a path.
fn address(text: &str) -> Result<String, InstallError> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"?#;\\\"<>".contains(c);
    match host {
        Some(host) if !host.is_empty() && !host.starts_with(['/', ':']) && host.chars().all(plain) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => {
            let message = "an address is a scheme and a host without ? # or ;, as in \"https://images.example.org\"";
            Err(InstallError::setting("redirect_through", message))
        }
    }
}
