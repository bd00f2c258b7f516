//! What is on its way to one client: filled by `http.rs` with header lines and pieces of bodies, emptied by `wire.rs` into
//! the socket, which also puts the head in that actix-web writes.
//!
//! The order of things: a request is there ([`Outbox::asked`]); its response begins ([`Outbox::begin`]); actix-web writes
//! its head and flushes; the body is asked for its first piece ([`Outbox::piece`], [`Outbox::waits`] or [`Outbox::end`]);
//! all is sent. actix-web goes on to the next request of a pipelining client when the body has ended, which may be before
//! it is sent.

use std::cell::{RefCell, RefMut};
use std::sync::Arc;

use bytes::Bytes;
use resizer_plugin_api::Error;

use crate::access_log::AccessLine;
use crate::connections::Connection;
use crate::hot::BodyFile;

/// What is on its way to one client.
pub(crate) struct Outbox {
    connection: Option<Arc<Connection>>,
    state: RefCell<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// What actix-web wrote, the header lines that were put into it, and what frames a piece; leaves before `body`.
    pub(crate) written: Vec<u8>,
    /// How much of that is sent.
    pub(crate) sent: usize,
    /// What is left of the piece of the body that leaves now.
    pub(crate) body: Bytes,
    /// A file with that piece, and where in it the rest begins.
    pub(crate) file: Option<(BodyFile, usize)>,
    /// A request is there whose response has not begun.
    asked: bool,
    /// The header lines of the response whose head actix-web has not written yet.
    fields: Vec<u8>,
    /// That response.
    begun: Option<Response>,
    /// The response whose head is in `written`, or sent.
    pub(crate) leaving: Option<Response>,
    /// What is written is not to leave yet: the body is asked for right after, and leaves with it.
    held: bool,
    /// Bytes that were read since there is a request to answer: others that the client did not wait with.
    pub(crate) read_ahead: usize,
}

pub(crate) struct Response {
    pub(crate) line: AccessLine,
    /// There is no more of its body.
    ended: bool,
}

/// Largest buffer for what actix-web writes that a connection keeps, which is some heads.
const KEPT_AT_MOST: usize = 16 * 1024;

impl Outbox {
    pub(crate) fn new(connection: Option<Arc<Connection>>) -> Self {
        let state = RefCell::default();
        Self { connection, state }
    }

    /// For `wire.rs`.
    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// A request is there. Unless the client still has to take the response before it, it is for us to do something.
    pub(crate) fn asked(&self) {
        let state = &mut *self.state();
        state.asked = true;
        if !state.is_sending() && state.leaving.is_none() {
            self.is_ours();
        }
    }

    /// A response begins whose header lines `write` adds; actix-web is about to write its head. The access line is
    /// written when all of it is sent.
    pub(crate) fn begin(&self, line: AccessLine, write: impl FnOnce(&mut Vec<u8>)) {
        let state = &mut *self.state();
        write(&mut state.fields);
        state.asked = false;
        state.begun = Some(Response { line, ended: false });
        state.held = true;
    }

    /// Whether something is still to be sent before the body is asked for more; it will be.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state();
        !state.held && state.is_sending()
    }

    /// Sends this piece of the body after what frames it, from a file if it has one; then the body is asked again.
    pub(crate) fn piece(&self, frame: &[u8], piece: Bytes, file: Option<BodyFile>) {
        let state = &mut *self.state();
        debug_assert!(state.body.is_empty(), "a body that is asked while the outbox is busy");
        state.written.extend_from_slice(frame);
        state.file = file.map(|file| (file, 0));
        state.body = piece;
        state.held = false;
    }

    /// There is no piece at the moment, and it is for us to find one: the head does not wait for it.
    pub(crate) fn waits(&self) {
        self.state().held = false;
        self.is_ours();
    }

    /// That was all of the body, but for what says so.
    pub(crate) fn end(&self, frame: &[u8]) {
        let state = &mut *self.state();
        state.written.extend_from_slice(frame);
        state.held = false;
        if let Some(response) = &mut state.leaving {
            response.ended = true;
        }
    }

    /// The body broke off.
    pub(crate) fn fail(&self, error: &Error) {
        if let Some(response) = &mut self.state().leaving {
            response.line.failed(error);
        }
    }

    /// The body is gone. Unless it had ended, so is its response.
    pub(crate) fn drop_body(&self) {
        let state = &mut *self.state();
        state.held = false;
        state.fields.clear();
        state.begun = None;
        state.leaving.take_if(|response| !response.ended);
    }

    /// All is sent; whether somebody waited for that: the body, or requests that came before.
    pub(crate) fn emptied(&self, state: &mut State, progress: bool) -> bool {
        state.sent = 0;
        state.file = None;
        state.written.clear();
        state.written.shrink_to(KEPT_AT_MOST);
        let Some(mut response) = state.leaving.take_if(|response| response.ended) else {
            let is_asked = progress && state.leaving.is_some();
            if is_asked {
                self.is_ours();
            }
            return is_asked;
        };
        response.line.complete();
        match &self.connection {
            Some(connection) if state.is_answering() => connection.is_ours(),
            Some(connection) => connection.sends_next(),
            None => {}
        }
        state.read_ahead > 0
    }

    /// The client has to take something before more can be sent, and has just taken something, or has not.
    pub(crate) fn blocked(&self, progress: bool) {
        match &self.connection {
            Some(connection) if progress => connection.takes_more(),
            Some(connection) => connection.takes_first(),
            None => {}
        }
    }

    fn is_ours(&self) {
        if let Some(connection) = &self.connection {
            connection.is_ours();
        }
    }
}

impl State {
    fn is_sending(&self) -> bool {
        !self.body.is_empty() || !self.written.is_empty()
    }

    /// Whether a request is there whose response is not all sent.
    pub(crate) fn is_answering(&self) -> bool {
        self.asked || self.begun.is_some() || self.leaving.is_some()
    }

    /// Whether something has to be sent before actix-web may write more: a piece of a body, which is behind what is
    /// written, or the response before the one whose head this is.
    pub(crate) fn is_in_the_way(&self) -> bool {
        !self.body.is_empty() || (self.begun.is_some() && self.leaving.is_some())
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held && self.body.is_empty()
    }

    /// Takes what actix-web wrote. If it ends with the head of a response that has begun, the header lines go in before the
    /// empty line at its end.
    pub(crate) fn take(&mut self, written: &[u8]) -> std::io::Result<()> {
        if self.begun.is_none() {
            self.written.extend_from_slice(written);
            return Ok(());
        }
        let Some(head) = written.strip_suffix(b"\r\n") else {
            return Err(std::io::Error::other("a head without an empty line at its end"));
        };
        self.written.extend_from_slice(head);
        self.written.append(&mut self.fields);
        self.written.extend_from_slice(b"\r\n");
        self.leaving = self.begun.take();
        Ok(())
    }
}
