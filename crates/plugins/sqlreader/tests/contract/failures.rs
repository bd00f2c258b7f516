//! Database failures: unreachable, refusing and slow databases; and connections, which are few and shared.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use resizer_engine::testing::{FaultyProxy, Installer, SourceStore as _};
use resizer_plugin_api::ErrorKind;
use resizer_sqlreader::SqlReader;
use resizer_test_stores::process::free_port;

use crate::db::{Db, Kind, SOON, Served, download, error_of, install, path, settings, whole};
use crate::on_each_database;

on_each_database! {
    a_wrong_query_is_the_stores_fault(db) {
        let served = Served::new(db, "asked").await;
        served.put("a.jpg", b"a").await;
        for wrong in ["SELECT content FROM missing WHERE name = @id", "SELECT missing FROM asked WHERE name = @id"] {
            let source = served.db.source(&format!("id_type = 'text'\nblob_query = '{wrong}'"));
            let error = error_of(download(&*source, "a.jpg").await, wrong);
            assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
            assert!(error.cause().unwrap().contains("missing"), "the log hears what is missing: {error:?}");
            assert!(!error.message().contains("missing"), "the client does not: {error:?}");
        }
    }

    a_wait_for_a_lock_ends(db) {
        let served = Served::new(db, "locked").await;
        served.put("a.jpg", b"a").await;
        let db = &served.db;
        let source = db.source(&format!("{SOON}{}", settings("locked")));
        whole(&*source, "a.jpg").await.unwrap();
        let (lock, unlock) = match db.kind {
            Kind::Postgres => ("BEGIN; LOCK TABLE locked", "ROLLBACK"),
            Kind::MariaDb => ("LOCK TABLES locked WRITE", "UNLOCK TABLES"),
            Kind::Sqlite => ("BEGIN EXCLUSIVE", "ROLLBACK"),
        };
        let mut locking = db.pool.acquire().await.unwrap();
        sqlx::raw_sql(lock).execute(&mut *locking).await.unwrap();
        let since = Instant::now();
        for _ in 0..3 {
            let error = error_of(source.stat(&path("a.jpg")).await, "a stat of what is locked");
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
            let error = error_of(download(&*source, "a.jpg").await, "a fetch of what is locked");
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        }
        assert!(since.elapsed() < Duration::from_secs(60), "it does not wait for the lock");
        // The servers stop waiting, too. Otherwise they would wait with one connection for each query until the lock is
        // released.
        let waiting = match db.kind {
            Kind::Postgres => "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND \
                               query LIKE '%FROM locked%'",
            Kind::MariaDb => "SELECT count(*) FROM information_schema.processlist WHERE \
                              state LIKE 'Waiting%' AND info LIKE '%FROM locked%'",
            Kind::Sqlite => "SELECT 0",
        };
        if db.kind != Kind::Sqlite {
            while db.number(waiting).await > 0 {
                assert!(since.elapsed() < Duration::from_secs(60), "the server gives up waiting");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        sqlx::raw_sql(unlock).execute(&mut *locking).await.unwrap();
        assert_eq!(whole(&*source, "a.jpg").await.unwrap().1, b"a", "once it is unlocked");
    }

    one_connection_serves_many(db) {
        let served = Served::new(db, "crowded").await;
        served.put("a.jpg", &[7; 100_000]).await;
        let source = served.db.source(&format!("max_connections = 1\n{}", settings("crowded")));
        let many = (0..50).map(|_| whole(&*source, "a.jpg"));
        for read in futures_util::future::join_all(many).await {
            assert_eq!(read.unwrap().1, [7; 100_000]);
        }
    }

    a_fetch_that_is_left_leaves_no_place_taken(db) {
        let served = Served::new(db, "leaving").await;
        served.put("a.jpg", &[7; 1_000_000]).await;
        let source = served.db.source(&format!("max_connections = 1\n{}", settings("leaving")));
        for round in 0..100_u64 {
            let left = tokio::time::timeout(Duration::from_micros(round * 50), download(&*source, "a.jpg"));
            if let Ok(Err(error)) = left.await {
                panic!("{error:?}");
            }
        }
        assert_eq!(whole(&*source, "a.jpg").await.unwrap().1.len(), 1_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_with_one_database_share_its_connections() {
    let Some(db) = Db::open(Kind::Postgres).await else {
        return;
    };
    let proxy = FaultyProxy::before(db.server().parse().unwrap()).await.unwrap();
    let url = format!("connection_string = '{}'\n", db.url_at(proxy.address()));
    let installer = Installer::default();
    let install = |settings: &str| installer.install::<SqlReader>(&(url.clone() + settings)).unwrap();
    let tables = [
        install("blob_query = 'SELECT NULL::bytea WHERE @id = 0'"),
        install("blob_query = 'SELECT NULL::bytea WHERE @id = 1'\nprefix = '/more/'"),
        install("blob_query = 'SELECT NULL::bytea WHERE @id = 2'\nfast = true"),
    ];
    for table in &tables {
        let error = error_of(download(&*table.sources[0].value.source, "1.jpg").await, "NULL");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    }
    assert_eq!(proxy.accepted(), 1);
    drop(tables);
    let since = Instant::now();
    while proxy.open() > 0 {
        assert!(since.elapsed() < Duration::from_secs(20), "what nobody uses is closed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The only connection is busy, and the statement outlasts its timeout.
async fn slow(kind: Kind, sleep: &str) {
    let Some(db) = Db::open(kind).await else { return };
    let table = format!("blob_query = 'SELECT {sleep}, @id'\nmax_connections = 1\n{SOON}");
    let source = db.source(&table);
    let both = futures_util::join!(download(&*source, "1.jpg"), download(&*source, "2.jpg"));
    for result in [both.0, both.1] {
        let error = error_of(result, "a query that takes a minute");
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        assert!(error.cause().is_some());
    }
}

/// The servers have the timeout too, so that they do not work on without a client.
#[tokio::test(flavor = "multi_thread")]
async fn servers_are_told_the_timeout() {
    for (kind, query, expected) in [
        (
            Kind::Postgres,
            "SELECT convert_to(current_setting('statement_timeout'), 'UTF8') WHERE @id = 1",
            "1500ms",
        ),
        (
            Kind::MariaDb,
            "SELECT CAST(@@max_statement_time AS CHAR) FROM DUAL WHERE @id = 1",
            "1.500000",
        ),
    ] {
        let Some(db) = Db::open(kind).await else { continue };
        let source = db.source(&format!("blob_query = \"{query}\"\nread_timeout = '1.5s'"));
        let (_, told) = whole(&*source, "1.jpg").await.unwrap();
        assert_eq!(String::from_utf8(told).unwrap(), expected, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_postgres_is_a_timeout() {
    slow(Kind::Postgres, "pg_sleep(60)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_mariadb_is_a_timeout() {
    slow(Kind::MariaDb, "SLEEP(60)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_login_is_an_upstream_error() {
    for kind in [Kind::Postgres, Kind::MariaDb] {
        let Some(db) = Db::open(kind).await else { continue };
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let (user, rest) = db.url.rsplit_once('@').unwrap();
        let (begin, _) = user.rsplit_once(':').unwrap();
        let server = db.server();
        for (url, word) in [
            (format!("{begin}:hunter2@{rest}"), "resizer"),
            (db.url.replace(rest, &format!("{server}/nowhere")), "nowhere"),
            (db.url_at(nobody), "refused"),
        ] {
            let source = install(&format!("connection_string = '{url}'"));
            let since = Instant::now();
            let error = error_of(download(&*source, "1.jpg").await, &url);
            assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
            let cause = error.cause().unwrap();
            assert!(cause.contains(word), "the log hears why: {cause}");
            assert!(!error.message().contains(word), "{error:?}");
            assert!(!format!("{error:?}{cause}").contains("hunter2"), "{error:?}");
            assert!(!format!("{error:?}{cause}").contains(db.password), "{error:?}");
            assert!(since.elapsed() < Duration::from_secs(20), "a refusal is not waited for");
        }
    }
}

#[tokio::test]
async fn missing_file_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing.db");
    for parameters in ["", "?mode=rwc", "?mode=memory"] {
        let source = install(&format!(
            "connection_string = 'sqlite://{}{parameters}'",
            file.display()
        ));
        let error = error_of(download(&*source, "1.jpg").await, "a missing file");
        assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
        assert!(!file.exists(), "{parameters}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_in_wal_mode_is_read_while_it_is_written() {
    let Some(db) = Db::open(Kind::Sqlite).await else { return };
    db.run("PRAGMA journal_mode = WAL").await;
    let served = Served::new(Arc::new(db), "wal").await;
    for round in 0..20_u8 {
        served.put("a.jpg", &[round; 10_000]).await;
        let (_, bytes) = whole(&*served.source(), "a.jpg").await.unwrap();
        assert_eq!(bytes, [round; 10_000]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_is_opened_for_reading_only() {
    let Some(db) = Db::open(Kind::Sqlite).await else { return };
    let served = Served::new(Arc::new(db), "kept").await;
    served.put("a.jpg", b"kept").await;
    let url = format!("{}?mode=rwc", served.db.url);
    let query = "id_type = 'text'\nblob_query = 'DELETE FROM kept WHERE name <> @id RETURNING content'";
    let source = install(&format!("connection_string = '{url}'\n{query}"));
    let error = error_of(download(&*source, "b.jpg").await, "a query that writes");
    assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
    assert_eq!(served.db.number("SELECT count(*) FROM kept").await, 1);
}
