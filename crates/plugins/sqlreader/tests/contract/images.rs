//! Stored images: ids of each type, times of each type, and the versions that follow from them.

use std::time::{Duration, SystemTime};

use resizer_engine::testing::{SourceStore as _, source_contract};
use resizer_plugin_api::{ErrorKind, Fetch, Source, Stat, Validator, Want};

use crate::db::{Kind, Served, download, error_of, path, whole};
use crate::on_each_database;

async fn is_absent(source: &dyn Source, name: &str) {
    let error = error_of(download(source, name).await, name);
    assert_eq!(error.kind(), ErrorKind::NotFound, "{name}: {error:?}");
    match source.stat(&path(name)).await {
        Ok(stat) if stat == Stat::unknown() => {}
        stat => assert_eq!(error_of(stat, name).kind(), ErrorKind::NotFound, "{name}"),
    }
}

async fn holds(source: &dyn Source, name: &str, bytes: &[u8]) {
    match whole(source, name).await {
        Ok((_, found)) => assert_eq!(found, bytes, "{name}"),
        Err(error) => panic!("{name}: {error:?}"),
    }
}

on_each_database! {
    database_satisfies_the_source_contract(db) {
        source_contract(&Served::new(db, "contract").await).await;
    }

    integers(db) {
        let blob = db.types()[0];
        let two = db.literal(b"two");
        for (number, column) in ["smallint", "integer", "bigint", "numeric(20)"].into_iter().enumerate() {
            let table = format!("integers{number}");
            db.run(format!("CREATE TABLE {table} (id {column} PRIMARY KEY, content {blob})")).await;
            db.run(format!("INSERT INTO {table} VALUES (2, {two}), (-3, {two}), (4, NULL)")).await;
            let source = db.source(&format!("blob_query = 'SELECT content FROM {table} WHERE id = @id'"));
            for name in ["2.jpg", "2", "002.png", "-3.jpg"] {
                holds(&*source, name, b"two").await;
            }
            for name in ["3.jpg", "4.jpg", "9223372036854775807.jpg", "-9223372036854775808.jpg"] {
                is_absent(&*source, name).await;
            }
            for name in ["9223372036854775808.jpg", "two.jpg", "2 OR 1=1.jpg", "2/.jpg", "a/2.jpg", ".jpg", "2'.jpg"] {
                is_absent(&*source, name).await;
            }
            let identity = |name: &str| source.identity(&path(name));
            assert_eq!(identity("2.jpg"), identity("002.png"), "spellings of one id are one image");
            assert_ne!(identity("2.jpg"), identity("3.jpg"));
        }
    }

    uuids(db) {
        let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        let packed = uuid.replace('-', "");
        // The column's type, the id in it, the condition.
        let columns = match db.kind {
            Kind::Postgres => [
                ("uuid", format!("'{uuid}'"), "id = @id"),
                ("text", format!("'{uuid}'"), "id = @id::text"),
            ],
            Kind::MariaDb => [
                ("char(36)", format!("'{uuid}'"), "id = @id"),
                ("binary(16)", format!("x'{packed}'"), "id = UNHEX(REPLACE(@id, \\\"-\\\", \\\"\\\"))"),
            ],
            Kind::Sqlite => [
                ("text", format!("'{uuid}'"), "id = @id"),
                ("blob", format!("x'{packed}'"), "id = unhex(@id, '-')"),
            ],
        };
        let [blob, _] = db.types();
        let bytes = db.literal(b"bytes");
        for (number, (column, id, condition)) in columns.into_iter().enumerate() {
            let table = format!("uuids{number}");
            db.run(format!("CREATE TABLE {table} (id {column} PRIMARY KEY, content {blob})")).await;
            db.run(format!("INSERT INTO {table} VALUES ({id}, {bytes})")).await;
            let query = format!("blob_query = \"SELECT content FROM {table} WHERE {condition}\"");
            let source = db.source(&format!("id_type = 'uuid'\n{query}"));
            for name in [uuid.to_owned(), format!("{uuid}.jpg"), uuid.to_uppercase(), format!("{packed}.jpg")] {
                holds(&*source, &name, b"bytes").await;
            }
            let other = uuid.replace('6', "7");
            for name in [&*other, "2.jpg", "67e55044.jpg", "' OR ''='.jpg", &format!("a/{uuid}")] {
                is_absent(&*source, name).await;
            }
        }
    }

    sql_in_a_path_is_an_id(db) {
        let served = Served::new(db, "injected").await;
        let names = [
            "' OR '1'='1",
            "'; DROP TABLE injected; --",
            "\" OR \"\"=\"",
            "x' UNION SELECT 'all' --",
            "1; SELECT 1",
            "\u{ff07} OR 1=1",
            "/**/'/**/",
            "$1",
            "?1",
            "?",
            "@id",
            ":id",
            "%",
            "_",
            "NULL",
            "0x27",
            "CHAR(39)",
            "a'||'b",
        ];
        served.put("innocent", b"innocent").await;
        for name in names {
            is_absent(&*served.source(), name).await;
        }
        for name in names {
            served.put(name, name.as_bytes()).await;
        }
        for name in names {
            holds(&*served.source(), name, name.as_bytes()).await;
        }
        holds(&*served.source(), "innocent", b"innocent").await;
    }

    text_ids_have_slashes_and_lose_their_extension(db) {
        let served = Served::new(db, "texts").await;
        served.put("a.b/cat", b"cat").await;
        served.put("\u{1f431}", b"face").await;
        let source = served.db.source(
            "id_type = 'text'\nblob_query = 'SELECT content FROM texts WHERE name = @id'",
        );
        holds(&*source, "a.b/cat.jpg", b"cat").await;
        holds(&*source, "a.b/cat", b"cat").await;
        holds(&*source, "\u{1f431}.png", b"face").await;
        for name in ["a.b/cat.jpg.jpg", "cat.jpg", ".jpg", "a.b/.jpg"] {
            is_absent(&*source, name).await;
        }
    }

    times(db) {
        let whole_second = Duration::from_secs(1_714_979_289);
        let midnight = Duration::from_secs(1_714_953_600);
        let microseconds = whole_second + Duration::from_micros(123_456);
        let rows: &[(&str, &str, Option<Duration>)] = match db.kind {
            Kind::Postgres => &[
                ("timestamp", "'2024-05-06 07:08:09.123456'", Some(microseconds)),
                ("timestamptz", "'2024-05-06 09:08:09.123456+02'", Some(microseconds)),
                ("timestamp(0)", "'2024-05-06 07:08:09'", Some(whole_second)),
                ("date", "'2024-05-06'", Some(midnight)),
                ("timestamp", "'infinity'", None),
                ("timestamptz", "'-infinity'", None),
                ("date", "'infinity'", None),
                ("text", "'2024-05-06 07:08:09'", None),
                ("bigint", "1714979289", None),
                ("timestamp", "NULL", None),
            ],
            Kind::MariaDb => &[
                ("datetime(6)", "'2024-05-06 07:08:09.123456'", Some(microseconds)),
                ("timestamp(6) NULL", "'2024-05-06 07:08:09.123456'", Some(microseconds)),
                ("datetime", "'2024-05-06 07:08:09'", Some(whole_second)),
                ("date", "'2024-05-06'", Some(midnight)),
                ("varchar(99)", "'2024-05-06 07:08:09'", None),
                ("bigint", "1714979289", None),
                ("datetime", "NULL", None),
            ],
            Kind::Sqlite => &[
                ("text", "'2024-05-06 07:08:09.123456'", Some(microseconds)),
                ("datetime", "'2024-05-06 07:08:09'", Some(whole_second)),
                ("text", "'2024-05-06T07:08:09Z'", Some(whole_second)),
                ("text", "'2024-05-06T09:08:09.123456+02:00'", Some(microseconds)),
                ("date", "'2024-05-06'", Some(midnight)),
                ("integer", "1714979289", Some(whole_second)),
                ("integer", "9223372036854775807", None),
                ("text", "'yesterday'", None),
                ("blob", "x'00'", None),
                ("datetime", "NULL", None),
            ],
        };
        let fall_back = Duration::from_secs(1_577_836_800);
        let [blob, time] = db.types();
        let bytes = db.literal(b"bytes");
        for (number, (column, value, expected)) in rows.iter().enumerate() {
            let what = format!("{:?} {column} {value}", db.kind);
            let table = format!("times{number}");
            db.run(format!("CREATE TABLE {table} (id integer, content {blob}, one {column}, two {time})")).await;
            db.run(format!("INSERT INTO {table} VALUES (1, {bytes}, {value}, '2020-01-01 00:00:00')")).await;
            let source = |columns: &str| db.source(&format!(
                "blob_query = 'SELECT content FROM {table} WHERE id = @id'\n\
                 modified_query = 'SELECT {columns} FROM {table} WHERE id = @id'"
            ));
            let system_time = |since_epoch| SystemTime::UNIX_EPOCH + since_epoch;
            for (columns, expected) in [("one", *expected), ("one, two", expected.or(Some(fall_back)))] {
                let source = source(columns);
                let asked = source.stat(&path("1.jpg")).await.unwrap();
                assert_eq!(asked.modified, expected.map(system_time), "{what}: {columns}");
                assert_eq!(asked.validator.is_some(), expected.is_some(), "{what}: {columns}");
                let (stat, found) = whole(&*source, "1.jpg").await.unwrap();
                assert_eq!((stat.modified, &*found), (asked.modified, &b"bytes"[..]), "{what}: {columns}");
                is_absent(&*source, "2.jpg").await;
            }
        }
    }

    image_without_a_time_has_the_version_of_its_bytes(db) {
        let served = Served::new(db, "timeless").await;
        served.put("a.jpg", b"first").await;
        let source = served.db.source(
            "id_type = 'text'\nextension_part_of_id = true\n\
             blob_query = 'SELECT content FROM timeless WHERE name = @id'",
        );
        assert_eq!(source.stat(&path("a.jpg")).await.unwrap(), Stat::unknown());
        let (first, _) = whole(&*source, "a.jpg").await.unwrap();
        let known = Want::whole().with_unless(first.validator.clone());
        let unchanged = source.fetch(&path("a.jpg"), known.clone()).await.unwrap();
        assert!(matches!(unchanged, Fetch::Unchanged), "{unchanged:?}");
        served.put("a.jpg", b"secnd").await;
        let changed = source.fetch(&path("a.jpg"), known).await.unwrap();
        assert!(matches!(changed, Fetch::Download(_)), "{changed:?}");
        let (second, bytes) = whole(&*source, "a.jpg").await.unwrap();
        assert_eq!(bytes, b"secnd");
        assert_ne!(first.validator, second.validator);
    }

    image_above_max_blob_is_refused(db) {
        let served = Served::new(db, "large").await;
        served.put("fits.jpg", &[7; 1000]).await;
        served.put("large.jpg", &[7; 1001]).await;
        let source = served.db.source(&format!("max_blob = 1000\n{}", crate::db::settings("large")));
        holds(&*source, "fits.jpg", &[7; 1000]).await;
        let error = error_of(download(&*source, "large.jpg").await, "1001 bytes");
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
        assert!(error.cause().unwrap().contains("max_blob"), "{error:?}");
    }

    bytes_and_version_belong_together(db) {
        let served = Served::new(db, "together").await;
        served.put("a.jpg", b"").await;
        // One statement writes both: the number in the bytes is the second of the time.
        let writer = {
            let db = std::sync::Arc::clone(&served.db);
            tokio::spawn(async move {
                for round in 0_u64.. {
                    let second = round % 10;
                    let content = db.literal(&[b'0' + second as u8; 3_000]);
                    let set = format!("content = {content}, modified = '2024-05-06 07:08:0{second}'");
                    db.run(format!("UPDATE together SET {set} WHERE name = 'a.jpg'")).await;
                }
            })
        };
        let mut versions = std::collections::HashSet::new();
        let mut reads = 0;
        while reads < 300 || versions.len() < 5 {
            reads += 1;
            assert!(!writer.is_finished(), "the writer writes on");
            let (stat, bytes) = match whole(&*served.source(), "a.jpg").await {
                Ok(read) => read,
                Err(error) => panic!("{error:?}"),
            };
            let Some(number) = bytes.first() else { continue };
            let since = stat.modified.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(since.as_secs() % 10, u64::from(number - b'0'), "the time is that of the bytes");
            versions.insert(stat.validator.as_ref().map(Validator::as_str).unwrap().to_owned());
        }
        writer.abort();
    }
}
