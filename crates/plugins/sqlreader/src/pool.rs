//! Connection pool of one database. `Hooks::resource` keeps it across reloads. Connections are opened on first use, on
//! the runtime that needs them.
//!
//! This is not sqlx's own pool, for three reasons. That pool hides a refused connection behind its timeout. It sends a
//! ping before and after each use. After a cancelled use of a silent server, the ping waits without end and keeps the
//! connection's place in the pool. Here a connection returns to the pool only after it has answered all requests, and
//! is closed otherwise. The next use shows whether it still works.

use std::fmt;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::database::Database;
use crate::failure::Failure;
use crate::id::Id;
use crate::lookup::{Answer, Question};
use crate::session::Session;

/// How long an unused connection is kept: less than firewalls and load balancers usually allow.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection is used at most. A new one resolves the host's name again, and opens a replaced SQLite file.
const LIFE: Duration = Duration::from_secs(600);

/// The timeouts of a database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For a new connection.
    pub(crate) connect: Duration,
    /// For the queries about one image, and for a free connection.
    pub(crate) read: Duration,
}

/// A database and the connections to it.
pub(crate) struct Pool {
    pub(crate) database: Database,
    timeouts: Timeouts,
    connections: usize,
    places: Semaphore,
    /// The most recently used connection is at the end, and is used next.
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    session: Box<dyn Session>,
    opened: Instant,
    used: Instant,
}

impl Pool {
    /// A pool without connections.
    pub(crate) fn new(database: Database, connections: usize, timeouts: Timeouts) -> Self {
        Self {
            database,
            timeouts,
            connections,
            places: Semaphore::new(connections),
            idle: Mutex::default(),
        }
    }

    /// Asks over any connection. If a kept connection fails, its server may have restarted, so a new one is tried.
    pub(crate) async fn ask(&self, question: &Question<'_>, id: &Id) -> Result<Answer, Failure> {
        let _place = self.place().await?;
        if let Some(kept) = self.kept() {
            match self.ask_over(kept, question, id).await {
                Err(failure) if !failure.is_timeout() => {}
                answer => return answer,
            }
        }
        let new = Connection {
            session: self.connect().await?,
            opened: Instant::now(),
            used: Instant::now(),
        };
        self.ask_over(new, question, id).await
    }

    /// A connection outside of the pool.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Session>, Failure> {
        match timeout(self.timeouts.connect, self.database.server.connect()).await {
            Ok(session) => session.map_err(Failure::Connect),
            Err(_) => Err(Failure::ConnectTimeout(self.timeouts.connect)),
        }
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, Failure> {
        match timeout(self.timeouts.read, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Failure::Busy {
                connections: self.connections,
                waited: self.timeouts.read,
            }),
        }
    }

    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle.lock();
        idle.retain(|kept| kept.used.elapsed() < IDLE && kept.opened.elapsed() < LIFE);
        idle.pop()
    }

    async fn ask_over(&self, mut connection: Connection, question: &Question<'_>, id: &Id) -> Result<Answer, Failure> {
        let answer = timeout(self.timeouts.read, question.ask(&mut *connection.session, id))
            .await
            .map_err(|_| Failure::QueryTimeout(self.timeouts.read))?
            .map_err(Failure::Query)?;
        connection.used = Instant::now();
        self.idle.lock().push(connection);
        Ok(answer)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("database", &self.database.name)
            .finish_non_exhaustive()
    }
}
