//! Connection string parser: finds the database and the way to connect to it. Called by `install`. No message repeats
//! any part of a connection string, because any part of a mistyped one may be the password.

use std::path::absolute;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use url::Url;

use crate::mysql::MySqlServer;
use crate::postgres::PostgresServer;
use crate::query::Syntax;
use crate::session::Server;
use crate::sqlite::SqliteFile;

/// A database that can be connected to.
pub(crate) struct Database {
    pub(crate) server: Box<dyn Server>,
    pub(crate) syntax: Syntax,
    /// Server and database, or the file, for identities and for the log. Without user and password.
    pub(crate) name: String,
    /// The other inputs that decide which rows a query finds, such as PostgreSQL's `search_path` and row-level rights:
    /// the user and the options of the connection. Without the password.
    pub(crate) view: String,
}

/// The parameters after the `?` for PostgreSQL. The driver would write unknown ones to the log, with their values.
const POSTGRES_PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];
/// The parameters for MySQL and MariaDB, where the driver would silently ignore a misspelt `ssl-mode`. There is no time
/// zone, since times are requested in UTC.
const MYSQL_PARAMETERS: &[&str] = &[
    "collation",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "statement-cache-capacity",
];
/// The parameters for SQLite.
const SQLITE_PARAMETERS: &[&str] = &["cache", "immutable", "mode", "vfs"];

/// The reason why a connection string cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionStringError {
    #[error(
        "a connection string begins with postgres://, mysql://, mariadb:// or sqlite://, as in \
         \"postgres://user:password@host/database\" or \"sqlite://images.db\""
    )]
    Scheme,
    #[error(
        "this is no URL ({0}); in a user name or password, write characters such as : / ? # @ % as %3A %2F %3F %23 \
         %40 %25"
    )]
    Url(#[from] url::ParseError),
    #[error("there is a bare # in it; in a user name or password, write it as %23")]
    Fragment,
    #[error("a parameter behind the ? is not known; known are {}", .0.join(", "))]
    Parameter(&'static [&'static str]),
    #[error("a parameter behind the ? has a value that means nothing, or something in it is not UTF-8")]
    Value,
    #[error("it names no file, as \"sqlite://images.db\" does")]
    NoFile,
}

impl Database {
    /// Reads a connection string.
    pub(crate) fn parse(connection_string: &str, statement_timeout: Duration) -> Result<Self, ConnectionStringError> {
        match connection_string.split_once(':') {
            Some(("postgres" | "postgresql", _)) => postgres(connection_string, statement_timeout),
            Some(("mysql" | "mariadb", _)) => mysql(connection_string, statement_timeout),
            Some(("sqlite", _)) => sqlite(connection_string, statement_timeout),
            _ => Err(ConnectionStringError::Scheme),
        }
    }
}

fn postgres(connection_string: &str, statement_timeout: Duration) -> Result<Database, ConnectionStringError> {
    let url = url(connection_string, POSTGRES_PARAMETERS)?;
    let options = PgConnectOptions::from_url(&url).map_err(|_| ConnectionStringError::Value)?;
    let host = match options.get_socket() {
        Some(folder) => folder.to_string_lossy(),
        None => options.get_host().into(),
    };
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    Ok(Database {
        syntax: Syntax::Postgres,
        name: format!("postgres://{host}:{}/{database}", options.get_port()),
        view: format!(
            "{} {}",
            options.get_username(),
            options.get_options().unwrap_or_default()
        ),
        server: Box::new(PostgresServer {
            options: options.disable_statement_logging(),
            statement_timeout,
        }),
    })
}

fn mysql(connection_string: &str, statement_timeout: Duration) -> Result<Database, ConnectionStringError> {
    let url = url(connection_string, MYSQL_PARAMETERS)?;
    let options = MySqlConnectOptions::from_url(&url).map_err(|_| ConnectionStringError::Value)?;
    let host = match options.get_socket() {
        Some(socket) => socket.to_string_lossy(),
        None => options.get_host().into(),
    };
    let database = options.get_database().unwrap_or_default();
    Ok(Database {
        syntax: Syntax::MySql,
        name: format!("mysql://{host}:{}/{database}", options.get_port()),
        view: options.get_username().to_owned(),
        server: Box::new(MySqlServer {
            options: options.disable_statement_logging(),
            statement_timeout,
        }),
    })
}

/// Opens a file for reading only and never creates it, whatever the parameters say.
fn sqlite(connection_string: &str, busy_timeout: Duration) -> Result<Database, ConnectionStringError> {
    let (_, parameters) = connection_string.split_once('?').unwrap_or((connection_string, ""));
    known(url::form_urlencoded::parse(parameters.as_bytes()), SQLITE_PARAMETERS)?;
    let options: SqliteConnectOptions = connection_string.parse().map_err(|_| ConnectionStringError::Value)?;
    let options = options
        .read_only(true)
        .create_if_missing(false)
        .in_memory(false)
        .busy_timeout(busy_timeout)
        .disable_statement_logging();
    let path = absolute(options.get_filename()).map_err(|_| ConnectionStringError::NoFile)?;
    Ok(Database {
        syntax: Syntax::Sqlite,
        name: format!("sqlite:{}", path.display()),
        view: String::new(),
        server: Box::new(SqliteFile {
            options: options.filename(path),
        }),
    })
}

fn url(connection_string: &str, parameters: &'static [&'static str]) -> Result<Url, ConnectionStringError> {
    let url = Url::parse(connection_string)?;
    if url.fragment().is_some() {
        return Err(ConnectionStringError::Fragment);
    }
    known(url.query_pairs(), parameters)?;
    Ok(url)
}

fn known(
    pairs: url::form_urlencoded::Parse<'_>,
    parameters: &'static [&'static str],
) -> Result<(), ConnectionStringError> {
    for (name, _) in pairs {
        if !parameters.contains(&&*name) {
            return Err(ConnectionStringError::Parameter(parameters));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(connection_string: &str) -> Result<Database, ConnectionStringError> {
        Database::parse(connection_string, Duration::from_secs(1))
    }

    #[test]
    fn name_tells_server_and_database_only() {
        let check = |connection_string: &str, syntax, name: &str| {
            let database = parse(connection_string).unwrap();
            assert_eq!((database.syntax, database.name.as_str()), (syntax, name));
        };
        check(
            "postgres://me:hunter2@db.example:5433/shop?sslmode=require",
            Syntax::Postgres,
            "postgres://db.example:5433/shop",
        );
        check(
            "postgresql://me@db.example:5432/shop",
            Syntax::Postgres,
            "postgres://db.example:5432/shop",
        );
        check(
            "mysql://me:hunter%232@db.example/shop",
            Syntax::MySql,
            "mysql://db.example:3306/shop",
        );
        check(
            "mariadb://me@[::1]:3307/shop?ssl-mode=REQUIRED",
            Syntax::MySql,
            "mysql://[::1]:3307/shop",
        );
        let folder = std::env::current_dir().unwrap();
        let images = format!("sqlite:{}/images.db", folder.display());
        check("sqlite://images.db", Syntax::Sqlite, &images);
        check("sqlite:images.db?immutable=1", Syntax::Sqlite, &images);
        check("sqlite:///var/a%20b.db?mode=rwc", Syntax::Sqlite, "sqlite:/var/a b.db");
    }

    #[test]
    fn wrong_string_is_refused_without_its_secret() {
        for (wrong, part) in [
            ("", "begins with"),
            ("hunter2", "begins with"),
            ("Server=db;Password=hunter2", "begins with"),
            ("mssql://me:hunter2@db/shop", "begins with"),
            ("postgres://me:hunter2#x@db/shop", "%23"),
            ("postgres://me:hunter2/x@db/shop", "%2F"),
            ("postgres://me@db/shop?hunter2=1", "sslmode"),
            ("postgres://me@db/shop?pasword=hunter2", "sslmode"),
            ("postgres://me@db/shop?sslmode=hunter2", "value"),
            ("mysql://me:hunter2#x@db/shop", "%23"),
            ("mysql://me@db/shop?ssl_mode=hunter2", "ssl-mode"),
            ("mysql://me@db/shop?timezone=hunter2", "known"),
            ("mysql://me@db/shop?ssl-mode=hunter2", "value"),
            ("mysql://%ff:hunter2@db/shop", "UTF-8"),
            ("sqlite://", "no file"),
            ("sqlite://a.db?hunter2=1", "immutable"),
            ("sqlite://a.db?mode=hunter2", "value"),
        ] {
            let error = parse(wrong).map(|database| database.name).unwrap_err().to_string();
            assert!(error.contains(part), "{wrong}: {error}");
            assert!(!error.contains("hunter2"), "{wrong}: {error}");
        }
    }
}
