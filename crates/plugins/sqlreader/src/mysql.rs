//! MySQL and MariaDB driver. Called by `database`, which reads connection strings, and through [`Dialect`].

use std::time::Duration;

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySql, MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlTypeInfo};
use sqlx::types::time::{Date, OffsetDateTime};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _, Type, TypeInfo as _};

use crate::id::Id;
use crate::session::{Dialect, Opened, Server, Session};

/// A server and its limit for statements.
pub(crate) struct MySqlServer {
    pub(crate) options: MySqlConnectOptions,
    pub(crate) statement_timeout: Duration,
}

#[async_trait]
impl Server for MySqlServer {
    async fn connect(&self) -> sqlx::Result<Box<dyn Session>> {
        let mut connection: MySqlConnection = self.options.connect().await?;
        connection.execute(AssertSqlSafe(limit(self.statement_timeout))).await?;
        // The server's default isolation level might not keep one state of the database for a whole transaction.
        connection
            .execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .await?;
        Ok(Box::new(Opened::<MySql>(connection)))
    }
}

/// The statement that sets the server's own timeout, so that it stops work that nobody waits for. MySQL runs the
/// contents of the first comment and ignores the second. MariaDB does the opposite.
fn limit(time: Duration) -> String {
    let (milliseconds, seconds) = (time.as_millis(), time.as_secs_f64());
    format!("SET SESSION /*!50708 max_execution_time = {milliseconds} */ /*M! max_statement_time = {seconds:.3} */")
}

impl Dialect for MySql {
    const BEGIN: &'static str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

    /// A UUID is sent as its text of 36 characters, which compares with a `CHAR(36)` and with MariaDB's own type.
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

    /// The date `0000-00-00` is no time.
    fn time(row: &MySqlRow, column: usize) -> Option<OffsetDateTime> {
        let date = || row.try_get::<Date, _>(column).ok();
        let time = row.try_get::<OffsetDateTime, _>(column).ok();
        time.or_else(|| Some(date()?.midnight().assume_utc()))
    }
}
