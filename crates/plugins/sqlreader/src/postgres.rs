//! PostgreSQL driver. Called by `database`, which reads connection strings, and through [`Dialect`].

use std::time::Duration;

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow, PgTypeInfo, Postgres};
use sqlx::types::time::OffsetDateTime;
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _, Type, TypeInfo as _};
use sqlx::{ValueRef as _, postgres::PgValueFormat};

use crate::id::Id;
use crate::session::{Dialect, Opened, Server, Session};

/// A server and its limit for statements.
pub(crate) struct PostgresServer {
    pub(crate) options: PgConnectOptions,
    pub(crate) statement_timeout: Duration,
}

#[async_trait]
impl Server for PostgresServer {
    async fn connect(&self) -> sqlx::Result<Box<dyn Session>> {
        let mut connection: PgConnection = self.options.connect().await?;
        // The server has the timeout too, so that it stops work that nobody waits for.
        let limit = format!("SET statement_timeout = {}", self.statement_timeout.as_millis());
        connection.execute(AssertSqlSafe(limit)).await?;
        Ok(Box::new(Opened::<Postgres>(connection)))
    }
}

impl Dialect for Postgres {
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    /// A number is sent as a `bigint`, which compares with `smallint` and `integer` columns too, and uses their
    /// indexes.
    fn bind(arguments: &mut PgArguments, id: &Id) -> Result<(), BoxDynError> {
        match id {
            Id::Integer(number) => arguments.add(number),
            Id::Uuid(uuid) => arguments.add(uuid),
            Id::Text(text) => arguments.add(text),
        }
    }

    fn holds_bytes(column: &PgTypeInfo) -> bool {
        <Vec<u8> as Type<Self>>::compatible(column)
    }

    fn holds_time(column: &PgTypeInfo) -> bool {
        matches!(column.name(), "TIMESTAMPTZ" | "TIMESTAMP" | "DATE")
    }

    /// Decoded by hand, because the driver's decoding panics at `infinity`, which is no time here.
    fn time(row: &PgRow, column: usize) -> Option<OffsetDateTime> {
        /// Seconds from 1970 to 2000, the year that PostgreSQL counts from.
        const EPOCH: i128 = 946_684_800;
        let value = row.try_get_raw(column).ok()?;
        if value.is_null() || value.format() != PgValueFormat::Binary {
            return None;
        }
        let bytes = value.as_bytes().ok()?;
        let microseconds = match value.type_info().name() {
            "TIMESTAMPTZ" | "TIMESTAMP" => i128::from(i64::from_be_bytes(bytes.try_into().ok()?)),
            "DATE" => i128::from(i32::from_be_bytes(bytes.try_into().ok()?)) * 86_400_000_000,
            _ => return None,
        };
        OffsetDateTime::from_unix_timestamp_nanos((EPOCH * 1_000_000 + microseconds) * 1_000).ok()
    }
}
