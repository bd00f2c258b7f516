//! A plugin that serves the files of a GridFS bucket in MongoDB: its settings and what it hooks into. `connection`
//! reads the connection string, `store` holds the driver's client and the time it is given, `file` finds a file,
//! `reading` reads its chunks, `error` says what went wrong, `source` is what the engine calls, and `connect` is what
//! `check --connect` runs. The page for operators is `docs.md`. Nothing here caches, queues or writes.

mod connect;
mod connection;
mod error;
mod file;
mod reading;
mod source;
mod store;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use resizer_plugin_api::built_in;
use resizer_plugin_api::{Hooks, InstallError, Plugin, Seconds, Secret, reader_settings, register};

use crate::connection::Connection;
use crate::store::{Patience, Store};

register!(MongoReader, docs = "../docs.md");

reader_settings! {
    prefix = "/gridfs/", check_modified = "5m", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// Where the servers are and how to log in: `mongodb://user:password@host:27017/database`, several hosts for a
        /// replica set, or `mongodb+srv://…`. A user or password with one of `:/?#[]@%` has these percent-encoded.
        pub connection_string: Secret,
        /// The database that holds the bucket. Without it, the one that the connection string names.
        #[serde(default)]
        pub database: Option<String>,
        /// The GridFS bucket: the files are found in the collection `<bucket>.files`, their bytes in `<bucket>.chunks`.
        #[serde(default = "default_bucket")]
        pub bucket: String,
        /// How long connecting to a server may take. The option `connectTimeoutMS` of the connection string, if it is
        /// there, counts instead.
        #[serde(default = "default_connect_timeout")]
        pub connect_timeout: Seconds,
        /// How long a server that can answer may be looked for, while all are away or a replica set elects another.
        /// The option `serverSelectionTimeoutMS` of the connection string, if it is there, counts instead.
        #[serde(default = "default_server_selection_timeout")]
        pub server_selection_timeout: Seconds,
        /// The longest silence of the store: how long any single answer may take, the search for a server included.
        #[serde(default = "default_read_timeout")]
        pub read_timeout: Seconds,
        /// How many connections to each server are kept at most. The option `maxPoolSize` of the connection string, if
        /// it is there, counts instead.
        #[serde(default = "default_max_connections")]
        pub max_connections: NonZeroU32,
    }
}

fn default_bucket() -> String {
    "fs".to_owned()
}

fn default_connect_timeout() -> Seconds {
    built_in("3s")
}

fn default_server_selection_timeout() -> Seconds {
    built_in("5s")
}

fn default_read_timeout() -> Seconds {
    built_in("10s")
}

const fn default_max_connections() -> NonZeroU32 {
    const { NonZeroU32::new(32).unwrap() }
}

/// Serves one bucket.
#[derive(Clone, Debug)]
pub struct MongoReader {
    store: Arc<Store>,
    /// The servers of the connection string, as the names of sources say them.
    hosts: Arc<str>,
    /// Whether the connection string says who asks.
    has_user: bool,
    database: Arc<str>,
    bucket: Arc<str>,
}

impl Plugin for MongoReader {
    const NAME: &'static str = "mongoreader";
    const SUMMARY: &'static str = "Serves images from GridFS in MongoDB.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let connection = Connection::parse(&config.connection_string)?;
        let patience = Patience {
            connect: some_time("connect_timeout", config.connect_timeout)?,
            select: some_time("server_selection_timeout", config.server_selection_timeout)?,
            read: some_time("read_timeout", config.read_timeout)?,
        };
        let database = connection.database(config.database.as_deref())?;
        let reader = Arc::new(Self {
            hosts: connection.hosts().into(),
            has_user: connection.has_user(),
            database: database.into(),
            bucket: bucket_name(&config.bucket)?.into(),
            store: hooks.resource(connection.key(patience, config.max_connections), || {
                Ok(Store::new(connection, patience, config.max_connections))
            })?,
        });
        let policy = config.policy();
        hooks.add_source(config.prefix, Arc::clone(&reader) as _, policy);
        hooks.on_connect(&reader, Self::check_connection);
        Ok(())
    }
}

fn some_time(setting: &'static str, time: Seconds) -> Result<Duration, InstallError> {
    if time.0.is_zero() {
        return Err(InstallError::setting(
            setting,
            "without any time nothing is answered; give it some, as in \"5s\"",
        ));
    }
    Ok(time.0)
}

/// A slash would let two buckets' files share a name in the caches; the rest no collection may have in its name.
fn bucket_name(text: &str) -> Result<&str, InstallError> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || "$/".contains(c)) {
        let message = "a bucket has a name without `$`, `/` and control characters, as in \"fs\" or \"images\"";
        return Err(InstallError::setting("bucket", message));
    }
    Ok(text)
}
