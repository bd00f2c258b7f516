//! The file that a path names, and the errors of damaged files.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use mongodb::options::{Collation, GridFsBucketOptions};
use resizer_engine::testing::read_all;
use resizer_plugin_api::ErrorKind;
use resizer_test_stores::mongod::{upload, upload_as};

use super::{Served, download, install, read};

#[tokio::test]
async fn newest_revision_is_the_one_uploaded_last() {
    let Some(served) = Served::new("revisions").await else {
        return;
    };
    let old = served.upload("a.jpg", b"old").await;
    served.upload("a.jpg", b"new").await;
    assert_eq!(read(&*served.source, "a.jpg").await.unwrap(), b"new");

    // The time decides, not the order of the writes.
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    let files = served.database.collection::<Document>("fs.files");
    let later = doc! { "$set": { "uploadDate": DateTime::from_system_time(tomorrow) } };
    files.update_one(doc! { "_id": &old }, later).await.unwrap();
    assert_eq!(read(&*served.source, "a.jpg").await.unwrap(), b"old");
    let stat = download(&*served.source, "a.jpg", None).await.unwrap().stat;
    let difference = stat.modified.unwrap().duration_since(tomorrow).unwrap_or_default();
    assert!(difference < Duration::from_millis(1), "the upload date: {stat:?}");

    served.database.gridfs_bucket(None).delete(old).await.unwrap();
    assert_eq!(
        read(&*served.source, "a.jpg").await.unwrap(),
        b"new",
        "the older one is left"
    );
}

#[tokio::test]
async fn file_is_found_by_ids_of_both_kinds() {
    let Some(served) = Served::new("ids").await else {
        return;
    };
    let Bson::ObjectId(object) = served.upload("named.jpg", b"object").await else {
        panic!("an upload has an ObjectId")
    };
    for (id, name, bytes) in [
        (Bson::from("plain"), "x", "plain"),
        (Bson::from("with.dots"), "x", "dots"),
        (Bson::from("with.dots.jpg"), "x", "dots and extension"),
        (Bson::from("folder.a/b"), "x", "folder"),
        (Bson::from("both"), "id/both", "found by id"),
        (Bson::from("other"), "id/both.jpg", "found by name"),
        (Bson::from("another"), "id/only a name.jpg", "a name"),
        (Bson::Int32(7), "number.jpg", "number"),
    ] {
        upload_as(&served.database, "fs", id, name, bytes.as_bytes()).await;
    }
    let object = object.to_hex();
    let rows: &[(String, Option<&str>)] = &[
        (format!("id/{object}.jpg"), Some("object")),
        (format!("id/{object}"), Some("object")),
        (format!("id/{object}.jpg.ashx"), Some("object")),
        (format!("id/{}.png", object.to_uppercase()), Some("object")),
        ("named.jpg".to_owned(), Some("object")),
        (object.clone(), None),
        (format!("id/{}.jpg", &object[1..]), None),
        (format!("id/{}.jpg", "0".repeat(24)), None),
        ("id/plain.jpg".to_owned(), Some("plain")),
        ("id/plain".to_owned(), Some("plain")),
        ("id/plain.jpg.ashx".to_owned(), Some("plain")),
        ("id/Plain.jpg".to_owned(), None),
        ("id/with.dots".to_owned(), Some("dots")),
        ("id/with.dots.png".to_owned(), Some("dots")),
        ("id/with.dots.jpg".to_owned(), Some("dots and extension")),
        ("id/with.dots.jpg.png".to_owned(), Some("dots and extension")),
        ("id/folder.a/b.jpg".to_owned(), Some("folder")),
        ("id/both.jpg".to_owned(), Some("found by id")),
        ("id/only a name.jpg".to_owned(), Some("a name")),
        ("id/7.jpg".to_owned(), None),
        ("number.jpg".to_owned(), Some("number")),
        ("id/".to_owned(), None),
        ("id".to_owned(), None),
        ("id/.jpg".to_owned(), None),
    ];
    for (path, expected) in rows {
        match (read(&*served.source, path).await, expected) {
            (Ok(bytes), Some(expected)) => assert_eq!(String::from_utf8(bytes).unwrap(), *expected, "{path}"),
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::NotFound, "{path}: {error:?}"),
            (found, expected) => panic!("{path}: {expected:?}, not {found:?}"),
        }
    }
}

#[tokio::test]
async fn names_are_compared_byte_for_byte_with_any_collation() {
    let Some(served) = Served::new("collation").await else {
        return;
    };
    let ignoring_case = Collation::builder()
        .locale("en")
        .strength(mongodb::options::CollationStrength::Primary)
        .build();
    let create = served.database.create_collection("fs.files").collation(ignoring_case);
    create.await.unwrap();
    served.upload("a.jpg", b"small").await;
    served.upload("A.jpg", b"large").await;
    assert_eq!(read(&*served.source, "a.jpg").await.unwrap(), b"small");
    assert_eq!(read(&*served.source, "A.jpg").await.unwrap(), b"large");
    let error = read(&*served.source, "\u{e1}.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}

/// The result of reading a damaged file of ten chunks of 1000 bytes, the last of 500.
async fn damaged(name: &str, damage: impl AsyncFnOnce(&Served, Bson)) -> Option<[Result<Vec<u8>, ErrorKind>; 2]> {
    let served = Served::new(name).await?;
    let bucket = GridFsBucketOptions::builder().chunk_size_bytes(1000).build();
    let mut stream = served
        .database
        .gridfs_bucket(bucket)
        .open_upload_stream("a.jpg")
        .await
        .unwrap();
    futures_util::AsyncWriteExt::write_all(&mut stream, &bytes())
        .await
        .unwrap();
    futures_util::AsyncWriteExt::close(&mut stream).await.unwrap();
    damage(&served, stream.id().clone()).await;
    let read = async |range| match download(&*served.source, "a.jpg", range).await {
        Ok(download) => read_all(download.bytes).await.map_err(|error| error.kind()),
        Err(error) => Err(error.kind()),
    };
    Some([read(None).await, read(Some(1500..=2999)).await])
}

fn bytes() -> Vec<u8> {
    (0..9500u32).map(|place| (place * 7 / 3) as u8).collect()
}

#[tokio::test]
async fn incomplete_file_is_an_error_and_never_short() {
    let set = async |served: &Served, n: i32, change: Document| {
        let chunks = served.database.collection::<Document>("fs.chunks");
        let changed = chunks
            .update_one(doc! { "n": n }, doc! { "$set": change })
            .await
            .unwrap();
        assert_eq!(changed.modified_count, 1);
    };
    let without = async |served: &Served, n: i32| {
        let chunks = served.database.collection::<Document>("fs.chunks");
        assert_eq!(chunks.delete_one(doc! { "n": n }).await.unwrap().deleted_count, 1);
    };
    let of_length = |length: usize| {
        let bytes = Binary {
            subtype: BinarySubtype::Generic,
            bytes: vec![0; length],
        };
        doc! { "data": bytes }
    };
    let file = async |served: &Served, change: Document| {
        let files = served.database.collection::<Document>("fs.files");
        files.update_one(doc! {}, doc! { "$set": change }).await.unwrap();
    };
    let all = Ok(bytes());
    let part = Ok(bytes()[1500..3000].to_vec());
    let broken = Err(ErrorKind::Upstream);
    let check =
        |what: &str, found: Option<[Result<Vec<u8>, ErrorKind>; 2]>, expected: [&Result<Vec<u8>, ErrorKind>; 2]| {
            if let Some([whole, range]) = found {
                assert!(
                    &whole == expected[0],
                    "{what}, the whole: {:?}",
                    whole.map(|bytes| bytes.len())
                );
                assert!(
                    &range == expected[1],
                    "{what}, bytes 1500 to 2999: {:?}",
                    range.map(|bytes| bytes.len())
                );
            }
        };
    check("nothing", damaged("whole", async |_, _| {}).await, [&all, &part]);
    check(
        "no first chunk",
        damaged("first", async |s, _| without(s, 0).await).await,
        [&broken, &part],
    );
    check(
        "no second chunk",
        damaged("second", async |s, _| without(s, 1).await).await,
        [&broken, &broken],
    );
    check(
        "no last chunk",
        damaged("last", async |s, _| without(s, 9).await).await,
        [&broken, &part],
    );
    check(
        "a short chunk",
        damaged("short", async |s, _| set(s, 2, of_length(999)).await).await,
        [&broken, &broken],
    );
    check(
        "a long chunk",
        damaged("long", async |s, _| set(s, 1, of_length(1001)).await).await,
        [&broken, &broken],
    );
    check(
        "a short last chunk",
        damaged("end", async |s, _| set(s, 9, of_length(499)).await).await,
        [&broken, &part],
    );
    check(
        "an empty chunk",
        damaged("empty", async |s, _| set(s, 1, of_length(0)).await).await,
        [&broken, &broken],
    );
    check(
        "a chunk of text",
        damaged("text", async |s, _| set(s, 1, doc! { "data": "x" }).await).await,
        [&broken, &broken],
    );
    check(
        "a longer file",
        damaged("longer", async |s, _| file(s, doc! { "length": 10_500 }).await).await,
        [&broken, &part],
    );
    check(
        "a file of no length",
        damaged("lengthless", async |s, _| file(s, doc! { "length": "x" }).await).await,
        [&broken, &broken],
    );
    check(
        "chunks of no size",
        damaged("sizeless", async |s, _| file(s, doc! { "chunkSize": 0 }).await).await,
        [&broken, &broken],
    );
    // The number types of the first drivers.
    let floating = doc! { "length": 9500.0, "chunkSize": 1000.0 };
    check(
        "floating numbers",
        damaged("floating", async |s, _| file(s, floating).await).await,
        [&all, &part],
    );
}

#[tokio::test]
async fn file_changed_while_it_is_read_is_never_mixed() {
    let Some(served) = Served::new("changes").await else {
        return;
    };
    let old = vec![1; 20_000_000];
    let id = served.upload("a.jpg", &old).await;
    let mut replaced = download(&*served.source, "a.jpg", None).await.unwrap().bytes;
    let mut deleted = download(&*served.source, "a.jpg", None).await.unwrap().bytes;
    let firsts = [
        replaced.next().await.unwrap().unwrap(),
        deleted.next().await.unwrap().unwrap(),
    ];
    served.upload("a.jpg", &vec![2; 20_000_000]).await;
    let rest = read_all(replaced).await.unwrap();
    assert!(
        [&firsts[0][..], &rest].concat() == old,
        "replaced: the old one arrives whole"
    );
    served.database.gridfs_bucket(None).delete(id).await.unwrap();
    let error = read_all(deleted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
}

#[tokio::test]
async fn bucket_of_the_connection_strings_database_is_read() {
    let Some(served) = Served::new("buckets").await else {
        return;
    };
    upload(&served.database, "my.photos", "a.jpg", b"photo").await;
    let address = served.server.address();
    let source = install(&format!(
        "connection_string = 'mongodb://{address}/buckets'\nbucket = 'my.photos'"
    ));
    assert_eq!(read(&*source, "a.jpg").await.unwrap(), b"photo");
    let error = read(&*served.source, "a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}
