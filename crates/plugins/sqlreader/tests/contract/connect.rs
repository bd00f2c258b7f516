//! Connection check: the settings that `check --connect` blames, and that it prints no secret.

use std::net::Ipv4Addr;

use resizer_test_stores::process::free_port;

use crate::db::{Db, Kind, check};
use crate::on_each_database;

async fn blames(db: &Db, settings: &str, setting: &str, parts: &[&str]) {
    let Some((name, message)) = check(settings).await else {
        panic!("{:?}: {settings} is wrong", db.kind);
    };
    assert_eq!(name, setting, "{:?}: {settings}: {message}", db.kind);
    for part in parts {
        assert!(
            message.contains(part),
            "{:?}: {settings}: {part:?} in {message}",
            db.kind
        );
    }
    for secret in ["hunter2", db.password] {
        assert!(!message.contains(secret), "{message}");
    }
}

on_each_database! {
    what_is_right_passes(db) {
        let [bytes, time] = db.types();
        db.run(format!("CREATE TABLE Images (ImageID integer, Content {bytes}, Changed {time})")).await;
        let connection = db.connection();
        for settings in [
            "",
            "modified_query = 'SELECT Changed FROM Images WHERE ImageID = @id'",
            "modified_query = 'SELECT ImageID, Changed FROM Images WHERE ImageID = @id'",
        ] {
            let found = check(&format!("{connection}{settings}")).await;
            assert_eq!(found, None, "{:?}: {settings}", db.kind);
        }
        db.run("DROP TABLE Images").await;
    }

    a_wrong_query_is_named(db) {
        let [bytes, time] = db.types();
        db.run(format!("CREATE TABLE checked (id integer, content {bytes}, modified {time}, name text)")).await;
        let blob = |query: &str| format!("{}blob_query = \"{query}\"", db.connection());
        let modified = |query: &str| {
            let blob = blob("SELECT content FROM checked WHERE id = @id");
            format!("{blob}\nmodified_query = \"{query}\"")
        };
        for (query, part) in [
            ("SELECT content FROM nowhere WHERE id = @id", "nowhere"),
            ("SELECT nothing FROM checked WHERE id = @id", "nothing"),
            ("SELEKT content FROM checked WHERE id = @id", "SELEKT"),
        ] {
            blames(&db, &blob(query), "blob_query", &[part]).await;
            blames(&db, &modified(query), "modified_query", &[part]).await;
        }
        if db.kind != Kind::Sqlite {
            let no_bytes = blob("SELECT id, content FROM checked WHERE id = @id");
            blames(&db, &no_bytes, "blob_query", &["first column", "bytes"]).await;
            let no_time = modified("SELECT id, name FROM checked WHERE id = @id");
            blames(&db, &no_time, "modified_query", &["date"]).await;
        }
        if db.kind == Kind::Postgres {
            let text = format!("id_type = 'text'\n{}", blob("SELECT content FROM checked WHERE id = @id"));
            blames(&db, &text, "blob_query", &["integer = text"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_connection_is_named() {
    for kind in [Kind::Postgres, Kind::MariaDb] {
        let Some(db) = Db::open(kind).await else { continue };
        let (user, rest) = db.url.rsplit_once('@').unwrap();
        let (begin, _) = user.rsplit_once(':').unwrap();
        let server = db.server();
        let nobody = format!("{}:{}", Ipv4Addr::LOCALHOST, free_port().unwrap());
        let tls = if kind == Kind::Postgres {
            "sslmode=require"
        } else {
            "ssl-mode=REQUIRED"
        };
        for (url, parts) in [
            (format!("{begin}:hunter2@{rest}"), ["resizer", "password"]),
            (format!("{begin}@{rest}"), [server, "password"]),
            (format!("{user}@{server}/nowhere"), ["nowhere", "database"]),
            (format!("{user}@{nobody}/nowhere"), ["refused", "host"]),
            (
                format!("{user}@no-such-host.invalid/nowhere"),
                ["no-such-host.invalid", "host"],
            ),
            (format!("{}?{tls}", db.url), ["TLS", server]),
        ] {
            blames(
                &db,
                &format!("connection_string = '{url}'"),
                "connection_string",
                &parts,
            )
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_file_is_named() {
    let Some(db) = Db::open(Kind::Sqlite).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().display();
    blames(
        &db,
        &format!("connection_string = 'sqlite://{folder}/missing.db'"),
        "connection_string",
        &["missing.db", "exists"],
    )
    .await;
    blames(
        &db,
        "connection_string = 'sqlite://missing.db'",
        "connection_string",
        &[std::env::current_dir().unwrap().to_str().unwrap(), "working directory"],
    )
    .await;
    std::fs::write(
        format!("{folder}/text.db"),
        "this is no database, but a text that is long enough",
    )
    .unwrap();
    blames(
        &db,
        &format!("connection_string = 'sqlite://{folder}/text.db'"),
        "blob_query",
        &["not a database"],
    )
    .await;
}
