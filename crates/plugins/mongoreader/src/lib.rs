//! MongoDB plugin: serves the files of a GridFS bucket. This file has its settings and hooks. `connection` reads the
//! connection string, `store` holds the driver's client and its timeouts, `file` finds a file, `reading` reads its
//! chunks, `error` has the errors, `source` answers the engine, and `connect` runs for `check --connect`. The page for
//! operators is `docs.md`. Nothing here caches, queues or writes.

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
use crate::store::{Store, Timeouts};

register!(MongoReader, docs = "../docs.md");

reader_settings! {
    prefix = "/gridfs/", check_modified = "5m", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The servers and the login: `mongodb://user:password@host:27017/database`, several hosts for a replica set,
        /// or `mongodb+srv://…`. In a user or password, any of `:/?#[]@%` is percent-encoded.
        pub connection_string: Secret,
        /// The database that holds the bucket. Without it, the one that the connection string names.
        #[serde(default)]
        pub database: Option<String>,
        /// The GridFS bucket: its files are in the collection `<bucket>.files`, their bytes in `<bucket>.chunks`.
        #[serde(default = "default_bucket")]
        pub bucket: String,
        /// The timeout of connecting to a server. The option `connectTimeoutMS` of the connection string has priority.
        #[serde(default = "default_connect_timeout")]
        pub connect_timeout: Seconds,
        /// The timeout of finding a usable server, while all are away or a replica set elects another. The option
        /// `serverSelectionTimeoutMS` of the connection string has priority.
        #[serde(default = "default_server_selection_timeout")]
        pub server_selection_timeout: Seconds,
        /// The longest silence of the store: the timeout of any single answer, including the search for a server.
        #[serde(default = "default_read_timeout")]
        pub read_timeout: Seconds,
        /// The most connections to each server. The option `maxPoolSize` of the connection string has priority.
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
    /// The servers of the connection string, as the names of sources contain them.
    hosts: Arc<str>,
    /// Whether the connection string names a user.
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
        let timeouts = Timeouts {
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
            store: hooks.resource(connection.key(timeouts, config.max_connections), || {
                Ok(Store::new(connection, timeouts, config.max_connections))
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

/// Refuses a slash, which would let files of two buckets share a name in caches, and characters that no collection's
/// name has.
fn bucket_name(text: &str) -> Result<&str, InstallError> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || "$/".contains(c)) {
        let message = "a bucket has a name without `$`, `/` and control characters, as in \"fs\" or \"images\"";
        return Err(InstallError::setting("bucket", message));
    }
    Ok(text)
}
