//! MySQL and MariaDB in their own way. Called by `database`, which reads connection strings, and through [`Dialect`].

use std::time::Duration;

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySql, MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlTypeInfo};
use sqlx::types::time::{Date, OffsetDateTime};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _, Type, TypeInfo as _};

use crate::id::Id;
use crate::session::{Dialect, Opened, Server, Session};

/// A server, and how long it may work on a statement.
pub(crate) struct MySqlServer {
    pub(crate) options: MySqlConnectOptions,
    pub(crate) statement_timeout: Duration,
}

#[async_trait]
impl Server for MySqlServer {
    async fn connect(&self) -> sqlx::Result<Box<dyn Session>> {
        let mut connection: MySqlConnection = self.options.connect().await?;
        connection.execute(AssertSqlSafe(limit(self.statement_timeout))).await?;
        // What the server is configured to might not keep one state of the database for a whole transaction.
        connection
            .execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .await?;
        Ok(Box::new(Opened::<MySql>(connection)))
    }
}

/// So that the server, too, gives up what nobody waits for any more. MySQL runs what the first comment holds and takes
/// the second for a comment; MariaDB does it the other way round.
fn limit(time: Duration) -> String {
    let (milliseconds, seconds) = (time.as_millis(), time.as_secs_f64());
    format!("SET SESSION /*!50708 max_execution_time = {milliseconds} */ /*M! max_statement_time = {seconds:.3} */")
}

impl Dialect for MySql {
    const BEGIN: &'static str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

    /// A UUID is its text of 36 characters: it compares with a `CHAR(36)` and with MariaDB's own type.
    fn bind(arguments: &mut MySqlArguments, id: &Id) -> Result<(), BoxDynError> {
        match id {
            Id::Integer(number) => arguments.add(number),
            Id::Uuid(uuid) => arguments.add(uuid.to_string()),
            Id::Text(text) => arguments.add(text),
        }
    }

    fn holds_bytes(column: &MySqlTypeInfo) -> bool {
        <Vec<u8> as Type<Self>>::compatible(column)
    }

    fn holds_time(column: &MySqlTypeInfo) -> bool {
        matches!(column.name(), "DATETIME" | "TIMESTAMP" | "DATE")
    }

    /// The date `0000-00-00` is none.
    fn time(row: &MySqlRow, column: usize) -> Option<OffsetDateTime> {
        let date = || row.try_get::<Date, _>(column).ok();
        let time = row.try_get::<OffsetDateTime, _>(column).ok();
        time.or_else(|| Some(date()?.midnight().assume_utc()))
    }
}
