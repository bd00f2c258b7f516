//! Test databases: the tests write to them with sqlx and each database's own SQL, without the reader.

use std::fmt::{Debug, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use resizer_engine::testing::{Installer, SourceStore, read_all};
use resizer_plugin_api::{Download, Error, Fetch, InstallError, Source, SourcePath, Stat, Want};
use resizer_sqlreader::SqlReader;
use resizer_test_stores::mariadb::MariaDb;
use resizer_test_stores::postgres::Postgres;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, AssertSqlSafe};

/// Short timeouts, so that a test ends soon.
pub(crate) const SOON: &str = "connect_timeout = '1s'\nread_timeout = '1s'\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
    Sqlite,
}

/// A database and a connection that writes to it.
pub(crate) struct Db {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    pub(crate) password: &'static str,
    pub(crate) pool: AnyPool,
    /// Keeps the server running.
    _server: Box<dyn Send + Sync>,
}

/// A server while a test uses it.
type Shared<T> = Mutex<Weak<Mutex<T>>>;

/// The server that all running tests share, because starting one takes seconds, and the value that `of` returns for it.
fn shared<T, V>(
    running: &Shared<T>,
    start: impl FnOnce() -> Option<T>,
    of: impl FnOnce(&T) -> V,
) -> Option<(Arc<Mutex<T>>, V)> {
    let mut running = running.lock().unwrap();
    let server = match running.upgrade() {
        Some(server) => server,
        None => Arc::new(Mutex::new(start()?)),
    };
    *running = Arc::downgrade(&server);
    let value = of(&server.lock().unwrap());
    Some((server, value))
}

impl Db {
    /// A database. `None`, with a message, if its server is not installed.
    pub(crate) async fn open(kind: Kind) -> Option<Self> {
        static POSTGRES: Shared<Postgres> = Mutex::new(Weak::new());
        static MARIADB: Shared<MariaDb> = Mutex::new(Weak::new());
        Some(match kind {
            Kind::Postgres => {
                let of = |server: &Postgres| (server.url(), server.password());
                let (server, (url, password)) = shared(&POSTGRES, Postgres::start, of)?;
                Self::at(kind, url, password, Box::new(server)).await
            }
            Kind::MariaDb => {
                let of = |server: &MariaDb| (server.url(), server.password());
                let (server, (url, password)) = shared(&MARIADB, MariaDb::start, of)?;
                Self::at(kind, url, password, Box::new(server)).await
            }
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}/images.db", folder.path().display());
                let pool = connect(&format!("{url}?mode=rwc")).await;
                Self {
                    kind,
                    url,
                    password: "there is no password",
                    pool,
                    _server: Box::new(folder),
                }
            }
        })
    }

    /// A database of a running server.
    pub(crate) async fn at(kind: Kind, url: String, password: &'static str, server: Box<dyn Send + Sync>) -> Self {
        let pool = connect(&url).await;
        Self {
            kind,
            url,
            password,
            pool,
            _server: server,
        }
    }

    pub(crate) async fn run(&self, sql: impl Into<String>) {
        let sql = sql.into();
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&self.pool).await {
            panic!("{:?}: {sql}: {error}", self.kind);
        }
    }

    /// A number in the first column of the first row.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// The column types for bytes and for a time in microseconds.
    pub(crate) fn types(&self) -> [&'static str; 2] {
        match self.kind {
            Kind::Postgres => ["bytea", "timestamp"],
            Kind::MariaDb => ["longblob", "datetime(6)"],
            Kind::Sqlite => ["blob", "text"],
        }
    }

    /// Bytes as an SQL literal.
    pub(crate) fn literal(&self, bytes: &[u8]) -> String {
        let mut digits = String::new();
        for byte in bytes {
            write!(digits, "{byte:02x}").unwrap();
        }
        match self.kind {
            Kind::Postgres => format!("decode('{digits}', 'hex')"),
            _ => format!("x'{digits}'"),
        }
    }

    /// The server's host and port.
    pub(crate) fn server(&self) -> &str {
        self.url.rsplit_once('@').unwrap().1.split('/').next().unwrap()
    }

    /// The connection string with the server at another address.
    pub(crate) fn url_at(&self, address: SocketAddr) -> String {
        self.url.replace(self.server(), &address.to_string())
    }

    /// The setting that names this database.
    pub(crate) fn connection(&self) -> String {
        format!("connection_string = '{}'\n", self.url)
    }

    /// A reader of this database.
    pub(crate) fn source(&self, settings: &str) -> Arc<dyn Source> {
        install(&(self.connection() + settings))
    }
}

async fn connect(url: &str) -> AnyPool {
    install_default_drivers();
    AnyPoolOptions::new().max_connections(4).connect(url).await.unwrap()
}

pub(crate) fn install(settings: &str) -> Arc<dyn Source> {
    let table = Installer::default().install::<SqlReader>(settings).unwrap();
    Arc::clone(&table.sources[0].value.source)
}

/// The setting and the message that `check --connect` reports, if any.
pub(crate) async fn check(settings: &str) -> Option<(String, String)> {
    let table = Installer::default().install::<SqlReader>(settings).unwrap();
    match (table.on_connect[0].value)().await {
        Ok(()) => None,
        Err(InstallError::Setting { name, message }) => Some((name.into_owned(), message)),
        Err(error) => panic!("no setting is blamed: {error}"),
    }
}

/// A table of images by name, and a reader of it.
pub(crate) struct Served {
    pub(crate) db: Arc<Db>,
    pub(crate) table: &'static str,
    source: Arc<dyn Source>,
    /// The number of writes, which gives each its own time.
    writes: AtomicU64,
}

impl Served {
    pub(crate) async fn new(db: Arc<Db>, table: &'static str) -> Self {
        let [bytes, time] = db.types();
        let name = match db.kind {
            Kind::MariaDb => "varbinary(1000)",
            _ => "text",
        };
        db.run(format!(
            "CREATE TABLE {table} (name {name} PRIMARY KEY, content {bytes}, modified {time})"
        ))
        .await;
        let source = db.source(&settings(table));
        Self {
            db,
            table,
            source,
            writes: AtomicU64::new(0),
        }
    }
}

/// The settings of a reader of such a table.
pub(crate) fn settings(table: &str) -> String {
    format!(
        "id_type = 'text'\nextension_part_of_id = true\nblob_query = 'SELECT content FROM {table} WHERE name = @id'\n\
         modified_query = 'SELECT modified FROM {table} WHERE name = @id'\n"
    )
}

#[async_trait]
impl SourceStore for Served {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        let modified = format!("2024-05-06 07:08:09.{:06}", self.writes.fetch_add(1, Ordering::Relaxed));
        let table = self.table;
        let insert = match self.db.kind {
            Kind::Postgres => format!(
                "INSERT INTO {table} VALUES ($1, $2, '{modified}') ON CONFLICT (name) \
                 DO UPDATE SET content = excluded.content, modified = excluded.modified"
            ),
            _ => format!("REPLACE INTO {table} VALUES (?, ?, '{modified}')"),
        };
        let insert = sqlx::query(AssertSqlSafe(insert)).bind(path).bind(bytes);
        insert.execute(&self.db.pool).await.unwrap();
    }

    async fn remove(&self, path: &str) {
        let place = if self.db.kind == Kind::Postgres { "$1" } else { "?" };
        let delete = format!("DELETE FROM {} WHERE name = {place}", self.table);
        let delete = sqlx::query(AssertSqlSafe(delete)).bind(path);
        delete.execute(&self.db.pool).await.unwrap();
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

pub(crate) fn path(path: &str) -> SourcePath {
    SourcePath::parse(path).unwrap()
}

pub(crate) async fn download(source: &dyn Source, name: &str) -> Result<Download, Error> {
    match source.fetch(&path(name), Want::whole()).await? {
        Fetch::Download(download) => Ok(download),
        Fetch::Unchanged => panic!("nothing was said to be known"),
    }
}

/// An image's metadata and bytes.
pub(crate) async fn whole(source: &dyn Source, name: &str) -> Result<(Stat, Vec<u8>), Error> {
    let download = download(source, name).await?;
    Ok((download.stat, read_all(download.bytes).await?))
}

/// The error that an operation fails with.
pub(crate) fn error_of<T: Debug>(result: Result<T, Error>, what: &str) -> Error {
    match result {
        Err(error) => error,
        Ok(value) => panic!("{what} fails, not {value:?}"),
    }
}
