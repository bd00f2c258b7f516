//! SQLite driver. Called by `database`, which reads connection strings, and through [`Dialect`].

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteRow, SqliteTypeInfo};
use sqlx::types::time::{Date, OffsetDateTime};
use sqlx::{Arguments as _, ConnectOptions as _, Row as _};

use crate::id::Id;
use crate::session::{Dialect, Opened, Server, Session};

/// A database file.
pub(crate) struct SqliteFile {
    pub(crate) options: SqliteConnectOptions,
}

#[async_trait]
impl Server for SqliteFile {
    async fn connect(&self) -> sqlx::Result<Box<dyn Session>> {
        Ok(Box::new(Opened::<Sqlite>(self.options.connect().await?)))
    }
}

impl Dialect for Sqlite {
    /// The first query decides which state the transaction sees.
    const BEGIN: &'static str = "BEGIN";

    /// A UUID is sent as its text of 36 characters.
    fn bind(arguments: &mut SqliteArguments, id: &Id) -> Result<(), BoxDynError> {
        match id {
            Id::Integer(number) => arguments.add(*number),
            Id::Uuid(uuid) => arguments.add(uuid.to_string()),
            Id::Text(text) => arguments.add(text.clone()),
        }
    }

    /// In SQLite values have types, and columns do not.
    fn holds_bytes(_: &SqliteTypeInfo) -> bool {
        true
    }

    fn holds_time(_: &SqliteTypeInfo) -> bool {
        true
    }

    /// ISO 8601 as text, or seconds since 1970 as an integer.
    fn time(row: &SqliteRow, column: usize) -> Option<OffsetDateTime> {
        let date = || row.try_get::<Date, _>(column).ok();
        let time = row.try_get::<OffsetDateTime, _>(column).ok();
        time.or_else(|| Some(date()?.midnight().assume_utc()))
    }
}
