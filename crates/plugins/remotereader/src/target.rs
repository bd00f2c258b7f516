//! Target URLs: turn a request in either of ImageResizer's forms into the URL at the origin. The signed form comes as a
//! query. `rewrite` turns it into a path below the prefix, so that it is a source's path like any other. `target`
//! verifies the signature in that path, so a client that writes such a path by hand gains nothing.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use resizer_plugin_api::{Error, ErrorKind, Flow, HookResult, RewriteEvent, SourcePath, bytes_of_path, extension};
use url::Url;

use crate::error::RemoteError;
use crate::signature::{decoded, is_genuine};
use crate::{HMAC, RemoteReader, URLB64};

/// The characters of a path segment that are not percent-encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The first segment of a path from `rewrite`. No host begins with an `@`.
const SIGNED: &str = "@signed";
const UNSIGNED: &str = "@unsigned";

/// An allowed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// Whether the URL was signed. The targets of its redirects then count as signed, too.
    pub(crate) signed: bool,
}

/// A decoded path, percent-encoded for a URL: the origin gets each byte that the client meant.
pub(crate) fn encoded(path: &str) -> String {
    percent_encode(&bytes_of_path(path), PATH).to_string()
}

impl RemoteReader {
    /// Turns `/remote.jpg.ashx?urlb64=…&hmac=…`, which is `/remote.jpg` by now, into a path below the prefix that ends
    /// with the extension of the URL, which decides about the format of the answer.
    pub(crate) fn rewrite(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        let name = match self.prefix.as_str() {
            "/" => "/remote",
            prefix => prefix.trim_end_matches('/'),
        };
        let rest = event.path.strip_prefix(name);
        if !rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !rest.contains('/'))) {
            return Ok(Flow::Continue);
        }
        let Some(urlb64) = event.query.get(URLB64).map(str::to_owned) else {
            return Ok(Flow::Continue);
        };
        let hmac = event.query.get(HMAC).map(str::to_owned);
        let url = decoded(&urlb64).and_then(|url| Url::parse(&url).ok());
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte))
        };
        let (Some(url), true) = (url, hmac.as_deref().is_none_or(plain)) else {
            let message = "`urlb64` is not a URL in base64 as URLs write it, or `hmac` is not in that base64.";
            return Err(Error::new(ErrorKind::BadRequest, message));
        };
        let short =
            |extension: &&str| extension.len() <= 8 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let extension = extension(url.path()).filter(short).or(extension(event.path));
        let extension = extension.unwrap_or("jpg");
        let prefix = self.prefix.as_str();
        *event.path = match hmac {
            Some(hmac) => format!("{prefix}{SIGNED}/{urlb64}/{hmac}/remote.{extension}"),
            None => format!("{prefix}{UNSIGNED}/{urlb64}/remote.{extension}"),
        };
        event.query.remove(URLB64);
        event.query.remove(HMAC);
        Ok(Flow::Continue)
    }

    /// The URL of a path, if the settings allow the URL.
    pub(crate) fn target(&self, path: &SourcePath) -> Result<Target, RemoteError> {
        let segments: Vec<&str> = path.as_str().split('/').collect();
        let (url, signed) = match segments.as_slice() {
            [SIGNED, urlb64, hmac, _] => {
                let key = self.signing_key.as_ref().ok_or(RemoteError::NoSigningKey)?;
                if !is_genuine(key, urlb64, hmac) {
                    return Err(RemoteError::WrongSignature);
                }
                (url_of(urlb64)?, true)
            }
            [UNSIGNED, urlb64, _] => (url_of(urlb64)?, false),
            _ => (self.plain_url(path.as_str())?, false),
        };
        self.rules
            .check(&url, signed)
            .map_err(|refusal| RemoteError::refused(&url, refusal))?;
        Ok(Target { url, signed })
    }

    /// The human-friendly form: host, `/`, path. Host names have no underscores, so an underscore stands for a dot, for
    /// operators who want no dots in the middle of their URLs.
    fn plain_url(&self, path: &str) -> Result<Url, RemoteError> {
        let (host, path) = path.split_once('/').unwrap_or((path, ""));
        let scheme = self.rules.schemes.first().ok_or(RemoteError::NoUrl)?;
        let host = host.replace('_', ".");
        let mut url = Url::parse(&format!("{}://{host}/", scheme.name())).map_err(|_| RemoteError::NoUrl)?;
        let more_than_host = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if more_than_host || host.contains('@') {
            return Err(RemoteError::NoUrl);
        }
        url.set_path(&format!("/{}", encoded(path)));
        Ok(url)
    }
}

fn url_of(urlb64: &str) -> Result<Url, RemoteError> {
    let text = decoded(urlb64).ok_or(RemoteError::NoUrl)?;
    let mut url = Url::parse(&text).map_err(|_| RemoteError::NoUrl)?;
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests;
