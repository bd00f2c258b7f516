//! A connection as actix-web sees it, and how responses leave on it. actix-web writes the status line and what concerns the
//! connection; the other headers and the body go around it, through the [`Outbox`] that [`crate::http`] fills, because
//! it would copy each header into a map of its own and each byte into a buffer of its own. Here the three meet again, and
//! a response in memory leaves with one system call, or with two from a file (`hot.rs`), and without a copy of its body.
//!
//! How long a client may take is counted in `connections.rs`; what is in a response is decided in `http.rs`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::TcpStream;
use bytes::Buf as _;
use rustix::net::{SendFlags, send};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use crate::connections::Connection;
use crate::hot;
use crate::outbox::{Outbox, State};

/// A client's socket under actix-web.
pub(crate) struct Wire {
    socket: TcpStream,
    outbox: Rc<Outbox>,
}

/// How much is read of further requests before one is answered. actix-web takes sixteen of them at a time and as much
/// again as this, and beyond that asks in vain without end.
const READ_AHEAD: usize = 64 * 1024;

impl Wire {
    pub(crate) fn new(socket: TcpStream, connection: Option<Arc<Connection>>) -> Self {
        let outbox = Rc::new(Outbox::new(connection));
        Self { socket, outbox }
    }

    /// The way around actix-web.
    pub(crate) fn outbox(&self) -> &Rc<Outbox> {
        &self.outbox
    }

    /// Sends whatever there is.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.outbox.state();
        let mut progress = false;
        while state.sent < state.written.len() || !state.body.is_empty() {
            let Poll::Ready(sent) = poll_some(&mut self.socket, state, context)? else {
                self.outbox.blocked(progress);
                return Poll::Pending;
            };
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            progress = true;
            let of_body = sent.saturating_sub(state.written.len() - state.sent);
            state.sent += sent - of_body;
            state.body.advance(of_body);
            if let Some((_, at)) = &mut state.file {
                *at += of_body;
            }
            if let Some(response) = &mut state.leaving {
                response.line.sent(of_body);
            }
        }
        if self.outbox.emptied(state, progress) {
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }
}

/// Sends as much as one system call takes: the rest of what is written before that of the body.
fn poll_some(socket: &mut TcpStream, state: &State, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let head = &state.written[state.sent..];
    match (head.is_empty(), state.body.is_empty(), &state.file) {
        (_, true, _) => Pin::new(socket).poll_write(context, head),
        (false, false, Some(_)) => poll_call(socket, context, || Ok(send(&*socket, head, SendFlags::MORE)?)),
        (true, false, Some((file, at))) => poll_call(socket, context, || {
            hot::send_file(&*socket, file, *at, state.body.len())
        }),
        (true, false, None) => Pin::new(socket).poll_write(context, &state.body),
        (false, false, None) => {
            let both = [IoSlice::new(head), IoSlice::new(&state.body)];
            Pin::new(socket).poll_write_vectored(context, &both)
        }
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

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, written: &[u8]) -> Poll<io::Result<usize>> {
        if self.outbox.state().is_in_the_way() {
            ready!(self.poll_send(context))?;
        }
        self.outbox.state().take(written)?;
        Poll::Ready(Ok(written.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outbox.state().is_held() {
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
        let is_answering = self.outbox.state().is_answering();
        if is_answering && self.outbox.state().read_ahead >= READ_AHEAD {
            // This task is woken when the response is sent.
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.socket).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        let read_ahead = &mut self.outbox.state().read_ahead;
        *read_ahead = if is_answering { *read_ahead + read } else { 0 };
        outcome
    }
}
