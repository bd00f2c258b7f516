//! Signatures: HMAC-SHA256 over the path and the sorted commands of an address, as the server's page `docs/signing.md`
//! defines them, and over a token. Only the writing side is here. The plugin `urlsigning` verifies.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::Error;

/// The longest name of a key.
const LONGEST_ID: usize = 64;
/// The fewest bytes of a secret, as for the server.
const SHORTEST_SECRET: usize = 16;

/// A key of signatures: its name, which an address shows, and its secret, which nothing shows.
#[derive(Clone)]
pub struct Key {
    id: String,
    /// Holds the secret.
    mac: Hmac<Sha256>,
}

impl Key {
    /// A key as the server's settings have it.
    ///
    /// # Errors
    /// [`Error::Key`] if the name has other characters than letters of ASCII, digits, `-`, `.` and `_`, or not 1 to 64 of
    /// them, or if the secret has fewer than 16 bytes.
    pub fn new(id: &str, secret: &str) -> Result<Self, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if id.is_empty() || id.len() > LONGEST_ID || !id.chars().all(plain) {
            let message = "the name of a key has 1 to 64 of the characters A-Z, a-z, 0-9, -, . and _";
            return Err(Error::Key(message));
        }
        if secret.len() < SHORTEST_SECRET {
            return Err(Error::Key("the secret of a key has at least 16 bytes"));
        }
        // HMAC takes keys of every length. The error is there for other algorithms.
        let mac = Hmac::new_from_slice(secret.as_bytes()).map_err(|_| Error::Key("the secret is no key"))?;
        Ok(Self { id: id.to_owned(), mac })
    }

    /// Adds `kid`, `exp` and `sig` to commands. Path and commands are percent-encoded in the normal form of RFC 3986.
    pub(crate) fn sign(&self, path: &str, commands: &mut Vec<String>, expires: Option<u64>) {
        commands.push(format!("kid={}", self.id));
        commands.extend(expires.map(|seconds| format!("exp={seconds}")));
        let mut sorted: Vec<(&str, &str)> = commands
            .iter()
            .map(|command| command.split_once('=').unwrap_or((command, "")))
            .collect();
        sorted.sort_unstable();
        let sorted: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let text = format!("{path}?{}", sorted.join("&"));
        commands.push(format!("sig={}", self.signature(&text)));
    }

    /// A compact JWS (RFC 7515) of these claims.
    pub(crate) fn signed_token(&self, claims: &str) -> String {
        let header = format!("{{\"alg\":\"HS256\",\"kid\":\"{}\"}}", self.id);
        let text = [header.as_str(), claims]
            .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
            .join(".");
        format!("{text}.{}", self.signature(&text))
    }

    /// HMAC-SHA256 in base64url without padding.
    fn signature(&self, text: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// Without the secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}
