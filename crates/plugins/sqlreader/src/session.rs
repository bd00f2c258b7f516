//! One connection to a database: runs a query with an id and reads what it gives. The three databases differ in what
//! [`Dialect`] names and share the rest. Called by `lookup`; `pool` keeps the connections.
//!
//! The drivers are used directly. The interface that sqlx has over all of them, `Any`, knows neither times nor UUIDs: a
//! row with a timestamp cannot even be read through it.

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use sqlx::types::time::OffsetDateTime;
use sqlx::{AssertSqlSafe, Column as _, Row as _, SqlSafeStr as _, Statement as _};
use sqlx::{ColumnIndex, Database, Decode, Executor, IntoArguments, Type};

use crate::id::Id;
use crate::query::Query;

/// A way to get connections.
#[async_trait]
pub(crate) trait Server: Send + Sync + 'static {
    /// A connection that is ready for queries.
    async fn connect(&self) -> sqlx::Result<Box<dyn Session>>;
}

/// A connection. After an error, or when it was left in the middle of something, it is not to be used again.
#[async_trait]
pub(crate) trait Session: Send {
    /// Begins a transaction that sees the database as it is at its first query, whatever others write meanwhile.
    async fn begin(&mut self) -> sqlx::Result<()>;
    /// Ends it.
    async fn end(&mut self) -> sqlx::Result<()>;
    /// The first column of the first row: `None` if there is no row, or NULL.
    async fn blob(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<Vec<u8>>>;
    /// The first column of the first row that holds a time: the outer `None` if there is no row, the inner if no
    /// column does.
    async fn time(&mut self, query: &Query, id: &Id) -> sqlx::Result<Option<Option<OffsetDateTime>>>;
    /// Whether the first column that a query gives can hold bytes.
    async fn gives_bytes(&mut self, query: &Query) -> sqlx::Result<bool>;
    /// Whether any column that a query gives can hold a time.
    async fn gives_time(&mut self, query: &Query) -> sqlx::Result<bool>;
}

/// What a kind of database does in its own way.
pub(crate) trait Dialect: Database {
    /// Begins a transaction that only reads and sees one state of the database.
    const BEGIN: &'static str;
    /// Adds the id to a query's parameters.
    fn bind(arguments: &mut Self::Arguments, id: &Id) -> Result<(), BoxDynError>;
    /// Whether a column of this type can hold bytes.
    fn holds_bytes(column: &Self::TypeInfo) -> bool;
    /// Whether a column of this type can hold a time.
    fn holds_time(column: &Self::TypeInfo) -> bool;
    /// The time in a column, taken for UTC if it does not say; `None` for NULL and for what is no time.
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
