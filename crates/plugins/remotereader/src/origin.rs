//! HTTP client for origins: sends a request and follows redirects. The target of every redirect is checked against the
//! same rules as the first URL.

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

/// Idle connections that are kept for an origin.
const KEPT: usize = 16;

/// The settings of a client.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    pub(crate) guard: Arc<Guard>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
}

/// A client that connects only to addresses that the guard allows. It follows no redirect by itself, and ignores
/// proxies of the environment.
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
    /// The response of the origin, or of the last one in a chain of redirects.
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
                .map_err(|refusal| RemoteError::ForbiddenRedirect {
                    place: place(&url),
                    refusal,
                })?;
        }
        Err(RemoteError::TooManyRedirects {
            place: place(&url),
            count: u32::from(self.allowed_redirects) + 1,
        })
    }

    /// One request. An idle connection may have died unnoticed, so a request that breaks before a response is sent a
    /// second time.
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

/// The target of a redirect.
fn next(url: &Url, response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?;
    let mut next = url.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
    next.set_fragment(None);
    Some(next)
}
