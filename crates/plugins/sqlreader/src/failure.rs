//! Database failures, and their forms for the engine. The public message names no server. The cause names server and
//! database, but no password. (Messages of the drivers hold no connection string. A database's message about a refused
//! user holds the user's name.)

use std::time::Duration;

use resizer_plugin_api::{ByteSize, Error, ErrorKind};
use sqlx::mysql::MySqlDatabaseError;

/// The reason why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("all {connections} connections were busy for {}", seconds(.waited))]
    Busy { connections: usize, waited: Duration },
    #[error("no connection within {}", seconds(.0))]
    ConnectTimeout(Duration),
    #[error("no connection")]
    Connect(#[source] sqlx::Error),
    #[error("no answer to a query within {}", seconds(.0))]
    QueryTimeout(Duration),
    #[error("a query failed")]
    Query(#[source] sqlx::Error),
    #[error("the image has {length} bytes, and `max_blob` allows {}", .limit)]
    TooLarge { length: usize, limit: ByteSize },
}

/// A failure with the database's name.
#[derive(Debug, thiserror::Error)]
#[error("{database}")]
struct At {
    database: String,
    #[source]
    failure: Failure,
}

impl Failure {
    /// Whether it is a timeout.
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::ConnectTimeout(_) | Self::QueryTimeout(_) => true,
            Self::Connect(error) | Self::Query(error) => gave_up_waiting(error),
            Self::TooLarge { .. } => false,
        }
    }

    /// The engine's error.
    pub(crate) fn at(self, database: &str) -> Error {
        let (kind, message) = match &self {
            _ if self.is_timeout() => (ErrorKind::Timeout, "The image's store did not answer in time."),
            Self::TooLarge { .. } => (ErrorKind::TooLarge, "The image is larger than is read from its store."),
            Self::Connect(_) => (ErrorKind::Upstream, "The image's store cannot be reached."),
            _ => (ErrorKind::Upstream, "The image's store failed."),
        };
        Error::new(kind, message).because(At {
            database: database.to_owned(),
            failure: self,
        })
    }
}

/// Whether the database itself stopped waiting, for a lock or for the end of a statement.
fn gave_up_waiting(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        // A lock, a statement in MariaDB, a statement in MySQL.
        return matches!(error.number(), 1205 | 1969 | 3024);
    }
    // PostgreSQL: a statement, a lock. SQLite: a lock.
    matches!(error.code().as_deref(), Some("57014" | "55P03" | "5"))
}

fn seconds(time: &Duration) -> String {
    format!("{}s", time.as_secs_f64())
}
