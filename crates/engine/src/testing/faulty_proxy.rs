//! Faulty store: a proxy on the loopback interface between a reader and its real server, which refuses, stalls or cuts
//! connections on demand. It does not read the bytes that pass, so that it serves every protocol.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The proxy's behaviour. A change applies to open connections too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Pass,
    /// Closes open connections, and each new one as soon as it is accepted.
    Refuse,
    /// Accepts connections and requests, but passes no answer back. A connection that lost a part of an answer stays
    /// silent until its client closes it, whatever mode comes next.
    Silent,
    /// Closes a connection, without a reset, once it has passed back so many bytes since the client last sent anything.
    Cut {
        /// Bytes of an answer that pass.
        after: u64,
    },
    /// Passes back so many bytes since the client last sent anything, then nothing more on this connection.
    Stall {
        /// Bytes of an answer that pass.
        after: u64,
    },
}

/// The proxy. It runs on the runtime that it was made on. Its drop ends it and all its connections.
#[derive(Debug)]
pub struct FaultyProxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl FaultyProxy {
    /// A proxy before this server, on a port of its own, in [`Mode::Pass`].
    ///
    /// # Errors
    /// The system has no port left.
    pub async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (mode, in_mode) = watch::channel(Mode::Pass);
        let (open, accepted) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (count, total) = (Arc::clone(&open), Arc::clone(&accepted));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                total.fetch_add(1, Ordering::Relaxed);
                count.fetch_add(1, Ordering::Relaxed);
                let (in_mode, count) = (in_mode.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    // The result does not matter: the client notices the end of its connection.
                    let _ = connection(client, server, in_mode).await;
                    count.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Ok(Self {
            address,
            mode,
            open,
            accepted,
            accepting,
        })
    }

    /// The address to which a reader connects in place of the server's.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the behaviour.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(mut client: TcpStream, server: SocketAddr, mode: watch::Receiver<Mode>) -> io::Result<()> {
    let mut refusal = mode.clone();
    // The wait also ends when the proxy is dropped.
    let refused = refusal.wait_for(|mode| *mode == Mode::Refuse);
    let passing = async move {
        let mut server = TcpStream::connect(server).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let answered = AtomicU64::new(0);
        tokio::select! {
            ended = requests(from_client, to_server, &answered) => ended,
            ended = answers(from_server, to_client, &answered, &mode) => ended,
        }
    };
    tokio::select! {
        biased;
        _ = refused => Ok(()),
        ended = passing => ended,
    }
}

async fn requests(mut client: ReadHalf<'_>, mut server: WriteHalf<'_>, answered: &AtomicU64) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        answered.store(0, Ordering::Relaxed);
        server.write_all(&piece[..length]).await?;
    }
}

async fn answers(
    mut server: ReadHalf<'_>,
    mut client: WriteHalf<'_>,
    answered: &AtomicU64,
    mode: &watch::Receiver<Mode>,
) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = server.read(&mut piece).await?;
        if length == 0 {
            return client.shutdown().await;
        }
        let mode = *mode.borrow();
        let passes = match mode {
            Mode::Pass | Mode::Refuse => length,
            Mode::Silent => 0,
            Mode::Cut { after } | Mode::Stall { after } => {
                let left = after.saturating_sub(answered.load(Ordering::Relaxed));
                usize::try_from(left).map_or(length, |left| left.min(length))
            }
        };
        answered.fetch_add(passes as u64, Ordering::Relaxed);
        client.write_all(&piece[..passes]).await?;
        if passes < length {
            match mode {
                Mode::Cut { .. } => return client.shutdown().await,
                _ => pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ANSWER: [u8; 1000] = [7; 1000];

    /// A server that answers each byte with a thousand bytes.
    async fn server() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    while client.read_u8().await.is_ok() {
                        client.write_all(&ANSWER).await.unwrap();
                    }
                });
            }
        });
        address
    }

    /// How many bytes answer one byte, and whether the connection is closed then.
    async fn ask(connection: &mut TcpStream) -> (usize, bool) {
        // The connection may be closed already.
        let _ = connection.write_all(b"?").await;
        let mut answer = [0; ANSWER.len()];
        let mut length = 0;
        while length < answer.len() {
            let read = connection.read(&mut answer[length..]);
            match tokio::time::timeout(Duration::from_secs(1), read).await {
                Ok(Ok(more)) if more > 0 => length += more,
                Ok(_) => return (length, true),
                Err(_) => return (length, false),
            }
        }
        (length, false)
    }

    #[tokio::test]
    async fn mode_change_applies_to_old_and_new_connections() {
        let rows = [
            (Mode::Pass, (1000, false)),
            (Mode::Refuse, (0, true)),
            (Mode::Silent, (0, false)),
            (Mode::Cut { after: 0 }, (0, true)),
            (Mode::Cut { after: 300 }, (300, true)),
            (Mode::Stall { after: 300 }, (300, false)),
            (Mode::Cut { after: 1000 }, (1000, false)),
        ];
        let proxy = FaultyProxy::before(server().await).await.unwrap();
        for (mode, expected) in rows {
            proxy.set(Mode::Pass);
            let mut old = TcpStream::connect(proxy.address()).await.unwrap();
            assert_eq!(ask(&mut old).await, (1000, false), "before {mode:?}");
            proxy.set(mode);
            let mut new = TcpStream::connect(proxy.address()).await.unwrap();
            assert_eq!(ask(&mut old).await, expected, "{mode:?}, an old connection");
            assert_eq!(ask(&mut new).await, expected, "{mode:?}, a new connection");
            drop((old, new));
            while proxy.open() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert_eq!(proxy.accepted(), 2 * rows.len());
    }
}
