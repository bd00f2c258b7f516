//! Conversion between actix-web and the engine: a request becomes a [`RequestHead`], and a [`Reply`] becomes a
//! response. This is the one file that knows both `http` 0.2, which actix-web uses, and `http` 1, which everybody else
//! uses. The listeners call [`serve`]; `request_handler.rs` and `admin.rs` decide what is answered.
//!
//! When a client leaves, actix-web drops the future of [`serve`] or the body. This is the cancellation, and nothing
//! else is needed.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, MessageBody};
use actix_http::uri::Authority;
use actix_http::{ConnectionType, Payload, Request, Response, StatusCode, Version, header as theirs};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header as ours};
use resizer_plugin_api::{Body, ByteStream, Error, ErrorKind, Reply, RequestHead};

use crate::access_log::AccessLine;
use crate::connections::Connection;

/// The answers of one listener.
pub(crate) trait Handler: Send + Sync + 'static {
    /// The reply to a request. `head` is as the peer sent it, and `head.client` is the peer. The implementation applies
    /// what a trusted proxy says, and tells `line` the outcome.
    fn handle(&self, head: RequestHead, line: &mut AccessLine) -> impl Future<Output = Reply>;

    /// Whether this reply shall be the last of its connection.
    fn ends_connection(&self, reply: &Reply) -> bool;
}

/// Answers one request: every path, every method. A request with a body is the last of its connection: nothing here
/// reads a body, and the next request would stand behind it.
pub(crate) async fn serve<H: Handler>(mut request: Request, handler: Arc<H>) -> Response<Outgoing> {
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let goes_on = connection.as_ref().is_none_or(|connection| connection.begin());
    let head = head_of(&request);
    let only_head = head.method == Method::HEAD;
    let mut line = AccessLine::default();
    let reply = if goes_on {
        handler.handle(head, &mut line).await
    } else {
        // actix-http calls for requests behind the last one, too (RFC 9112, section 9.6): they are not processed.
        line.silence();
        Reply::new(http::StatusCode::SERVICE_UNAVAILABLE)
    };
    line.decided(&reply);
    if let Some(connection) = &connection {
        connection.restart_timer();
    }
    let unread = request.take_payload();
    let is_last = !goes_on
        || request.head().connection_type() == ConnectionType::Close
        || request.head().upgrade()
        || !matches!(unread, Payload::None)
        || handler.ends_connection(&reply);
    let can_be_chunked = request.version() >= Version::HTTP_11 && !request.head().upgrade();
    let outgoing = Outgoing::new(line, connection, unread);
    response_of(reply, only_head, can_be_chunked, is_last, outgoing)
}

fn head_of(request: &Request) -> RequestHead {
    let uri = request.uri();
    let mut head = RequestHead::get(uri.path(), uri.query().unwrap_or_default());
    head.method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or_default();
    let headers = request.head().headers();
    head.headers.reserve(headers.len());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
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

/// Headers that describe the message on this connection and not the image; actix-web writes them.
const OF_THE_CONNECTION: [HeaderName; 4] = [
    ours::CONNECTION,
    ours::CONTENT_LENGTH,
    ours::DATE,
    ours::TRANSFER_ENCODING,
];
/// Responses that end with their head, and have no length (RFC 9112, section 6.3).
const WITHOUT_CONTENT: [http::StatusCode; 2] = [http::StatusCode::NO_CONTENT, http::StatusCode::NOT_MODIFIED];

fn response_of(
    reply: Reply,
    only_head: bool,
    can_be_chunked: bool,
    is_last: bool,
    outgoing: Outgoing,
) -> Response<Outgoing> {
    let status = StatusCode::from_u16(reply.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let length = reply.body.length();
    let without_content = WITHOUT_CONTENT.contains(&reply.status);
    let is_sent = !only_head && !without_content && length != Some(0);
    // A client that knows no chunks sees the end of the body in the end of the connection.
    let ends_the_body = is_sent && length.is_none() && !can_be_chunked;
    let is_last = is_last || ends_the_body;
    if let Some(connection) = outgoing.connection.as_ref().filter(|_| is_last) {
        connection.ends_after_response();
    }
    let body = if is_sent { reply.body } else { Body::Empty };
    let mut response = Response::with_body(status, outgoing.of(body, is_sent));
    let head = response.head_mut();
    head.headers_mut().reserve(reply.headers.len());
    for (name, value) in &reply.headers {
        if OF_THE_CONNECTION.contains(name) {
            continue;
        }
        let name = theirs::HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, theirs::HeaderValue::from_bytes(value.as_bytes())) {
            head.headers_mut().append(name, value);
        }
    }
    if !is_sent {
        // To actix-web this is a stream of nothing whose headers are set here. It frames other bodies by the last
        // request that it has read, which may be a later one, and it does not ask a body of no bytes for its end.
        head.no_chunking(true);
        let framing = match length {
            _ if without_content => None,
            Some(length) => Some((theirs::CONTENT_LENGTH, length.into())),
            None => can_be_chunked.then(|| (theirs::TRANSFER_ENCODING, theirs::HeaderValue::from_static("chunked"))),
        };
        if let Some((name, value)) = framing {
            head.headers_mut().insert(name, value);
        }
    } else if ends_the_body {
        head.no_chunking(true);
    }
    if is_last {
        head.set_connection_type(ConnectionType::Close);
    }
    response
}

/// Bytes that actix-web keeps of a response before it sends them and waits for the client: enough for a head, which
/// then leaves in one system call with the beginning of its body, and so few that a body is asked for more only when
/// the client has taken nearly all of what came before.
pub(crate) const WRITE_BUFFER: usize = 4 * 1024;
/// Bytes of a body in memory that are handed to actix-web at once. It copies each piece, so a slow client costs these
/// bytes, and not the whole image a second time.
const PIECE: usize = 32 * 1024;
/// The same for a stream, whose pieces are in memory until they are sent in any case. A system call for each 32 KiB of
/// many megabytes would cost more than all else. actix-http keeps the buffer that it sent a piece from for as long as
/// the connection.
const STREAMED_PIECE: usize = 64 * 1024;

/// The body of a response, which leaves piece by piece. Dropping the body, at its end or when the client leaves, writes
/// the access line.
pub(crate) struct Outgoing {
    ready: Bytes,
    stream: Option<ByteStream>,
    size: BodySize,
    /// Bytes that are missing of the announced length.
    missing: u64,
    /// Bytes of the piece that actix-web has, and may not have sent yet.
    in_flight: usize,
    line: AccessLine,
    connection: Option<Arc<Connection>>,
    /// The body of the request. While it is here, actix-http keeps 32 KiB of it and reads no more. As it is not read to
    /// its end, actix-http closes the connection after the response, and lingers so that the client can read that.
    _unread: Payload,
}

impl Outgoing {
    /// A body that is still empty.
    fn new(line: AccessLine, connection: Option<Arc<Connection>>, unread: Payload) -> Self {
        Self {
            ready: Bytes::new(),
            stream: None,
            size: BodySize::Stream,
            missing: 0,
            in_flight: 0,
            line,
            connection,
            _unread: unread,
        }
    }

    fn of(mut self, body: Body, is_sent: bool) -> Self {
        let length = body.length();
        self.size = length.filter(|_| is_sent).map_or(BodySize::Stream, BodySize::Sized);
        self.missing = length.unwrap_or_default();
        match body {
            Body::Bytes(bytes) => self.ready = bytes,
            Body::Stream { stream, .. } => self.stream = Some(stream),
            _ => {}
        }
        self
    }

    /// The next bytes of the body, from memory or from its stream; none at its end.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        while self.ready.is_empty() {
            let Some(stream) = &mut self.stream else {
                return Poll::Ready(self.end().map(|()| None));
            };
            match ready!(stream.as_mut().poll_next(context)).transpose()? {
                Some(bytes) => self.ready = bytes,
                None => self.stream = None,
            }
        }
        let most = if self.stream.is_some() { STREAMED_PIECE } else { PIECE };
        let piece = self.ready.split_to(self.ready.len().min(most));
        self.missing = self.missing.saturating_sub(piece.len() as u64);
        Poll::Ready(Ok(Some(piece)))
    }

    /// The end, unless bytes of the announced length are missing. A client sees an error in the end of its connection.
    fn end(&self) -> Result<(), Error> {
        match self.missing {
            0 => Ok(()),
            missing => Err(
                Error::new(ErrorKind::Internal, "the response is shorter than was announced")
                    .because(format!("{missing} bytes are missing")),
            ),
        }
    }
}

impl MessageBody for Outgoing {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let sent = mem::take(&mut self.in_flight);
        self.line.sent(sent);
        let next = self.poll_piece(context);
        if let Some(connection) = &self.connection {
            match next {
                // The time that is left is noted before, with what was read.
                Poll::Pending => {
                    connection.extend_timer(sent);
                    connection.pause_timer();
                }
                Poll::Ready(_) => connection.extend_timer(sent),
            }
        }
        let next = ready!(next);
        match &next {
            Ok(Some(piece)) => self.in_flight = piece.len(),
            Ok(None) => {
                self.line.complete();
                // actix-web decodes no further requests while sixteen wait, and goes on only when it is polled again.
                context.waker().wake_by_ref();
            }
            Err(error) => self.line.failed(error),
        }
        Poll::Ready(next.transpose())
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.await_request();
        }
    }
}
