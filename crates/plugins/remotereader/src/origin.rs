//! Asks origins: one question, and again where the answer is that the image is elsewhere. Every place that an origin
//! sends on to is held against the same rules as the first.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, LOCATION};
use reqwest::dns::Resolve;
use reqwest::{Client, Method, Response, redirect};
use url::Url;

use crate::RemoteReader;
use crate::address::Guard;
use crate::error::{RemoteError, place};
use crate::resolver::Guarded;
use crate::target::Target;

/// Connections that are kept open for an origin though nobody uses them.
const KEPT: usize = 16;

/// What a client is built from.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    pub(crate) guard: Arc<Guard>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
}

/// A client that connects to nothing but what the guard lets pass, follows nothing by itself, and takes nothing from the
/// environment.
pub(crate) fn client(settings: ClientSettings, resolver: impl Resolve + 'static) -> Result<Client, reqwest::Error> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .user_agent(settings.user_agent)
        .default_headers(headers)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .pool_max_idle_per_host(KEPT)
        .dns_resolver(Guarded {
            inner: resolver,
            guard: settings.guard,
        })
        .build()
}

impl RemoteReader {
    /// What the origin says, or the one that it sends on to.
    pub(crate) async fn ask(
        &self,
        target: &Target,
        method: Method,
        headers: &HeaderMap,
    ) -> Result<Response, RemoteError> {
        let mut url = target.url.clone();
        for _ in 0..=self.allowed_redirects {
            let response = self.send(&url, method.clone(), headers.clone()).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            url = next(&url, &response).ok_or_else(|| RemoteError::BadRedirect { place: place(&url) })?;
            self.rules
                .check(&url, target.signed)
                .map_err(|refusal| RemoteError::SentAstray {
                    place: place(&url),
                    refusal,
                })?;
        }
        Err(RemoteError::TooManyRedirects {
            place: place(&url),
            count: u32::from(self.allowed_redirects) + 1,
        })
    }

    /// One question. A connection that was kept may have died unnoticed, so one that breaks before an answer gets a second
    /// chance.
    pub(crate) async fn send(&self, url: &Url, method: Method, headers: HeaderMap) -> Result<Response, RemoteError> {
        let send = || {
            let request = self.client.request(method.clone(), url.clone());
            request.headers(headers.clone()).send()
        };
        let broken = |error: &reqwest::Error| error.is_request() && !error.is_connect() && !error.is_timeout();
        let answer = match send().await {
            Err(error) if broken(&error) => send().await,
            answer => answer,
        };
        answer.map_err(|error| RemoteError::unreachable(url, error))
    }
}

/// Where an origin sends on to.
fn next(url: &Url, response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?;
    let mut next = url.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
    next.set_fragment(None);
    Some(next)
}
