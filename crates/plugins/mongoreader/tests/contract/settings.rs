//! Settings: defaults, and the messages about wrong ones.

use std::time::Duration;

use resizer_engine::testing::Installer;
use resizer_mongoreader::MongoReader;
use resizer_plugin_api::SourcePath;

#[test]
fn missing_settings_have_defaults() {
    let installer = Installer::default();
    let settings = "connection_string = 'mongodb://me:hunter2@B.example:27018,a.example/images?replicaSet=rs'";
    let table = installer.install::<MongoReader>(settings).unwrap();
    let mounted = &table.sources[0].value;
    assert_eq!(mounted.prefix.as_str(), "/gridfs/");
    assert_eq!(mounted.policy.check_modified, Duration::from_secs(300));
    assert_eq!(mounted.policy.fetch_timeout, Duration::from_secs(30));
    assert!(mounted.policy.require_image_extension);
    assert!(!mounted.policy.fast && !mounted.policy.untrusted_data && !mounted.policy.cache_unmodified_files);
    let identity = mounted.source.identity(&SourcePath::parse("a/b.jpg").unwrap());
    let expected = "mongodb:a.example:27017,b.example:27018/images/fs/a/b.jpg";
    assert_eq!(
        identity.as_str(),
        expected,
        "hosts in order, no user, no option, no prefix"
    );
    assert_eq!(
        (table.on_start.len(), table.on_connect.len(), table.on_stop.len()),
        (0, 1, 0)
    );
    assert_eq!((table.sources.len(), table.on_request.len()), (1, 0));
}

#[test]
fn every_form_of_connection_string_is_parsed_without_io() {
    for text in [
        "mongodb://127.0.0.1/images",
        "mongodb://[::1]:27017/images",
        "mongodb://%2Ftmp%2Fmongodb.sock/images",
        "mongodb://a.invalid,b.invalid:27018,c.invalid/images?replicaSet=rs0&readPreference=secondaryPreferred",
        "mongodb+srv://me:hunter2@cluster.invalid/images?retryWrites=true&w=majority&appName=x",
        "mongodb://me:p%40ss%3Aw%2Frd@a.invalid/images?authSource=admin&authMechanism=SCRAM-SHA-256",
        "mongodb://a.invalid/images?tls=true&tlsCAFile=/etc/ca.pem&tlsCertificateKeyFile=/etc/me.pem",
        "mongodb://a.invalid/images?tls=true&authMechanism=MONGODB-X509",
        "mongodb://a.invalid/images?directConnection=true&maxPoolSize=5&serverSelectionTimeoutMS=2000",
    ] {
        let settings = format!("connection_string = '{text}'");
        let installed = Installer::default().install::<MongoReader>(&settings);
        assert!(installed.is_ok(), "{text}: {:?}", installed.err());
    }
}

#[test]
fn wrong_setting_is_named_and_no_secret_is() {
    let check = |settings: &str, setting: &str, advice: &str| {
        let error = Installer::default()
            .install::<MongoReader>(settings)
            .map(drop)
            .unwrap_err();
        for message in [error.to_string(), format!("{error:?}")] {
            assert!(
                message.contains(setting) && message.contains(advice),
                "{settings}: {message}"
            );
            assert!(
                !message.contains("hunter2") && !message.contains("swordfish"),
                "{message}"
            );
        }
    };
    check("", "connection_string", "missing");
    let connection = |text: &str, advice| check(&format!("connection_string = '{text}'"), "connection_string", advice);
    connection("", "begins with");
    connection("host/images", "begins with");
    connection("hunter2://host/images", "begins with");
    connection("mongodb://", "before the options");
    connection("mongodb://me:hunter2:swordfish@host/images", "percent-encoded");
    connection("mongodb://me:hunter2/swordfish@host/images", "percent-encoded");
    connection("mongodb://me:hunter2%@host/images", "percent-encoded");
    connection("mongodb://me:hunter2?swordfish@host/images", "percent-encoded");
    connection("mongodb://host:hunter2/images", "before the options");
    connection("mongodb+srv://host:27017/images", "no port");
    connection("mongodb://host/images?hunter2", "name=value");
    connection(
        "mongodb://me:x?hunter2=swordfish@host/images?tls=true",
        "percent-encoded",
    );
    connection(
        "mongodb://me:hunter2@host/?tls=true&maxPoolSize=swordfish&w=1",
        "`maxPoolSize`",
    );
    connection("mongodb://me:hunter2@host/?tls=true&tls=false", "`tls`");
    connection("mongodb://me:hunter2@host/?poolSize=5", "`poolSize`");
    connection("mongodb://me:hunter2@host/?compressors=zlib&tls=true", "`compressors`");
    connection("mongodb://me:hunter2@host/?poolSize=5&tls=swordfish", "several");
    connection("mongodb://host/images?socketTimeoutMS=1000", "read_timeout");

    let host = "connection_string = 'mongodb://me:hunter2@host'\n";
    check(host, "database", "name the database");
    for database in ["", "a.b", "a b", "a/b", "$a"] {
        check(
            &format!("{host}database = '{database}'"),
            "database",
            "at most 63 bytes",
        );
    }
    let named = "connection_string = 'mongodb://me:hunter2@host/images'\n";
    for bucket in ["", "a/b", "$a"] {
        check(&format!("{named}bucket = '{bucket}'"), "bucket", "without `$`");
    }
    for setting in ["connect_timeout", "server_selection_timeout", "read_timeout"] {
        check(&format!("{named}{setting} = '0s'"), setting, "5s");
    }
    check(&format!("{named}max_connections = 0"), "nonzero", "");
    check(&format!("{named}buckets = 'fs'"), "buckets", "bucket");
}
