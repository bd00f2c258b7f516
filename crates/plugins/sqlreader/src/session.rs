//! Database session: one connection, which runs a query with an id and reads the result. The three databases differ in
//! the items of [`Dialect`] and share the rest. Called by `lookup`. `pool` keeps the connections.
//!
//! The drivers are used directly. sqlx's common interface `Any` knows neither times nor UUIDs, and cannot even read a
//! row with a timestamp.

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use sqlx::types::time::OffsetDateTime;
use sqlx::{AssertSqlSafe, Column as _, Row as _, SqlSafeStr as _, Statement as _};
use sqlx::{ColumnIndex, Database, Decode, Executor, IntoArguments, Type};

use crate::id::Id;
use crate::query::Query;

/// A factory of connections.
#[async_trait]
pub(crate) trait Server: Send + Sync + 'static {
    /// A connection that is ready for queries.
    async fn connect(&self) -> sqlx::Result<Box<dyn Session>>;
}

/// A connection. After an error, or after a cancelled call, it must not be used again.
#[async_trait]
pub(crate) trait Session: Send {
    /// Begins a transaction that sees the database as it is at the first query, whatever is written meanwhile.
    async fn begin(&mut self) -> sqlx::Result<()>;
    /// Ends the transaction.
    async fn end(&mut self) -> sqlx::Result<()>;
    /// The first column of the first row. `None` if there is no row, or the column is NULL.
    async fn blob(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<Vec<u8>>>;
    /// The first column of the first row that holds a time. The outer `None` means no row, the inner no such column.
    async fn time(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<Option<OffsetDateTime>>>;
    /// Whether the first column of a query's result can hold bytes.
    async fn gives_bytes(&mut self, query: &Query) -> sqlx::Result<bool>;
    /// Whether any column of a query's result can hold a time.
    async fn gives_time(&mut self, query: &Query) -> sqlx::Result<bool>;
}

/// The differences of a kind of database.
pub(crate) trait Dialect: Database {
    /// The statement that begins a read-only transaction of one state of the database.
    const BEGIN: &'static str;
    /// Adds the id to a query's parameters.
    fn bind(arguments: &mut Self::Arguments, id: &Id) -> Result<(), BoxDynError>;
    /// Whether a column of this type can hold bytes.
    fn holds_bytes(column: &Self::TypeInfo) -> bool;
    /// Whether a column of this type can hold a time.
    fn holds_time(column: &Self::TypeInfo) -> bool;
    /// The time in a column, read as UTC if it has no time zone. `None` for NULL and for other types.
    fn time(row: &Self::Row, column: usize) -> Option<OffsetDateTime>;
}

/// An open connection of one driver.
pub(crate) struct Opened<D: Dialect>(pub(crate) D::Connection);

impl<D: Dialect> Opened<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    async fn row(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<D::Row>> {
        let mut arguments = D::Arguments::default();
        for _ in 0..query.parameters {
            D::bind(&mut arguments, id).map_err(sqlx::Error::Encode)?;
        }
        // The text is the operator's, with a parameter for the id.
        let sql = AssertSqlSafe(query.text.clone());
        self.0.fetch_optional(sqlx::query_with(sql, arguments)).await
    }

    async fn columns(&mut self, query: &Query) -> sqlx::Result<Vec<D::TypeInfo>> {
        let sql = AssertSqlSafe(query.text.clone()).into_sql_str();
        let statement = self.0.prepare(sql).await?;
        Ok(statement
            .columns()
            .iter()
            .map(|column| column.type_info().clone())
            .collect())
    }
}

#[async_trait]
impl<D: Dialect> Session for Opened<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    Vec<u8>: for<'r> Decode<'r, D> + Type<D>,
    usize: ColumnIndex<D::Row>,
{
    async fn begin(&mut self) -> sqlx::Result<()> {
        self.0.execute(D::BEGIN).await.map(drop)
    }

    async fn end(&mut self) -> sqlx::Result<()> {
        self.0.execute("COMMIT").await.map(drop)
    }

    async fn blob(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<Vec<u8>>> {
        match self.row(query, id).await? {
            Some(row) => row.try_get(0),
            None => Ok(None),
        }
    }

    async fn time(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<Option<OffsetDateTime>>> {
        let row = self.row(query, id).await?;
        Ok(row.map(|row| (0..row.len()).find_map(|column| D::time(&row, column))))
    }

    async fn gives_bytes(&mut self, query: &Query) -> sqlx::Result<bool> {
        Ok(self.columns(query).await?.first().is_some_and(D::holds_bytes))
    }

    async fn gives_time(&mut self, query: &Query) -> sqlx::Result<bool> {
        Ok(self.columns(query).await?.iter().any(D::holds_time))
    }
}
