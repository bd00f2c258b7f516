//! sqlreader before a real PostgreSQL, a real MariaDB and a file of SQLite.

use std::net::SocketAddr;

use resizer_engine::testing::FaultyProxy;
use resizer_test_stores::mariadb::MariaDb;
use resizer_test_stores::postgres::Postgres;
use resizer_test_stores::process::loopback;
use sqlx::{Connection as _, Executor as _, MySqlConnection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::{Store, away, escaped, replaced, shown, wait};

/// The lines of an entry for the table that all of these have.
fn entry(url: &str) -> String {
    format!(
        "name = \"sqlreader\"\nconnection_string = \"{url}\"\nid_type = \"text\"\nextension_part_of_id = true\n\
         blob_query = \"SELECT content FROM images WHERE id = @id\"\n\
         modified_query = \"SELECT modified FROM images WHERE id = @id\""
    )
}

impl Store for Postgres {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn entry(&self, address: SocketAddr) -> String {
        entry(&self.url_at(address))
    }

    fn path(&self, _: SocketAddr, name: &str) -> String {
        escaped(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        wait(async {
            let mut connection = PgConnection::connect(&self.url()).await.unwrap();
            let create = "CREATE TABLE IF NOT EXISTS images \
                          (id text PRIMARY KEY, content bytea, modified timestamp DEFAULT clock_timestamp())";
            connection.execute(create).await.unwrap();
            let put = "INSERT INTO images VALUES ($1, $2) \
                       ON CONFLICT (id) DO UPDATE SET content = $2, modified = clock_timestamp()";
            sqlx::query(put)
                .bind(name)
                .bind(bytes)
                .execute(&mut connection)
                .await
                .unwrap();
        });
    }

    fn kill(&mut self, _: &FaultyProxy) {
        Self::kill(self);
    }

    fn start(&mut self) {
        self.restart();
    }
}

impl Store for MariaDb {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn entry(&self, address: SocketAddr) -> String {
        entry(&self.url_at(address))
    }

    fn path(&self, _: SocketAddr, name: &str) -> String {
        escaped(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        wait(async {
            let mut connection = MySqlConnection::connect(&self.url()).await.unwrap();
            let create = "CREATE TABLE IF NOT EXISTS images \
                          (id varchar(200) PRIMARY KEY, content longblob, modified datetime(6))";
            connection.execute(create).await.unwrap();
            let put = "REPLACE INTO images VALUES (?, ?, utc_timestamp(6))";
            sqlx::query(put)
                .bind(name)
                .bind(bytes)
                .execute(&mut connection)
                .await
                .unwrap();
        });
    }

    fn kill(&mut self, _: &FaultyProxy) {
        Self::kill(self);
    }

    fn start(&mut self) {
        self.restart();
    }
}

/// A file, which cannot go away.
struct Sqlite(TempDir);

impl Sqlite {
    fn url(&self) -> String {
        format!("sqlite://{}/images.db", self.0.path().display())
    }
}

impl Store for Sqlite {
    /// Nobody connects to it.
    fn address(&self) -> SocketAddr {
        loopback(1)
    }

    fn entry(&self, _: SocketAddr) -> String {
        entry(&self.url())
    }

    fn path(&self, _: SocketAddr, name: &str) -> String {
        escaped(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        wait(async {
            let url = format!("{}?mode=rwc", self.url());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            let create = "CREATE TABLE IF NOT EXISTS images (id text PRIMARY KEY, content blob, modified text)";
            connection.execute(create).await.unwrap();
            let put = "REPLACE INTO images VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))";
            sqlx::query(put)
                .bind(name)
                .bind(bytes)
                .execute(&mut connection)
                .await
                .unwrap();
        });
    }

    fn kill(&mut self, _: &FaultyProxy) {}

    fn start(&mut self) {}
}

#[test]
fn photograph_is_shown_resized_then_cached_and_untouched() {
    Postgres::start().iter().for_each(|store| shown::shown(store));
    MariaDb::start().iter().for_each(|store| shown::shown(store));
    shown::shown(&Sqlite(tempfile::tempdir().unwrap()));
}

#[test]
fn replaced_photograph_is_shown_anew() {
    Postgres::start().iter().for_each(|store| replaced::replaced(store));
    MariaDb::start().iter().for_each(|store| replaced::replaced(store));
    replaced::replaced(&Sqlite(tempfile::tempdir().unwrap()));
}

#[test]
fn failing_postgres_answers_errors_and_recovers() {
    if let Some(mut store) = Postgres::start() {
        away::away(&mut store);
    }
}

#[test]
fn failing_mariadb_answers_errors_and_recovers() {
    if let Some(mut store) = MariaDb::start() {
        away::away(&mut store);
    }
}
