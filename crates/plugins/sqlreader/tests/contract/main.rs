//! Source contract for PostgreSQL, MariaDB and SQLite, and this plugin's handling of ids, times, wrong settings, and
//! databases that refuse, hang or restart.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

mod connect;
mod db;
mod failures;
mod images;
mod settings;
mod store_failures;

/// Defines one test for each database.
macro_rules! on_each_database {
    ($($test:ident($db:ident) $body:block)*) => { $(
        mod $test {
            use super::*;

            async fn test($db: std::sync::Arc<$crate::db::Db>) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(db) = $crate::db::Db::open($crate::db::Kind::Postgres).await {
                    test(std::sync::Arc::new(db)).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn mariadb() {
                if let Some(db) = $crate::db::Db::open($crate::db::Kind::MariaDb).await {
                    test(std::sync::Arc::new(db)).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                if let Some(db) = $crate::db::Db::open($crate::db::Kind::Sqlite).await {
                    test(std::sync::Arc::new(db)).await;
                }
            }
        }
    )* };
}
use on_each_database;
