//! Between actix-web and the rest of the server: the one file that knows both `http` 0.2 (actix-web's) and `http` 1
//! (everybody else's). It turns a request into a [`RequestHead`], waits for the answer, and turns the [`Reply`] into a
//! response whose headers and body leave through the [`Outbox`] of the connection. What the server answers is decided in
//! `front.rs` and `admin.rs`.
//!
//! When a client leaves, actix-web drops the future of [`serve`]: that is the cancellation, and nothing else is needed.

use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, MessageBody};
use actix_http::uri::Authority;
use actix_http::{ConnectionType, Request, Response, StatusCode, header as theirs};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header as ours};
use resizer_plugin_api::{Body, ByteStream, Error, ErrorKind, Reply, RequestHead};

use crate::access_log::AccessLine;
use crate::wire::Outbox;

/// What a listener answers with.
pub(crate) trait Answer: Send + Sync + 'static {
    /// The reply to a request. The head is as the peer sent it, `client` being the peer; what a trusted proxy says is
    /// for the implementation to apply, and the outcome is the access line's.
    fn answer(&self, head: RequestHead, line: &mut AccessLine) -> impl Future<Output = Reply>;

    /// Whether each response shall end its connection, because the server is about to stop.
    fn closing(&self) -> bool;
}

/// The one handler of a listener: every path, every method.
#[expect(clippy::expect_used, reason = "`listener.rs` gives one to each connection")]
pub(crate) async fn serve<A: Answer>(request: Request, answer: Arc<A>) -> Response<Outgoing> {
    let outbox = request.conn_data::<Rc<Outbox>>().cloned().expect("an outbox");
    outbox.is_ours();
    let head = head_of(&request);
    let only_head = head.method == Method::HEAD;
    let mut line = AccessLine::default();
    let reply = answer.answer(head, &mut line).await;
    line.decided(&reply);
    let mut response = begin(reply, only_head, line, outbox);
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

/// What actix-web has to know of a response; the rest is in the outbox.
fn begin(reply: Reply, only_head: bool, line: AccessLine, outbox: Rc<Outbox>) -> Response<Outgoing> {
    let status = StatusCode::from_u16(reply.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let length = reply.body.length();
    outbox.begin(line, |lines| {
        for (name, value) in reply
            .headers
            .iter()
            .filter(|(name, _)| !OF_THE_CONNECTION.contains(name))
        {
            write_field(name.as_str(), value.as_bytes(), lines);
        }
        if let Some(length) = length.filter(|_| !WITHOUT_CONTENT.contains(&reply.status)) {
            write_field("content-length", itoa::Buffer::new().format(length).as_bytes(), lines);
        }
    });
    let mut response = Response::with_body(status, Outgoing::new(reply.body, only_head, outbox));
    response.head_mut().no_chunking(length.is_some());
    response
}

/// Headers that describe the message on this connection and not the image.
const OF_THE_CONNECTION: [HeaderName; 4] = [
    ours::CONNECTION,
    ours::CONTENT_LENGTH,
    ours::DATE,
    ours::TRANSFER_ENCODING,
];
/// Responses that end with their head, and whose head says nothing of a length.
const WITHOUT_CONTENT: [http::StatusCode; 2] = [http::StatusCode::NO_CONTENT, http::StatusCode::NOT_MODIFIED];

fn write_field(name: &str, value: &[u8], lines: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        lines.extend_from_slice(part);
    }
}

/// The name of a request's header. To find it among those that most requests have costs several times less than to check
/// it letter by letter and to copy it.
fn our_name(name: &theirs::HeaderName) -> Option<HeaderName> {
    const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    Some(match name.as_str() {
        "accept" => ours::ACCEPT,
        "accept-encoding" => ours::ACCEPT_ENCODING,
        "cache-control" => ours::CACHE_CONTROL,
        "connection" => ours::CONNECTION,
        "host" => ours::HOST,
        "if-modified-since" => ours::IF_MODIFIED_SINCE,
        "if-none-match" => ours::IF_NONE_MATCH,
        "origin" => ours::ORIGIN,
        "range" => ours::RANGE,
        "user-agent" => ours::USER_AGENT,
        "via" => ours::VIA,
        "x-forwarded-for" => X_FORWARDED_FOR,
        other => return HeaderName::from_bytes(other.as_bytes()).ok(),
    })
}

/// A body on its way out: what is in memory and streams of a known length through the outbox, other streams through
/// actix-web, which knows how to send those.
pub(crate) struct Outgoing {
    ready: Bytes,
    stream: Option<ByteStream>,
    /// Bytes that are still to come, if that is known.
    left: Option<u64>,
    outbox: Rc<Outbox>,
}

impl Outgoing {
    /// For HEAD the body is dropped and only its size remains.
    fn new(body: Body, only_head: bool, outbox: Rc<Outbox>) -> Self {
        let (ready, stream, left) = match body {
            _ if only_head => (Bytes::new(), None, Some(0)),
            Body::Stream { stream, length } => (Bytes::new(), Some(stream), length),
            Body::Bytes(bytes) => {
                let length = bytes.len() as u64;
                (bytes, None, Some(length))
            }
            _ => (Bytes::new(), None, Some(0)),
        };
        Self {
            ready,
            stream,
            left,
            outbox,
        }
    }

    /// The next bytes of the body, from memory or from its stream.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
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
        Poll::Ready(Some(Ok(mem::take(&mut self.ready))))
    }

    /// Breaks off: actix-web closes the connection, by which the client sees that something is missing.
    fn fail(&self, error: Error) -> Poll<Option<Result<Bytes, Error>>> {
        self.outbox.fail(&error);
        Poll::Ready(Some(Err(error)))
    }

    /// Hands a piece of a body of known length to the outbox. What is beyond that length is not sent: the client would take
    /// it for the next response.
    fn send(&mut self, mut piece: Bytes, left: u64) {
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        self.left = Some(left - piece.len() as u64);
        if !piece.is_empty() {
            self.outbox.piece(piece);
        }
    }
}

impl MessageBody for Outgoing {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        while !self.outbox.is_busy() {
            let Poll::Ready(next) = self.poll_ready(context) else {
                self.outbox.waits();
                return Poll::Pending;
            };
            match (next.transpose(), self.left) {
                (Ok(Some(piece)), Some(left)) => {
                    self.send(piece, left);
                    if self.stream.is_some() {
                        continue;
                    }
                    self.outbox.end();
                    return Poll::Ready(None);
                }
                (Ok(Some(piece)), None) => {
                    self.outbox.leaves_to_actix(&piece);
                    return Poll::Ready(Some(Ok(piece)));
                }
                (Ok(None), None | Some(0)) => {
                    self.outbox.end();
                    return Poll::Ready(None);
                }
                (Ok(None), Some(left)) => {
                    let error = Error::new(ErrorKind::Internal, "the response is shorter than was announced");
                    return self.fail(error.because(format!("{left} bytes are missing")));
                }
                (Err(error), _) => return self.fail(error),
            }
        }
        Poll::Pending
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.outbox.drop_body();
    }
}
