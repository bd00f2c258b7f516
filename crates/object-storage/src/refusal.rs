//! Refusal of a store: status, code and region of its response. The client library hides status, headers and body of
//! such a response, or prints all of them. A [`Listener`] between the library and the network extracts the parts that
//! may be logged.

use std::fmt;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::redirect;
use resizer_plugin_api::Seconds;

use crate::connection::Connection;

/// How much of a response's body is read.
const LOOKED_AT: usize = 16 * 1024;
/// The longest code. A longer text is no code.
const LONGEST_CODE: usize = 80;

/// A response that is neither the object nor a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The store's own code, such as `NoSuchKey`.
    pub code: Option<String>,
    /// The region of the bucket, if the store says that it is another.
    pub region: Option<String>,
}

/// Makes the HTTP clients of one connection. Each turns a refusal into an error whose source is a [`Refusal`]. A
/// redirect is a refusal: following one would show signatures and tokens to another host, which has no image for
/// requests without them.
#[derive(Debug)]
pub struct Listener(Connection);

#[derive(Debug)]
struct Listening(reqwest::Client);

impl Listener {
    /// A listener for the clients of this connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

impl HttpConnector for Listener {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let Self(connection) = self;
        // For requests to credential services the client library decides these two itself.
        let http = options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let connect_timeout = options.get_config_value(&ClientConfigKey::ConnectTimeout);
        let connect_timeout = connect_timeout.and_then(|text| text.parse().ok());
        let Seconds(connect_timeout) = connect_timeout.unwrap_or(Seconds(connection.connect_timeout));
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .user_agent("resizer")
            .https_only(!http)
            .connect_timeout(connect_timeout)
            .read_timeout(connection.read_timeout)
            .build();
        match client {
            Ok(client) => Ok(HttpClient::new(Listening(client))),
            Err(error) => Err(object_store::Error::Generic {
                store: "HTTP client",
                source: Box::new(error),
            }),
        }
    }
}

#[async_trait]
impl HttpService for Listening {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.0.call(request).await?;
        let status = response.status();
        if status.as_u16() == 206 && begins_behind_end(&response) {
            let behind_end = Refusal {
                status: 416,
                code: None,
                region: None,
            };
            return Err(HttpError::new(HttpErrorKind::Unknown, behind_end));
        }
        if status.is_success() {
            return Ok(response);
        }
        let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
        // The first kind is retried for every method, the second never.
        let kind = if passes {
            HttpErrorKind::Request
        } else {
            HttpErrorKind::Unknown
        };
        Err(HttpError::new(kind, Refusal::read(response).await))
    }
}

/// Whether the response claims a range that cannot exist. Azurite sends this where Azure itself answers 416.
fn begins_behind_end(response: &HttpResponse) -> bool {
    let header = response
        .headers()
        .get("content-range")
        .and_then(|value| value.to_str().ok());
    let range = header.and_then(|text| text.strip_prefix("bytes ")?.split_once('/'));
    let Some((range, length)) = range else { return false };
    let first = range.split('-').next().unwrap_or_default().parse::<u64>();
    matches!((first, length.parse::<u64>()), (Ok(first), Ok(length)) if first >= length)
}

impl Refusal {
    async fn read(response: HttpResponse) -> Self {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name)?.to_str().ok().and_then(code);
        let (code_header, region_header) = (header("x-ms-error-code"), header("x-amz-bucket-region"));
        let mut body = Vec::new();
        let mut pieces = response.into_body().bytes_stream();
        // If the body breaks off, the part that arrived is used.
        while let Some(Ok(piece)) = pieces.next().await {
            let left = LOOKED_AT - body.len();
            body.extend_from_slice(&piece[..piece.len().min(left)]);
            if body.len() == LOOKED_AT {
                break;
            }
        }
        let body = String::from_utf8_lossy(&body);
        Self {
            status,
            code: code_header.or_else(|| element(&body, "Code")),
            region: region_header.or_else(|| element(&body, "Region")),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answered {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(region) = &self.region {
            write!(f, " (region {region})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// The text of the first element of this name. Error documents of stores are flat and small, so no parser is needed.
fn element(document: &str, name: &str) -> Option<String> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    code(text)
}

/// A code or the name of a region: a short word. Any other text could be a secret.
fn code(text: &str) -> Option<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = !text.is_empty() && text.len() <= LONGEST_CODE && text.chars().all(word);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_and_other_text_is_not() {
        let check = |document: &str, expected: Option<&str>| {
            assert_eq!(element(document, "Code").as_deref(), expected, "{document}");
        };
        check("<Error><Code>NoSuchKey</Code><Key>a</Key></Error>", Some("NoSuchKey"));
        check(
            "\u{feff}<?xml version=\"1.0\"?><Error><Code>BlobNotFound</Code>",
            Some("BlobNotFound"),
        );
        for document in ["", "Code", "<Code>", "<Code></Code>", "<Code>a secret?sig=x</Code>"] {
            check(document, None);
        }
        check(&format!("<Code>{}</Code>", "x".repeat(LONGEST_CODE + 1)), None);
    }
}
