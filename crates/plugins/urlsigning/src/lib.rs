//! URL signing plugin: lets through only addresses that are signed by a key, one by one or as a set. It verifies the
//! request line as the client sent it, after all rewriting, so that no order of plugins leads around it. The page for
//! operators is `docs.md`; the bytes that are signed are those of `docs/signing.md`.
//!
//! Clients, networks and headers are the task of `accesscontrol`.

mod address;
mod container;
mod grant;
mod keys;
mod path;
mod refusal;
mod rule;
mod signature;
mod token;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::Hmac;
use percent_encoding::percent_decode_str;
use resizer_plugin_api::imaging::is_trigger;
use resizer_plugin_api::{
    Authorizer, ClientCommands, Error, ErrorKind, Flow, HookResult, Hooks, ImageRequest, InstallError, Plugin, Query,
    RequestHead, RewriteEvent, Secret, async_trait, register,
};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::Sha256;

use crate::address::{EXP, KID, SIG, split_at_semicolon};
use crate::keys::{Keys, LEAST_IMAGEFLOW_BYTES, mac_of};
use crate::rule::Rules;
use crate::signature::IMAGEFLOW;

pub use crate::keys::{KeyConfig, Retirement};
pub use crate::rule::{Require, RuleConfig};
// For the fuzz targets.
#[doc(hidden)]
pub use crate::{
    address::Address,
    refusal::Refusal,
    token::{Asked, Claims},
};

register!(UrlSigning, docs = "../docs.md");

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The keys. Several while one is exchanged for another.
    pub keys: Vec<KeyConfig>,
    /// The rules. For each path the one with the longest prefix counts. A path below no prefix needs a signature, so
    /// without rules each path does.
    pub rules: Vec<RuleConfig>,
    /// The parameter that holds a token. The default is the name of RFC 9246.
    pub token_parameter: String,
    /// The name of this server in the claim `aud` of tokens. Without it, tokens that have the claim are refused.
    pub audience: Option<String>,
    /// The address that clients see, such as `"https://images.example.org"`: `cdniuc` of tokens is compared with it. By
    /// default it is scheme and host of the request, as this server or a trusted proxy got them.
    pub address: Option<String>,
    /// Secrets of Imageflow Server, whose `signature` is then taken as well. It is weaker: see below.
    pub imageflow_secrets: Vec<Secret>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            rules: Vec::new(),
            token_parameter: "URISigningPackage".to_owned(),
            audience: None,
            address: None,
            imageflow_secrets: Vec::new(),
        }
    }
}

/// Verifies addresses.
#[derive(Debug)]
pub struct UrlSigning {
    keys: Keys,
    rules: Rules,
    token_parameter: String,
    audience: Option<String>,
    address: Option<String>,
    imageflow: Vec<Hmac<Sha256>>,
}

impl Plugin for UrlSigning {
    const NAME: &'static str = "urlsigning";
    const SUMMARY: &'static str = "Lets through only addresses that are signed by a key.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        if config.keys.is_empty() && config.imageflow_secrets.is_empty() {
            let message = "there is no key, so that no address could be signed";
            return Err(InstallError::setting("keys", message));
        }
        let shared = |secret: &Secret| config.keys.iter().any(|key| key.secret == *secret);
        if config.imageflow_secrets.iter().any(shared) {
            let message = "one of them is a key as well: Imageflow's signatures would weaken it";
            return Err(InstallError::setting("imageflow_secrets", message));
        }
        let secrets = config.imageflow_secrets.iter();
        let imageflow: Result<Vec<_>, String> = secrets.map(|secret| mac_of(secret, LEAST_IMAGEFLOW_BYTES)).collect();
        let imageflow =
            imageflow.map_err(|fault| InstallError::setting("imageflow_secrets", format!("one of them {fault}")))?;
        let mut keys = Keys::default();
        for key in config.keys {
            keys.add(key).map_err(|fault| InstallError::setting("keys", fault))?;
        }
        let plugin = Arc::new(Self {
            keys,
            rules: Rules::new(config.rules).map_err(|fault| InstallError::setting("rules", fault))?,
            token_parameter: parameter(config.token_parameter)?,
            audience: config.audience,
            address: config.address.as_deref().map(origin).transpose()?,
            imageflow,
        });
        hooks.on_post_rewrite(&plugin, Self::forget);
        hooks.add_authorizer(plugin);
        Ok(())
    }
}

impl UrlSigning {
    /// Removes signatures and tokens from the query, so that no later step takes note of them.
    fn forget(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        for name in [SIG, KID, EXP, &self.token_parameter] {
            event.query.remove(name);
        }
        if !self.imageflow.is_empty() {
            event.query.remove(IMAGEFLOW);
        }
        Ok(Flow::Continue)
    }

    /// Verifies a request at a time, in seconds since 1970.
    fn verify(&self, request: &ImageRequest, now: u64) -> Result<(), Refusal> {
        let head = &request.head;
        let in_path = request.state.get::<ClientCommands>();
        let query = Query::parse(&head.raw_query);
        let in_path_pairs = in_path.iter().flat_map(|commands| commands.query.iter());
        let commands: Vec<(&str, &str)> = query.iter().chain(in_path_pairs).collect();

        let client_path = split_at_semicolon(&head.raw_path).0;
        let client_path = percent_decode_str(client_path).decode_utf8_lossy();
        let permission = match Address::read(&head.raw_path, &head.raw_query) {
            Ok(address) => self.permission(address, head)?,
            // An address without a normal form is not signed.
            Err(_) => None,
        };
        let Some(permission) = permission else {
            let paths = [client_path.as_ref(), &request.path];
            return if self.rules.require(&paths, &commands) {
                Err(Refusal::Missing)
            } else {
                Ok(())
            };
        };
        let is_read = in_path.is_some_and(|commands| commands.behind_semicolon);
        if permission.address.has_semicolon() && !is_read {
            return Err(Refusal::UnreadSemicolon);
        }
        match permission.kind {
            Kind::Signature(sig) => signature::verify(&permission.address, &sig, &self.keys, now),
            Kind::Imageflow(signature) => {
                signature::verify_imageflow(&head.raw_path, &head.raw_query, &signature, &self.imageflow)
            }
            Kind::Token(token) => {
                let claims = token::read(&token, &self.keys, now)?;
                let is_command = |(key, _): &(&str, &str)| *key != self.token_parameter;
                let commands: Vec<_> = commands.into_iter().filter(is_command).collect();
                claims.allow(&Asked {
                    now: now as f64,
                    audience: self.audience.as_deref(),
                    uri: &format!(
                        "{}{}",
                        self.origin_of(head),
                        permission.address.without(&self.token_parameter)
                    ),
                    path: &client_path,
                    commands: &commands,
                })
            }
        }
    }

    /// The signature or the token of an address. `None` without one.
    fn permission(&self, address: Address, head: &RequestHead) -> Result<Option<Permission>, Refusal> {
        let text = |value: Option<&str>| value.map(str::to_owned);
        let sig = text(address.single(SIG)?).map(Kind::Signature);
        let token = text(address.single(&self.token_parameter)?).map(Kind::Token);
        let imageflow = if self.imageflow.is_empty() || !head.raw_query.contains(IMAGEFLOW) {
            None
        } else {
            text(address.single(IMAGEFLOW)?).map(Kind::Imageflow)
        };
        let mut found = [sig, token, imageflow].into_iter().flatten();
        let kind = found.next();
        if found.next().is_some() {
            return Err(Refusal::Ambiguous);
        }
        Ok(kind.map(|kind| Permission { address, kind }))
    }

    /// Scheme and host of the addresses that clients see.
    fn origin_of(&self, head: &RequestHead) -> Cow<'_, str> {
        match &self.address {
            Some(address) => Cow::Borrowed(address),
            None => {
                let host = head.host.to_ascii_lowercase();
                let usual_port = if head.scheme == "https" { ":443" } else { ":80" };
                let host = host.strip_suffix(usual_port).unwrap_or(&host);
                Cow::Owned(format!("{}://{host}", head.scheme))
            }
        }
    }
}

/// The signature or token of a request, with the address that has it.
struct Permission {
    address: Address,
    kind: Kind,
}

enum Kind {
    Signature(String),
    Token(String),
    Imageflow(String),
}

#[async_trait]
impl Authorizer for UrlSigning {
    async fn authorize(&self, request: &ImageRequest) -> Result<(), Error> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        self.verify(request, now).map_err(|refusal| {
            // One sentence for all reasons, so that nobody learns how near a guess came.
            Error::new(ErrorKind::Forbidden, "This address needs a valid signature.").because(refusal)
        })
    }
}

/// The name of a parameter, which is the same in each of its spellings.
fn parameter(name: String) -> Result<String, InstallError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let taken = [SIG, KID, EXP, IMAGEFLOW];
    if name.is_empty() || !name.bytes().all(plain) || taken.contains(&name.as_str()) || is_trigger(&name) {
        let message = "write letters, digits, -, . and _, and no name that has another meaning";
        return Err(InstallError::setting("token_parameter", message));
    }
    Ok(name)
}

/// A scheme and a host in lower case.
fn origin(text: &str) -> Result<String, InstallError> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"/?#;@\\\"<>".contains(c);
    match host {
        Some(host) if !host.is_empty() && host.chars().all(plain) => Ok(text.to_ascii_lowercase()),
        _ => {
            let message = "an address is a scheme and a host, as in \"https://images.example.org\"";
            Err(InstallError::setting("address", message))
        }
    }
}
