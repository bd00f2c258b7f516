//! The driver's client: made when it is first needed; given a time for each answer, since the driver itself waits for as
//! long as a connection stays open; and replaced when it no longer answers. Each client has a runtime of its own, so
//! that everything it began ends with it.

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

/// How long the store is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a connection.
    pub(crate) connect: Duration,
    /// For a server that can answer at all.
    pub(crate) select: Duration,
    /// For an answer.
    pub(crate) read: Duration,
}

/// A store that is connected to with its first use.
pub(crate) struct Store {
    connection: ConnectionString,
    patience: Patience,
    max_connections: NonZeroU32,
    link: Mutex<Option<Link>>,
}

/// A client and what is known of it. Its connections and the tasks that watch the servers end when the last clone is
/// dropped.
#[derive(Clone)]
pub(crate) struct Link {
    client: Client,
    read_timeout: Duration,
    health: Arc<Health>,
    background: Arc<Background>,
}

/// Where a client opens its connections and watches its servers. The driver lets nobody stop a connection that fell
/// silent while it was made; here it ends with the rest.
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

    /// Does something whose tasks shall run here.
    fn enter<T>(&self, what: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Runtime::enter);
        what()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Does not wait, which no task may.
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
struct Health {
    /// Whether the server that was last asked for a sign of life gave none, rather than refuse or answer.
    silent: AtomicBool,
    /// How many answers have come, errors included.
    answers: AtomicU64,
    /// Whether it is of no use any more.
    lost: AtomicBool,
}

impl Store {
    /// A store that nobody has asked yet.
    pub(crate) fn new(connection: Connection, patience: Patience, max_connections: NonZeroU32) -> Self {
        Self {
            connection: connection.into_parsed(),
            patience,
            max_connections,
            link: Mutex::new(None),
        }
    }

    /// The client. A connection that falls silent while it is made occupies the driver's pool for good, and two are
    /// enough to block it; so a client that no longer answers is replaced. Downloads under way keep the one that they
    /// began with.
    pub(crate) async fn link(&self) -> Result<Link, StoreError> {
        let linked = async {
            let mut link = self.link.lock().await;
            match link.as_ref().filter(|link| !link.health.lost.load(Ordering::Relaxed)) {
                Some(link) => Ok(link.clone()),
                None => Ok(link.insert(self.open().await?).clone()),
            }
        };
        let linked = timeout(self.patience.read, linked).await;
        linked
            .map_err(|_| StoreError::Silent(None))?
            .map_err(StoreError::Driver)
    }

    async fn open(&self) -> Result<Link, Error> {
        // Looks up the servers of `mongodb+srv`; otherwise there is nothing to wait for.
        let mut options = ClientOptions::parse(self.connection.clone()).await?;
        options.connect_timeout.get_or_insert(self.patience.connect);
        options.server_selection_timeout.get_or_insert(self.patience.select);
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
            read_timeout: self.patience.read,
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

    /// What the driver answers, if it does so in time. If it does not, and has answered nobody else either since this
    /// was asked, it is taken for lost.
    pub(crate) async fn answer<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        let answers_before = self.health.answers.load(Ordering::Relaxed);
        let mut asked = pin!(asked);
        // For each cursor the driver begins a task that closes it in the end: one that outlived the client would panic.
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

/// Without the connection string.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("patience", &self.patience)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
