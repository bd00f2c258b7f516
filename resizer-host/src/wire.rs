//! A connection as actix-web sees it, and how responses leave on it. actix-web writes the status line and what concerns the
//! connection; the other headers and the body go around it, through the [`Outbox`] that [`crate::http`] fills, because
//! it would copy each header into a map of its own and each byte into a buffer of its own. Here the three meet again, and
//! a response in memory leaves with one system call and without a copy of its body.
//!
//! The order of things: actix-web asks for the response (`Outbox::begin`), writes its head (`poll_write`), flushes, asks
//! the body for its first piece (`Outbox::piece` or `Outbox::end`), and flushes again. It asks for the next response of a
//! pipelining client only after the body has ended, though perhaps before it is sent.
//!
//! How long a client may take is counted in `connections.rs`; what is in a response is decided in `http.rs`.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::TcpStream;
use bytes::{Buf as _, Bytes};
use resizer_plugin_api::Error;
use rustix::net::{SendFlags, send};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use crate::access_log::AccessLine;
use crate::connections::Connection;
use crate::hot::{self, BodyFile};

/// A client's socket under actix-web.
pub(crate) struct Wire {
    socket: TcpStream,
    outbox: Rc<Outbox>,
}

/// What is on its way to one client.
pub(crate) struct Outbox {
    connection: Option<Arc<Connection>>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// What actix-web wrote and the headers that were put into it; leaves before `body`.
    written: Vec<u8>,
    /// How much of that is sent.
    sent: usize,
    /// What is left of the piece of the body that leaves now.
    body: Bytes,
    /// A file with that piece, and where in it the rest begins.
    file: Option<(BodyFile, usize)>,
    /// The header lines of the response whose head actix-web has not written yet.
    fields: Vec<u8>,
    /// That response.
    begun: Option<Response>,
    /// The response whose head is in `written`, or sent.
    leaving: Option<Response>,
    /// What is written is not to leave yet: the body is asked for right after, and leaves with it.
    held: bool,
}

struct Response {
    line: AccessLine,
    /// There is no more of its body.
    ended: bool,
}

/// Largest buffer for what actix-web writes that a connection keeps, which is some heads; a piece of a body whose length
/// nobody knows goes through it, too.
const KEPT_AT_MOST: usize = 16 * 1024;

impl Wire {
    pub(crate) fn new(socket: TcpStream, connection: Option<Arc<Connection>>) -> Self {
        let state = RefCell::default();
        let outbox = Rc::new(Outbox { connection, state });
        Self { socket, outbox }
    }

    /// The way around actix-web.
    pub(crate) fn outbox(&self) -> &Rc<Outbox> {
        &self.outbox
    }
}

impl Outbox {
    /// A request is here, and it is for us to do something.
    pub(crate) fn is_ours(&self) {
        if let Some(connection) = &self.connection {
            connection.is_ours();
        }
    }

    /// A response begins whose header lines `write` adds; actix-web is about to write its head. The access line is
    /// written when all of it is sent.
    pub(crate) fn begin(&self, line: AccessLine, write: impl FnOnce(&mut Vec<u8>)) {
        let state = &mut *self.state.borrow_mut();
        write(&mut state.fields);
        state.begun = Some(Response { line, ended: false });
        state.held = true;
    }

    /// Whether something is still to be sent before the body is asked for more; it will be.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state.borrow();
        !state.body.is_empty() || (!state.held && !state.written.is_empty())
    }

    /// Sends this piece of the body, after which the body is asked again.
    pub(crate) fn piece(&self, piece: Bytes) {
        let state = &mut *self.state.borrow_mut();
        debug_assert!(state.body.is_empty(), "a body that is asked while the outbox is busy");
        state.file = hot::file_of(&piece).map(|file| (file, 0));
        state.body = piece;
        state.held = false;
        self.takes_piece();
    }

    /// actix-web sends this piece of the body itself.
    pub(crate) fn leaves_to_actix(&self, piece: &Bytes) {
        let state = &mut *self.state.borrow_mut();
        state.held = false;
        if let Some(response) = &mut state.leaving {
            response.line.sent(piece.len());
        }
        self.takes_piece();
    }

    /// There is nothing to send at the moment, and it is for us to find something: the head does not wait for it.
    pub(crate) fn waits(&self) {
        self.state.borrow_mut().held = false;
        self.is_ours();
    }

    /// That was all of the body.
    pub(crate) fn end(&self) {
        let state = &mut *self.state.borrow_mut();
        state.held = false;
        if let Some(response) = &mut state.leaving {
            response.ended = true;
        }
    }

    /// The body broke off.
    pub(crate) fn fail(&self, error: &Error) {
        if let Some(response) = &mut self.state.borrow_mut().leaving {
            response.line.failed(error);
        }
    }

    /// The body is gone. Unless it had ended, so is its response.
    pub(crate) fn drop_body(&self) {
        let state = &mut *self.state.borrow_mut();
        state.held = false;
        state.fields.clear();
        state.begun = None;
        state.leaving.take_if(|response| !response.ended);
    }

    fn takes_piece(&self) {
        if let Some(connection) = &self.connection {
            connection.takes_piece();
        }
    }

    fn sends_next(&self) {
        if let Some(connection) = &self.connection {
            connection.sends_next();
        }
    }
}

impl Wire {
    /// Sends whatever there is.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.outbox.state.borrow_mut();
        let mut socket = Pin::new(&mut self.socket);
        let mut progress = false;
        loop {
            let head = &state.written[state.sent..];
            let sent = match (head.is_empty(), state.body.is_empty(), &state.file) {
                (true, true, _) => break,
                (false, true, _) => socket.as_mut().poll_write(context, head),
                (false, false, Some(_)) => poll_call(&socket, context, || Ok(send(&*socket, head, SendFlags::MORE)?)),
                (true, false, Some((file, at))) => poll_call(&socket, context, || {
                    hot::send_file(&*socket, file, *at, state.body.len())
                }),
                (true, false, None) => socket.as_mut().poll_write(context, &state.body),
                (false, false, None) => {
                    let both = [IoSlice::new(head), IoSlice::new(&state.body)];
                    socket.as_mut().poll_write_vectored(context, &both)
                }
            };
            let sent = ready!(sent)?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            progress = true;
            let of_body = sent.saturating_sub(head.len());
            state.sent += sent - of_body;
            state.body.advance(of_body);
            if let Some((_, at)) = &mut state.file {
                *at += of_body;
            }
            if let Some(response) = &mut state.leaving {
                response.line.sent(of_body);
            }
            if !state.body.is_empty() {
                self.outbox.takes_piece();
            }
        }
        state.sent = 0;
        state.file = None;
        state.written.clear();
        state.written.shrink_to(KEPT_AT_MOST);
        if let Some(mut response) = state.leaving.take_if(|response| response.ended) {
            response.line.complete();
            self.outbox.sends_next();
        } else if progress && state.leaving.is_some() {
            // The body waits for this.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }
}

/// Makes a system call on a socket that says so if it would have to wait, and then waits.
fn poll_call(
    socket: &TcpStream,
    context: &mut Context<'_>,
    call: impl Fn() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(context))?;
        match socket.try_io(Interest::WRITABLE, &call) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            result => return Poll::Ready(result),
        }
    }
}

impl State {
    /// Whether something has to be sent before actix-web may write more: a piece of a body, which is behind what is
    /// written, or the response before the one whose head this is.
    fn is_in_the_way(&self) -> bool {
        !self.body.is_empty() || (self.begun.is_some() && self.leaving.is_some())
    }

    fn is_held(&self) -> bool {
        self.held && self.body.is_empty()
    }

    /// Takes what actix-web wrote. If it is the head of a response that has begun, the header lines go in before the empty
    /// line at its end.
    fn take(&mut self, written: &[u8]) -> io::Result<()> {
        if self.begun.is_none() {
            self.written.extend_from_slice(written);
            return Ok(());
        }
        let Some(head) = written.strip_suffix(b"\r\n") else {
            return Err(io::Error::other("a head without an empty line at its end"));
        };
        self.written.extend_from_slice(head);
        self.written.append(&mut self.fields);
        self.written.extend_from_slice(b"\r\n");
        self.leaving = self.begun.take();
        Ok(())
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, written: &[u8]) -> Poll<io::Result<usize>> {
        if self.outbox.state.borrow().is_in_the_way() {
            ready!(self.poll_send(context))?;
        }
        self.outbox.state.borrow_mut().take(written)?;
        Poll::Ready(Ok(written.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outbox.state.borrow().is_held() {
            return Poll::Ready(Ok(()));
        }
        self.poll_send(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}
