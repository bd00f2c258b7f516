//! Between actix-web and the rest of the server: the one file that knows both `http` 0.2 (actix-web's) and `http` 1
//! (everybody else's). It turns a request into a [`RequestHead`], waits for the answer, and turns the [`Reply`] into a
//! response whose body leaves piece by piece. What the server answers is decided in `front.rs` and `admin.rs`.
//!
//! When a client leaves, actix-web drops the future of [`serve`]: that is the cancellation, and nothing else is needed.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, MessageBody};
use actix_http::uri::Authority;
use actix_http::{ConnectionType, Request, Response, StatusCode, header as theirs};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header as ours};
use resizer_plugin_api::{Body, ByteStream, Error, Reply, RequestHead};

use crate::access_log::AccessLine;
use crate::connections::Connection;

/// What a listener answers with.
pub(crate) trait Answer: Send + Sync + 'static {
    /// The reply to a request. The head is as the peer sent it, `client` being the peer; what a trusted proxy says is
    /// for the implementation to apply, and the outcome is the access line's.
    fn answer(&self, head: RequestHead, line: &mut AccessLine) -> impl Future<Output = Reply>;

    /// Whether each response shall end its connection, because the server is about to stop.
    fn closing(&self) -> bool;
}

/// The one handler of a listener: every path, every method.
pub(crate) async fn serve<A: Answer>(request: Request, answer: Arc<A>) -> Response<Outgoing> {
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    if let Some(connection) = &connection {
        connection.is_ours();
    }
    let head = head_of(&request);
    let only_head = head.method == Method::HEAD;
    let mut line = AccessLine::default();
    let reply = answer.answer(head, &mut line).await;
    line.decided(&reply, only_head);
    let mut response = response_of(reply, only_head, line, connection);
    if answer.closing() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

fn head_of(request: &Request) -> RequestHead {
    let uri = request.uri();
    let mut head = RequestHead::get(uri.path(), uri.query().unwrap_or_default());
    head.method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or_default();
    let headers = request.head().headers();
    head.headers.reserve(headers.len());
    for (name, value) in headers {
        if let (Some(name), Ok(value)) = (our_name(name), HeaderValue::from_bytes(value.as_bytes())) {
            head.headers.append(name, value);
        }
    }
    head.client = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let named = head.headers.get(ours::HOST).and_then(|host| host.to_str().ok());
    if let Some(host) = uri.authority().map(Authority::as_str).or(named) {
        head.host = host.to_owned().into();
    }
    head
}

fn response_of(
    reply: Reply,
    only_head: bool,
    line: AccessLine,
    connection: Option<Arc<Connection>>,
) -> Response<Outgoing> {
    let status = StatusCode::from_u16(reply.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::with_body(status, Outgoing::new(reply.body, only_head, line, connection));
    for (name, value) in &reply.headers {
        if let (Some(name), Some(value)) = (their_name(name), their_value(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A header's name or value of one `http` version as the other has it, if it is one of those that most messages have: to
/// find it among them costs several times less than to check it letter by letter and to copy it.
macro_rules! common {
    ($bytes:expr => $type:path, $($common:literal),*) => {
        match $bytes {
            $(bytes if bytes == $common.as_bytes() => {
                static COMMON: $type = <$type>::from_static($common);
                Some(COMMON.clone())
            })*
            _ => None,
        }
    };
}

/// The name of a request's header.
fn our_name(name: &theirs::HeaderName) -> Option<HeaderName> {
    let common = common!(
        name.as_str().as_bytes() => HeaderName,
        "accept",
        "accept-encoding",
        "cache-control",
        "connection",
        "host",
        "if-modified-since",
        "if-none-match",
        "origin",
        "range",
        "user-agent",
        "via",
        "x-forwarded-for"
    );
    common.or_else(|| HeaderName::from_bytes(name.as_str().as_bytes()).ok())
}

/// The name of a response's header. `None` for those that describe the message on this connection: actix-web writes them
/// from the body's size.
fn their_name(name: &HeaderName) -> Option<theirs::HeaderName> {
    let common = common!(
        name.as_str().as_bytes() => theirs::HeaderName,
        "accept-ranges",
        "cache-control",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "server",
        "server-timing",
        "vary",
        "x-cache",
        "x-content-type-options",
        "x-request-id"
    );
    let is_the_connection_s = || [ours::CONNECTION, ours::CONTENT_LENGTH, ours::TRANSFER_ENCODING].contains(name);
    common.or_else(|| match is_the_connection_s() {
        true => None,
        false => theirs::HeaderName::from_bytes(name.as_str().as_bytes()).ok(),
    })
}

/// The value of a response's header.
fn their_value(value: &HeaderValue) -> Option<theirs::HeaderValue> {
    let common = common!(
        value.as_bytes() => theirs::HeaderValue,
        "bytes",
        "hit",
        "image/jpeg",
        "image/png",
        "image/webp",
        "nosniff",
        "not-modified",
        "resizer"
    );
    common.or_else(|| theirs::HeaderValue::from_bytes(value.as_bytes()).ok())
}

/// Largest piece handed to actix-web at once: as much as it puts into a connection's buffer before it waits for the
/// client. It copies every piece, so this, and not the whole image a second time, is what a slow client costs.
const PIECE: usize = 32 * 1024;
/// The same for a stream, whose pieces are in memory anyway until they are sent: a write for each 32 KiB of a file of many
/// megabytes would cost more than all else.
const STREAMED_PIECE: usize = 256 * 1024;

/// A body on its way out. Dropping it, at its end or when the client leaves, writes the access line.
pub(crate) struct Outgoing {
    ready: Bytes,
    stream: Option<ByteStream>,
    size: BodySize,
    line: AccessLine,
    connection: Option<Arc<Connection>>,
}

impl Outgoing {
    /// For HEAD the body is dropped and only its size remains.
    fn new(body: Body, only_head: bool, line: AccessLine, connection: Option<Arc<Connection>>) -> Self {
        let size = body.length().map_or(BodySize::Stream, BodySize::Sized);
        let (ready, stream) = match body {
            _ if only_head => (Bytes::new(), None),
            Body::Bytes(bytes) => (bytes, None),
            Body::Stream { stream, .. } => (Bytes::new(), Some(stream)),
            _ => (Bytes::new(), None),
        };
        Self {
            ready,
            stream,
            size,
            line,
            connection,
        }
    }

    /// The next bytes of the body, from memory or from its stream.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        while self.ready.is_empty() {
            let Some(stream) = &mut self.stream else {
                return Poll::Ready(None);
            };
            match ready!(stream.as_mut().poll_next(context)) {
                Some(Ok(bytes)) => self.ready = bytes,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.stream = None,
            }
        }
        Poll::Ready(Some(Ok(())))
    }
}

impl MessageBody for Outgoing {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Some(connection) = &self.connection {
            connection.is_ours();
        }
        match ready!(self.poll_ready(context)) {
            None => {
                self.line.complete();
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                self.line.failed(&error);
                Poll::Ready(Some(Err(error)))
            }
            Some(Ok(())) => {
                let most = if self.stream.is_some() { STREAMED_PIECE } else { PIECE };
                let length = self.ready.len().min(most);
                let piece = self.ready.split_to(length);
                self.line.sent(length);
                if let Some(connection) = &self.connection {
                    connection.takes_piece();
                }
                Poll::Ready(Some(Ok(piece)))
            }
        }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.sends_next();
        }
    }
}
