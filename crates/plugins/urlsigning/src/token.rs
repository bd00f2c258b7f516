//! Tokens: signed JWTs (RFC 7519, compact JWS, HS256) with the claims of RFC 9246, URI Signing for CDNI. One token is
//! valid for a set of addresses: those that its `cdniuc` contains, and those that its claim `resizer` grants.
//!
//! Deliberately absent: algorithms but HS256, renewal by cookies, single use (`jti`) and encrypted claims (`cdniip`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::container;
use crate::grant::Grant;
use crate::keys::{Keys, is_genuine};
use crate::refusal::Refusal;

/// Longer tokens do not fit into the addresses that caches and clients take.
const MOST_BYTES: usize = 4096;
/// The claims that `cdnicrit` may name: those that are understood here.
const UNDERSTOOD: [&str; 10] = [
    "aud", "cdnicrit", "cdniuc", "cdniv", "exp", "iat", "iss", "nbf", "resizer", "sub",
];

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that have to be understood. None is.
    crit: Option<IgnoredAny>,
}

/// The claims of a token. Those that are not named here do not restrict it.
#[derive(Debug, Deserialize)]
pub struct Claims {
    exp: f64,
    nbf: Option<f64>,
    aud: Option<Audience>,
    cdniv: Option<u64>,
    cdnicrit: Option<String>,
    cdniip: Option<IgnoredAny>,
    jti: Option<IgnoredAny>,
    cdnistt: Option<u64>,
    cdniuc: Option<String>,
    resizer: Option<Grant>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The request that a token is asked about.
#[derive(Debug)]
pub struct Asked<'r> {
    /// In seconds since 1970.
    pub now: f64,
    /// The name of this server, if it has one.
    pub audience: Option<&'r str>,
    /// The whole address in normal form, without the token.
    pub uri: &'r str,
    /// The path, decoded once, before its first `;`.
    pub path: &'r str,
    /// The client's commands, decoded, without the token.
    pub commands: &'r [(&'r str, &'r str)],
}

/// Verifies the signature of a token, and reads its claims.
///
/// # Errors
/// It is no JWT, not signed by one of the keys, or not readable.
pub(crate) fn read(token: &str, keys: &Keys, now: u64) -> Result<Claims, Refusal> {
    if token.len() > MOST_BYTES {
        return Err(Refusal::WrongToken);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Refusal::WrongToken)?;
    let (header, claims) = message.split_once('.').ok_or(Refusal::WrongToken)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::WrongToken);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::WrongToken)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return Err(Refusal::WrongToken);
    }
    let mac = keys.find(&header.kid, now)?;
    let signature = decode(signature)?;
    // A JWS has the whole HMAC.
    if signature.len() != 32 || !is_genuine(mac, message.as_bytes(), &signature) {
        return Err(Refusal::WrongSignature);
    }
    Claims::parse(&decode(claims)?)
}

impl Claims {
    /// Reads claims out of JSON.
    ///
    /// # Errors
    /// `UnknownClaim`: a claim is missing, stands there twice, or has another shape than the RFC or the page says.
    pub fn parse(json: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(json).map_err(|_| Refusal::UnknownClaim)
    }

    /// Whether the token is valid now, here, and for this request.
    ///
    /// # Errors
    /// It is not.
    pub fn allow(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
        if asked.now.is_nan() || asked.now >= self.exp {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|start| asked.now < start) {
            return Err(Refusal::NotYet);
        }
        let critical = self.cdnicrit.as_deref().unwrap_or("");
        let is_unknown = |name: &str| !name.is_empty() && !UNDERSTOOD.contains(&name);
        if self.cdniv.is_some_and(|version| version != 1)
            || self.cdniip.is_some()
            || self.jti.is_some()
            || self.cdnistt.is_some_and(|transport| transport > 1)
            || critical.split(',').map(str::trim).any(is_unknown)
        {
            return Err(Refusal::UnknownClaim);
        }
        let is_here = match &self.aud {
            None => true,
            Some(Audience::One(name)) => asked.audience == Some(name.as_str()),
            Some(Audience::Several(names)) => names.iter().any(|name| asked.audience == Some(name.as_str())),
        };
        if !is_here {
            return Err(Refusal::WrongAudience);
        }
        if self.cdniuc.is_none() && self.resizer.is_none() {
            return Err(Refusal::EmptyToken);
        }
        if let Some(grant) = &self.resizer {
            grant.allow(asked.path, asked.commands)?;
        }
        match &self.cdniuc {
            Some(container) if !container::contains(container, asked.uri) => Err(Refusal::OtherPath),
            _ => Ok(()),
        }
    }
}
