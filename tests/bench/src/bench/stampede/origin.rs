//! HTTP origin that counts its requests and holds the answers until it is told to send them. It has one photograph,
//! under every name.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// The origin; its threads end with the process.
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    photograph: Vec<u8>,
    state: Mutex<State>,
    changed: Condvar,
}

/// The requests so far, and whether they may be answered.
#[derive(Clone, Copy, Default)]
pub(super) struct State {
    /// Requests for the head of an image alone: whether it changed.
    pub(super) stats: u64,
    /// Requests for an image.
    pub(super) fetches: u64,
    answers_stats: bool,
    answers_fetches: bool,
}

impl Origin {
    pub(super) fn start(photograph: Vec<u8>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            photograph,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // The server notices a broken connection.
                thread::spawn(move || shared.serve(stream).ok());
            }
        });
        Ok(Self { address, shared })
    }

    /// The requests since the last call. From now on the origin answers nothing until it is told to.
    pub(super) fn begin_anew(&self) -> State {
        self.shared.change(std::mem::take)
    }

    pub(super) fn answer_stats(&self) {
        self.shared.change(|state| state.answers_stats = true);
    }

    pub(super) fn answer_fetches(&self) {
        self.shared.change(|state| state.answers_fetches = true);
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        changed
    }

    /// One connection, request after request.
    fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let mut heads = BufReader::new(stream.try_clone()?);
        loop {
            let mut first = String::new();
            if heads.read_line(&mut first)? == 0 {
                return Ok(());
            }
            let mut line = first.clone();
            while line != "\r\n" {
                line.clear();
                if heads.read_line(&mut line)? == 0 {
                    return Ok(());
                }
            }
            let is_stat = first.starts_with("HEAD ");
            self.change(|state| {
                if is_stat {
                    state.stats += 1;
                } else {
                    state.fetches += 1;
                }
            });
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let may = |state: &mut State| {
                if is_stat {
                    state.answers_stats
                } else {
                    state.answers_fetches
                }
            };
            let state = self.changed.wait_while(state, |state| !may(state));
            drop(state.unwrap_or_else(PoisonError::into_inner));
            let length = self.photograph.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {length}\r\n\r\n"
            )?;
            if !is_stat {
                stream.write_all(&self.photograph)?;
            }
        }
    }
}
