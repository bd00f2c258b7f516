//! SQL plugin: reads images from a SQL database. This file has its settings and hooks. `database` reads the connection
//! string, `query` the queries, `id` the paths. `source` answers the engine, and `check` runs for `check --connect`.
//! Both give a `lookup` to a `session`, which is one connection of the `pool` to `postgres`, `mysql` or `sqlite`. The
//! page for operators is `docs.md`. Nothing here caches or writes, and only a lost connection is retried.

mod check;
mod database;
mod failure;
mod id;
mod lookup;
mod mysql;
mod pool;
mod postgres;
mod query;
mod session;
mod source;
mod sqlite;

use std::num::NonZeroU16;
use std::sync::Arc;

use resizer_plugin_api::{
    ByteSize, Hooks, InstallError, Plugin, ResourceKey, Seconds, Secret, reader_settings, register,
};
use sha2::{Digest as _, Sha256};

use crate::database::Database;
pub use crate::id::IdType;
use crate::lookup::Queries;
use crate::pool::{Pool, Timeouts};
use crate::query::Query;

register!(SqlReader, docs = "../docs.md");

reader_settings! {
    prefix = "/databaseimages/", check_modified = "5m", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The database: `postgres://user:password@host/database`, `mysql://…` or `mariadb://…` likewise, or
        /// `sqlite://path/to/file.db`.
        pub connection_string: Secret,
        /// The type of an image's id: `integer`, `uuid` or `text`. A path that is not of this type names no image.
        #[serde(default)]
        pub id_type: IdType,
        /// The query whose first column is the image's bytes, in one row. `@id` stands for the id, without quotes.
        #[serde(default = "Config::default_blob_query")]
        pub blob_query: String,
        /// The query for the time when the image changed, in one row. The first column that is a date and not NULL
        /// counts, and is UTC if it has no time zone. Without this query the server does not notice by itself that an
        /// image was replaced.
        #[serde(default)]
        pub modified_query: Option<String>,
        /// Whether the extension of the path, for example `.jpg`, belongs to a text id. It never belongs to an integer
        /// or a UUID.
        #[serde(default)]
        pub extension_part_of_id: bool,
        /// The most connections to the database at once.
        #[serde(default = "Config::default_max_connections")]
        pub max_connections: NonZeroU16,
        /// The largest image that is served. A larger one is read, found too large and dropped.
        #[serde(default = "Config::default_max_blob")]
        pub max_blob: ByteSize,
        /// The timeout of a new connection.
        #[serde(default = "Config::default_connect_timeout")]
        pub connect_timeout: Seconds,
        /// The timeout of the queries about one image, including all its bytes. For a file, the longest wait for a
        /// lock. PostgreSQL, MySQL and MariaDB are told to stop at this time, too.
        #[serde(default = "Config::default_read_timeout")]
        pub read_timeout: Seconds,
    }
}

impl Config {
    fn default_blob_query() -> String {
        "SELECT Content FROM Images WHERE ImageID = @id".to_owned()
    }

    fn default_max_connections() -> NonZeroU16 {
        const { NonZeroU16::new(10).unwrap() }
    }

    fn default_max_blob() -> ByteSize {
        ByteSize(64 << 20)
    }

    fn default_connect_timeout() -> Seconds {
        Seconds(std::time::Duration::from_secs(3))
    }

    fn default_read_timeout() -> Seconds {
        Seconds(std::time::Duration::from_secs(10))
    }
}

/// Serves the images of one query.
#[derive(Debug)]
pub struct SqlReader {
    pool: Arc<Pool>,
    queries: Queries,
    /// Database, user and query. Together with an id they identify an image permanently.
    store: String,
    id_type: IdType,
    extension_part_of_id: bool,
    max_blob: ByteSize,
}

impl Plugin for SqlReader {
    const NAME: &'static str = "sqlreader";
    const SUMMARY: &'static str = "Serves images from a PostgreSQL, MySQL, MariaDB or SQLite database.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let timeouts = Timeouts {
            connect: at_least_a_millisecond("connect_timeout", config.connect_timeout)?,
            read: at_least_a_millisecond("read_timeout", config.read_timeout)?,
        };
        let database = Database::parse(config.connection_string.expose(), timeouts.read)
            .map_err(|error| InstallError::setting("connection_string", error.to_string()))?;
        let query = |setting, written: &str| {
            Query::parse(written, database.syntax).map_err(|error| InstallError::setting(setting, error.to_string()))
        };
        let blob = query("blob_query", &config.blob_query)?;
        let modified = match &config.modified_query {
            Some(written) => Some(query("modified_query", written)?),
            None => None,
        };
        let store = format!(
            "sql:{}:{}",
            database.name,
            digest(format!("{}\n{}", database.view, blob.text))
        );
        let connections = config.max_connections.get();
        let key = ResourceKey::new(&[
            &digest(config.connection_string.expose()),
            &connections.to_string(),
            &format!("{timeouts:?}"),
        ]);
        let pool = hooks.resource(key, || Ok(Pool::new(database, connections.into(), timeouts)))?;
        let policy = config.policy();
        let reader = Arc::new(Self {
            pool,
            queries: Queries { blob, modified },
            store,
            id_type: config.id_type,
            extension_part_of_id: config.extension_part_of_id,
            max_blob: config.max_blob,
        });
        hooks.add_source(config.prefix, Arc::clone(&reader) as _, policy);
        hooks.on_connect(&reader, Self::check);
        Ok(())
    }
}

/// Refuses shorter times, since databases take zero for no limit.
fn at_least_a_millisecond(setting: &'static str, time: Seconds) -> Result<std::time::Duration, InstallError> {
    if time.0.as_millis() == 0 {
        return Err(InstallError::setting(
            setting,
            "nothing is done in no time; write a time such as \"10s\"",
        ));
    }
    Ok(time.0)
}

/// The SHA-256 in hexadecimal digits.
fn digest(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
