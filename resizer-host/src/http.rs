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
use actix_http::{ConnectionType, Request, Response, StatusCode, Version, header as theirs};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header as ours};
use resizer_plugin_api::{Body, ByteStream, Error, ErrorKind, Reply, RequestHead};

use crate::access_log::AccessLine;
use crate::hot;
use crate::outbox::Outbox;

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
    outbox.asked();
    let head = head_of(&request);
    let only_head = head.method == Method::HEAD;
    let mut line = AccessLine::default();
    let reply = answer.answer(head, &mut line).await;
    line.decided(&reply);
    let framing = Framing::of(&reply, request.version());
    let is_last = framing == Framing::Close || answer.closing() || request.head().upgrade();
    let mut response = begin(reply, framing, only_head, line, outbox);
    if is_last {
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

/// How a client sees where a body ends (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// With the head: there is none, whatever its length would be.
    Without,
    /// After this many bytes.
    Length(u64),
    /// After a piece of no bytes; whether there was another before.
    Chunks(bool),
    /// With the connection, to clients that know no pieces.
    Close,
}

impl Framing {
    fn of(reply: &Reply, version: Version) -> Self {
        match reply.body.length() {
            _ if WITHOUT_CONTENT.contains(&reply.status) => Self::Without,
            Some(length) => Self::Length(length),
            None if version >= Version::HTTP_11 => Self::Chunks(false),
            None => Self::Close,
        }
    }
}

/// What actix-web has to know of a response; the rest is in the outbox. It is not told how the body is framed: it would
/// frame it by what the last request that it has read wants, which may be another than this.
fn begin(reply: Reply, framing: Framing, only_head: bool, line: AccessLine, outbox: Rc<Outbox>) -> Response<Outgoing> {
    let status = StatusCode::from_u16(reply.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    outbox.begin(line, |lines| {
        for (name, value) in reply
            .headers
            .iter()
            .filter(|(name, _)| !OF_THE_CONNECTION.contains(name))
        {
            write_field(name.as_str(), value.as_bytes(), lines);
        }
        match framing {
            Framing::Without | Framing::Close => {}
            Framing::Length(length) => {
                write_field("content-length", itoa::Buffer::new().format(length).as_bytes(), lines);
            }
            Framing::Chunks(_) => write_field("transfer-encoding", b"chunked", lines),
        }
    });
    let is_sent = !only_head && framing != Framing::Without;
    let body = if is_sent { reply.body } else { Body::Empty };
    let outgoing = Outgoing::new(
        body,
        reply.status,
        if is_sent { framing } else { Framing::Without },
        outbox,
    );
    let mut response = Response::with_body(status, outgoing);
    response.head_mut().no_chunking(true);
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

/// A body on its way out, piece by piece into the outbox.
pub(crate) struct Outgoing {
    ready: Bytes,
    stream: Option<ByteStream>,
    /// How what is left of it is framed.
    framing: Framing,
    /// It is a whole image in memory, which others may ask for, too.
    is_whole: bool,
    outbox: Rc<Outbox>,
}

impl Outgoing {
    fn new(body: Body, status: http::StatusCode, framing: Framing, outbox: Rc<Outbox>) -> Self {
        let (ready, stream) = match body {
            Body::Bytes(bytes) => (bytes, None),
            Body::Stream { stream, .. } => (Bytes::new(), Some(stream)),
            _ => (Bytes::new(), None),
        };
        Self {
            is_whole: stream.is_none() && status == http::StatusCode::OK,
            ready,
            stream,
            framing,
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

    /// Hands a piece to the outbox. What is beyond the length that was announced is not sent: the client would take it for
    /// the next response.
    fn send(&mut self, mut piece: Bytes) {
        let mut frame = String::new();
        match &mut self.framing {
            Framing::Without => return,
            Framing::Close => {}
            Framing::Length(left) => {
                piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= piece.len() as u64;
            }
            Framing::Chunks(others) => {
                let end = if mem::replace(others, true) { "\r\n" } else { "" };
                frame = format!("{end}{:x}\r\n", piece.len());
            }
        }
        if !piece.is_empty() {
            let file = if self.is_whole { hot::file_of(&piece) } else { None };
            self.outbox.piece(frame.as_bytes(), piece, file);
        }
    }

    /// The end, unless something is missing.
    fn end(&self) -> Result<(), Error> {
        let frame: &[u8] = match self.framing {
            Framing::Length(missing) if missing > 0 => {
                let error = Error::new(ErrorKind::Internal, "the response is shorter than was announced");
                return Err(error.because(format!("{missing} bytes are missing")));
            }
            Framing::Without | Framing::Length(_) | Framing::Close => b"",
            Framing::Chunks(true) => b"\r\n0\r\n\r\n",
            Framing::Chunks(false) => b"0\r\n\r\n",
        };
        self.outbox.end(frame);
        Ok(())
    }
}

impl MessageBody for Outgoing {
    type Error = Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    /// Gives actix-web nothing but the end, or an error, after which it closes the connection, by which the client sees
    /// that something is missing.
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        while !self.outbox.is_busy() {
            let Poll::Ready(next) = self.poll_ready(context) else {
                self.outbox.waits();
                return Poll::Pending;
            };
            let ended = match next.transpose() {
                Ok(Some(piece)) => {
                    self.send(piece);
                    if self.stream.is_some() {
                        continue;
                    }
                    self.end()
                }
                Ok(None) => self.end(),
                Err(error) => Err(error),
            };
            return Poll::Ready(ended.err().map(|error| {
                self.outbox.fail(&error);
                Err(error)
            }));
        }
        Poll::Pending
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.outbox.drop_body();
    }
}
