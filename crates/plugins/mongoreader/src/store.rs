//! Driver's client: opened on first use, with a timeout for each answer, and replaced when it no longer answers. The
//! driver itself waits for as long as a connection stays open. Each client has a runtime of its own, so that all its
//! tasks end with it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mongodb::error::{Error, ErrorKind};
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use mongodb::options::{ClientOptions, ConnectionString};
use mongodb::{Client, Database};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::error::StoreError;

/// The timeouts of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For a connection.
    pub(crate) connect: Duration,
    /// For finding a server that can answer.
    pub(crate) select: Duration,
    /// For an answer.
    pub(crate) read: Duration,
}

/// A store that connects on first use.
pub(crate) struct Store {
    connection: ConnectionString,
    timeouts: Timeouts,
    max_connections: NonZeroU32,
    link: Mutex<Option<Link>>,
}

/// A client and its health. Its connections and the tasks that watch the servers end when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Link {
    client: Client,
    read_timeout: Duration,
    health: Arc<Health>,
    background: Arc<Background>,
}

/// The runtime of a client's connections and of the tasks that watch its servers. The driver cannot stop a connection
/// that fell silent while it was opened. Dropping the runtime ends it.
struct Background(Option<Runtime>);

impl Background {
    fn new() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(1)
            .thread_name("mongoreader")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `what` so that its tasks are spawned on this runtime.
    fn enter<T>(&self, what: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Runtime::enter);
        what()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // This call does not wait, which is not allowed within a task.
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
struct Health {
    /// Whether the server last asked for a sign of life was silent, instead of answering or refusing.
    silent: AtomicBool,
    /// How many answers have come, errors included.
    answers: AtomicU64,
    /// Whether the client has to be replaced.
    lost: AtomicBool,
}

impl Store {
    /// A store that has not been used yet.
    pub(crate) fn new(connection: Connection, timeouts: Timeouts, max_connections: NonZeroU32) -> Self {
        Self {
            connection: connection.into_parsed(),
            timeouts,
            max_connections,
            link: Mutex::new(None),
        }
    }

    /// The client. A connection that falls silent while it is opened occupies the driver's pool for good, and two of
    /// them block it. So a client that no longer answers is replaced. Running downloads keep their client.
    pub(crate) async fn link(&self) -> Result<Link, StoreError> {
        let linked = async {
            let mut link = self.link.lock().await;
            match link.as_ref().filter(|link| !link.health.lost.load(Ordering::Relaxed)) {
                Some(link) => Ok(link.clone()),
                None => Ok(link.insert(self.open().await?).clone()),
            }
        };
        let linked = timeout(self.timeouts.read, linked).await;
        linked
            .map_err(|_| StoreError::Silent(None))?
            .map_err(StoreError::Driver)
    }

    async fn open(&self) -> Result<Link, Error> {
        // Looks up the servers of `mongodb+srv`. For other strings nothing is awaited.
        let mut options = ClientOptions::parse(self.connection.clone()).await?;
        options.connect_timeout.get_or_insert(self.timeouts.connect);
        options.server_selection_timeout.get_or_insert(self.timeouts.select);
        options.max_pool_size.get_or_insert(self.max_connections.get());
        options.app_name.get_or_insert_with(|| "resizer".to_owned());
        let health = Arc::new(Health {
            silent: AtomicBool::new(true),
            answers: AtomicU64::new(0),
            lost: AtomicBool::new(false),
        });
        let heard = Arc::clone(&health);
        options.sdam_event_handler = Some(EventHandler::callback(move |event| match event {
            SdamEvent::ServerHeartbeatSucceeded(_) => heard.silent.store(false, Ordering::Relaxed),
            SdamEvent::ServerHeartbeatFailed(failed) => {
                heard.silent.store(timed_out(&failed.failure), Ordering::Relaxed);
            }
            _ => {}
        }));
        let background = Background::new()?;
        Ok(Link {
            client: background.enter(|| Client::with_options(options))?,
            read_timeout: self.timeouts.read,
            health,
            background: Arc::new(background),
        })
    }
}

impl Link {
    /// A database of the store.
    pub(crate) fn database(&self, name: &str) -> Database {
        self.client.database(name)
    }

    /// The driver's answer, within the timeout. A client that does not answer in time, and has answered no other
    /// request since, is marked as lost.
    pub(crate) async fn answer<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        let answers_before = self.health.answers.load(Ordering::Relaxed);
        let mut asked = pin!(asked);
        // For each cursor the driver spawns a task that closes it in the end. One that outlived the client would panic.
        let asked = poll_fn(|context| self.background.enter(|| asked.as_mut().poll(context)));
        let Ok(answer) = timeout(self.read_timeout, asked).await else {
            if self.health.answers.load(Ordering::Relaxed) == answers_before {
                self.health.lost.store(true, Ordering::Relaxed);
            }
            return Err(StoreError::Silent(None));
        };
        self.health.answers.fetch_add(1, Ordering::Relaxed);
        answer.map_err(|error| match self.kept_silent(&error) {
            true => StoreError::Silent(Some(error)),
            false => StoreError::Driver(error),
        })
    }

    fn kept_silent(&self, error: &Error) -> bool {
        match *error.kind {
            ErrorKind::ServerSelection { .. } => self.health.silent.load(Ordering::Relaxed),
            _ => timed_out(error),
        }
    }
}

fn timed_out(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// Hides the connection string.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("timeouts", &self.timeouts)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
