//! Settings: defaults, refusals, the messages of `check --connect`, and the connections kept by a reload.

use std::sync::Arc;
use std::time::Duration;

use resizer_engine::testing::{FaultyProxy, Installer};
use resizer_plugin_api::InstallError;
use resizer_s3reader::S3Reader;

use super::{ID, REGION, SECRET, installed, path, read, sending_on, server, signed, source};

async fn connect(settings: &str) -> Result<(), InstallError> {
    for handler in &installed(settings).on_connect {
        (handler.value)().await?;
    }
    Ok(())
}

#[tokio::test]
async fn connection_check_names_the_wrong_setting() {
    let server = server().await;
    let good = signed(&server) + "buckets = ['photos', 'logos']\n";
    connect(&good).await.unwrap();
    server.tell_absence(false);
    connect(&good).await.unwrap();
    server.put("photos", "resizer-check-connect", "");
    connect(&good).await.unwrap();
    server.tell_absence(true);

    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let here = server.address().to_string();
    let (sending_on, _there) = sending_on().await;
    let quick = "connect_timeout = '1s'\nread_timeout = '1s'\nfetch_timeout = '2s'\n";
    for (settings, setting, part) in [
        (good.replace(ID, "AKIDUNKNOWN"), "access_key_id", "does not know"),
        (
            good.replace(SECRET, "wrong/secret"),
            "secret_access_key",
            "does not belong",
        ),
        (good.replace(REGION, "us-west-2"), "region", "it is in \"eu-west-1\""),
        (good.replace("'logos'", "'lgoos'"), "buckets", "no bucket \"lgoos\""),
        (
            good.replace("buckets = ['photos', 'logos']", "bucket = 'photso'"),
            "bucket",
            "no bucket \"photso\"",
        ),
        (
            good.replace(&here, &nobody.to_string()) + quick,
            "endpoint",
            "Connection refused",
        ),
        (
            good.replace("http://", "https://") + quick,
            "endpoint",
            "correct the address",
        ),
        (
            good.replace(&here, "nowhere.invalid") + quick,
            "endpoint",
            "http://nowhere.invalid",
        ),
        (
            good.replace(&here, &sending_on.address().to_string()),
            "endpoint",
            "redirects to another address",
        ),
        (
            good.clone() + "session_token = 'stray+token'",
            "session_token",
            "InvalidToken",
        ),
    ] {
        match connect(&settings).await {
            Err(InstallError::Setting { name, message }) => {
                assert_eq!(name, setting, "{settings}\n{message}");
                assert!(message.contains(part), "{setting}: {message}");
                for secret in [SECRET, "wrong/secret", "stray+token"] {
                    assert!(!message.contains(secret), "{message}");
                }
            }
            other => panic!("{settings}\n{other:?}"),
        }
    }
}

#[test]
fn settings_are_parsed_or_refused() {
    let table = installed("buckets = ['photos']");
    let mounted = &table.sources[0].value;
    assert_eq!(mounted.prefix.as_str(), "/s3/");
    assert!(!mounted.policy.fast && mounted.policy.require_image_extension);
    assert!(!mounted.policy.untrusted_data && !mounted.policy.cache_unmodified_files);
    assert_eq!(mounted.policy.check_modified, Duration::from_secs(300));
    assert_eq!(mounted.policy.fetch_timeout, Duration::from_secs(30));
    assert_eq!((table.on_start.len(), table.on_connect.len()), (0, 1));
    assert_eq!((table.sources.len(), table.on_post_rewrite.len()), (1, 0));

    let identity = |settings: &str| source(settings).identity(&path("photos/a b.jpg")).to_string();
    assert_eq!(
        identity("buckets = ['photos']"),
        "s3:https://s3.us-east-1.amazonaws.com/photos/a b.jpg"
    );
    assert_eq!(
        identity("bucket = 'shop'\nfolder = '/x/y/'\nendpoint = 'http://10.0.0.1:9000/'\nprefix = '/img/'"),
        "s3:http://10.0.0.1:9000/shop/x/y/photos/a b.jpg"
    );

    let keys = "access_key_id = 'a'\nsecret_access_key = 'b'\n";
    let wrong = |settings: String| {
        let error = Installer::default()
            .install::<S3Reader>(&settings)
            .map(drop)
            .unwrap_err();
        format!("{error}")
    };
    for (settings, part) in [
        (String::new(), "`buckets`"),
        ("buckets = []".to_owned(), "`buckets`"),
        ("buckets = ['a/b']".to_owned(), "a bucket's name"),
        ("buckets = ['a']\nbucket = 'b'".to_owned(), "`bucket`"),
        ("buckets = ['a']\nfolder = 'b'".to_owned(), "`folder`"),
        ("bucket = 'a'\nfolder = '../b'".to_owned(), "a folder has"),
        ("buckets = ['a']\nbukets = []".to_owned(), "bukets"),
        ("buckets = ['a']\nregion = 'a.b'".to_owned(), "a region's name"),
        ("buckets = ['a']\nread_timeout = '0s'".to_owned(), "`read_timeout`"),
        ("buckets = ['a']\nconnect_timeout = 0".to_owned(), "`connect_timeout`"),
        (
            "buckets = ['a']\nendpoint = 'https://u:hunter2@h'".to_owned(),
            "no password",
        ),
        ("buckets = ['a']\naccess_key_id = 'a'".to_owned(), "`secret_access_key`"),
        (
            "buckets = ['a']\nsecret_access_key = 'hunter2'".to_owned(),
            "`access_key_id`",
        ),
        (
            "buckets = ['a']\nsession_token = 'hunter2'".to_owned(),
            "`session_token`",
        ),
        (format!("buckets = ['a']\nanonymous = true\n{keys}"), "`anonymous`"),
        (
            "buckets = ['a']\naccess_key_id = 'a'\nsecret_access_key = \"hunter2\\n\"".to_owned(),
            "`secret_access_key`",
        ),
    ] {
        let message = wrong(settings.clone());
        assert!(message.contains(part), "{settings:?}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[tokio::test]
async fn reload_keeps_unchanged_connections() {
    let server = server().await;
    server.put("photos", "a.jpg", "bytes");
    let proxy = FaultyProxy::before(server.address()).await.unwrap();
    let here = server.address().to_string();
    let settings = signed(&server).replace(&here, &proxy.address().to_string());
    let installer = Installer::default();
    let mut site = None;
    for (reading, connections) in [
        ("buckets = ['photos', 'logos']", 1),
        ("buckets = ['photos']\nprefix = '/other/'", 1),
        ("buckets = ['photos']\nread_timeout = '11s'", 2),
    ] {
        let table = installer.install::<S3Reader>(&format!("{settings}{reading}")).unwrap();
        let source = Arc::clone(&table.sources[0].value.source);
        assert_eq!(read(&source, "photos/a.jpg").await.unwrap(), b"bytes");
        assert_eq!(proxy.accepted(), connections, "{reading}");
        site = Some(table);
    }
    drop(site);
}
