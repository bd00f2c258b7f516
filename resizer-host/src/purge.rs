//! Purging from outside: the page `/purge` of the admin listener, and the command that asks it. What a purge does is the
//! engine's.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use resizer_engine::{PurgeError, PurgeRequest, Purged};
use resizer_plugin_api::{Query, Reply, RequestHead};

use crate::commands::settings;
use crate::complaint::Complaint;
use crate::request_handler::RequestHandler;

/// How the page is used; the answer to whatever is no use of it.
const USAGE: &str = "Say one of url=PATH?QUERY, source=PATH, prefix=PATH or all=true, percent-encoded: \
                     /purge?url=%2Flake.jpg%3Fwidth%3D400\n";

/// Answers a request for `/purge`.
pub(crate) async fn page(handler: &RequestHandler, head: &RequestHead) -> Reply {
    if head.method != Method::POST {
        return Reply::text(StatusCode::METHOD_NOT_ALLOWED, "This page is asked with POST.\n")
            .header(header::ALLOW, HeaderValue::from_static("POST"));
    }
    // A browser sends this with every POST: whoever asks is a page from elsewhere, in the browser of an operator.
    if head.headers.contains_key(header::ORIGIN) {
        return Reply::text(StatusCode::FORBIDDEN, "Pages in a browser may not purge.\n");
    }
    let Some(request) = asked(&Query::parse(&head.raw_query)) else {
        return Reply::text(StatusCode::BAD_REQUEST, USAGE);
    };
    match handler.engine.purge(&handler.site(), request).await {
        Ok(purged) => Reply::text(status(&purged), report(&purged)),
        Err(error @ PurgeError::BrokenOff) => Reply::text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        Err(error) => Reply::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

/// The one thing that is asked for. Anything beside it is a mistake: an `&` of a URL that was not encoded, most likely.
fn asked(query: &Query) -> Option<PurgeRequest> {
    let mut pairs = query.iter();
    let (Some((key, value)), None) = (pairs.next(), pairs.next()) else {
        return None;
    };
    match (key, value) {
        ("url", url) => Some(PurgeRequest::Url(url.to_owned())),
        ("source", path) => Some(PurgeRequest::Source(path.to_owned())),
        ("prefix", path) => Some(PurgeRequest::Prefix(path.to_owned())),
        ("all", "true") => Some(PurgeRequest::All),
        _ => None,
    }
}

fn status(purged: &Purged) -> StatusCode {
    if purged.caches.iter().all(|cache| cache.dropped.is_ok()) {
        StatusCode::OK
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// How many entries were dropped, in all and by each cache.
fn report(purged: &Purged) -> String {
    let entries = |count: u64| format!("{count} {}", if count == 1 { "entry" } else { "entries" });
    let mut text = format!("purged {}\n", entries(purged.entries()));
    for cache in &purged.caches {
        let said = match &cache.dropped {
            Ok(count) => entries(*count),
            Err(error) => format!("failed, and may still have what was to be purged: {error} The log says more."),
        };
        let _ = writeln!(text, "{}: {said}", cache.plugin);
    }
    if let Some(tag) = &purged.tag {
        let _ = writeln!(text, "to purge at the CDN: the tag {tag}");
    }
    text
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// `url`, `source`, `prefix` or `all`, and what.
    pub(crate) what: (&'static str, String),
    /// The admin listener and its token.
    pub(crate) at: At,
}

/// Where the running server is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// At this host and port, with this token. No configuration is read, so that its token goes to no other server.
    Address(String, Option<String>),
    /// Where this configuration says, with its token if no other is given.
    Configured(PathBuf, Option<String>),
}

/// Asks the running server and prints what it says.
pub(crate) fn ask(ask: &Ask) -> Result<u8, Complaint> {
    let (address, token) = match &ask.at {
        At::Address(address, token) => (address.clone(), token.clone()),
        At::Configured(path, token) => {
            let settings = settings(path)?;
            let configured = settings.admin_listen.0.filter(|address| address.port() != 0);
            let address = configured.ok_or_else(|| {
                let path = path.display();
                Complaint::new(format!(
                    "{path} does not say where the admin listener is; give its address with --admin"
                ))
            })?;
            let own = || settings.admin_token.as_ref().map(|token| token.expose().to_owned());
            (reachable(address).to_string(), token.clone().or_else(own))
        }
    };
    let (name, value) = &ask.what;
    let mut query = Query::default();
    query.set(name, value.as_str());
    let mut request = format!("POST /purge?{query} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n");
    if let Some(token) = token {
        let token = HeaderValue::from_str(&token).ok();
        let token = token.as_ref().and_then(|token| token.to_str().ok());
        let token = token.ok_or_else(|| Complaint::new("the token has characters that no header can hold"))?;
        let _ = write!(request, "Authorization: Bearer {token}\r\n");
    }
    request += "Connection: close\r\n\r\n";
    let answer = exchange(&address, &request)
        .map_err(|error| Complaint::new(format!("no answer from the admin listener at {address}: {error}")))?;
    let parts = answer.split_once("\r\n\r\n").and_then(|(head, body)| {
        let status: u16 = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some((status, body))
    });
    match parts {
        Some((200, said)) => crate::print(said),
        Some((_, said)) => Err(Complaint::new(format!(
            "the server at {address} says: {}",
            said.trim_end()
        ))),
        None => Err(Complaint::new(format!(
            "what answers at {address} is no admin listener"
        ))),
    }
}

/// Where a listener on all addresses is reached from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn exchange(address: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    // An answer that breaks off, as one of a listener that speaks TLS may, is judged by what came.
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        return Err(error);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_asked_for() {
        let check = |query: &str, expected: Option<PurgeRequest>| {
            assert_eq!(asked(&Query::parse(query)), expected, "{query}");
        };
        check(
            "url=%2Fa.jpg%3Fwidth%3D4%26mode%3Dmax",
            Some(PurgeRequest::Url("/a.jpg?width=4&mode=max".to_owned())),
        );
        check("source=/a.jpg", Some(PurgeRequest::Source("/a.jpg".to_owned())));
        check("prefix=/a/", Some(PurgeRequest::Prefix("/a/".to_owned())));
        check("all=true", Some(PurgeRequest::All));
        for none in [
            "",
            "all",
            "all=false",
            "everything=true",
            "url=/a.jpg?width=4&mode=max",
            "source=/a&source=/b",
        ] {
            check(none, None);
        }
    }
}
