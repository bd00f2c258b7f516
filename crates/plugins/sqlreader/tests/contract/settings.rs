//! Settings: defaults, hooks, and refusals before any IO.

use std::time::Duration;

use resizer_engine::testing::Installer;
use resizer_plugin_api::UrlPrefix;
use resizer_plugin_api::engine::Registration;
use resizer_sqlreader::SqlReader;

use crate::db::path;

#[test]
fn missing_settings_have_defaults() {
    let table = Installer::default()
        .install::<SqlReader>("connection_string = 'sqlite://images.db'")
        .unwrap();
    let mounted = &table.sources[0].value;
    assert_eq!(mounted.prefix.as_str(), "/databaseimages/");
    assert!(!mounted.policy.fast);
    assert_eq!(mounted.policy.check_modified, Duration::from_secs(300));
    assert_eq!(mounted.policy.fetch_timeout, Duration::from_secs(30));
    assert!(mounted.policy.require_image_extension && !mounted.policy.untrusted_data);
    assert_eq!((table.sources.len(), table.on_connect.len()), (1, 1));
    assert_eq!((table.on_start.len(), table.on_stop.len()), (0, 0));
    assert!(table.query_keys.is_empty());
    let schema = serde_json::to_value((Registration::of::<SqlReader>("").schema)()).unwrap();
    let default = |setting: &str| &schema["properties"][setting]["default"];
    for (setting, expected) in [
        ("id_type", "integer"),
        ("blob_query", "SELECT Content FROM Images WHERE ImageID = @id"),
        ("max_blob", "64MiB"),
        ("connect_timeout", "3s"),
        ("read_timeout", "10s"),
    ] {
        assert_eq!(default(setting), expected, "{setting}");
    }
    assert_eq!(default("max_connections"), 10);
    assert_eq!(default("extension_part_of_id"), false);
}

#[test]
fn identity_names_database_query_and_id() {
    let identity = |settings: &str| {
        let source = crate::db::install(settings);
        source.identity(&path("7.jpg")).as_str().to_owned()
    };
    let url = "connection_string = 'postgres://me:hunter2@db.example/shop'\n";
    let first = identity(url);
    assert!(first.starts_with("sql:postgres://db.example:5432/shop:"), "{first}");
    assert!(first.ends_with("/7"), "{first}");
    assert!(!first.contains("hunter2"), "{first}");
    assert_eq!(
        identity(&format!("{url}prefix = '/other/'\nmax_connections = 3")),
        first
    );
    assert_eq!(
        identity(&url.replace("hunter2", "hunter3")),
        first,
        "a new password is no new image"
    );
    assert_ne!(identity(&url.replace("shop", "shed")), first);
    // One query finds other rows for another user, or in another schema.
    assert_ne!(identity(&url.replace("me:", "you:")), first);
    let schema = |name| identity(&url.replace("shop", &format!("shop?options=-csearch_path%3D{name}")));
    assert_ne!(schema("a"), first);
    assert_ne!(schema("a"), schema("b"));
    let mysql = url.replace("postgres", "mysql");
    assert_ne!(identity(&mysql.replace("me:", "you:")), identity(&mysql));
    assert_ne!(
        identity(&format!(
            "{url}blob_query = 'SELECT Small FROM Images WHERE ImageID = @id'"
        )),
        first
    );
    let prefix: UrlPrefix = "/databaseimages/".parse().unwrap();
    assert!(!first.contains(prefix.as_str()), "{first}");
}

#[test]
fn wrong_setting_is_named() {
    for (settings, setting, part) in [
        ("", "connection_string", "missing"),
        (
            "connection_string = 'Server=db;Password=hunter2'",
            "connection_string",
            "postgres://",
        ),
        (
            "connection_string = 'mssql://me:hunter2@db/a'",
            "connection_string",
            "postgres://",
        ),
        (
            "connection_string = 'postgres://me:hunter2#@db/a'",
            "connection_string",
            "%23",
        ),
        (
            "connection_string = 'mysql://me:hunter2@db/a?sslmod=x'",
            "connection_string",
            "ssl-mode",
        ),
        (
            "connection_string = 'sqlite://a.db'\nid_type = 'guid'",
            "id_type",
            "uuid",
        ),
        (
            "connection_string = 'sqlite://a.db'\nblob_query = 'SELECT a FROM b'",
            "blob_query",
            "@id",
        ),
        (
            "connection_string = 'sqlite://a.db'\nblob_query = \"SELECT a FROM b WHERE c = '@id'\"",
            "blob_query",
            "without",
        ),
        (
            "connection_string = 'sqlite://a.db'\nmodified_query = 'SELECT a FROM b'",
            "modified_query",
            "@id",
        ),
        (
            "connection_string = 'sqlite://a.db'\nmax_connections = 0",
            "max_connections",
            "zero",
        ),
        (
            "connection_string = 'sqlite://a.db'\nread_timeout = '0s'",
            "read_timeout",
            "time",
        ),
        (
            "connection_string = 'sqlite://a.db'\nconnect_timeout = 0",
            "connect_timeout",
            "time",
        ),
        (
            "connection_string = 'sqlite://a.db'\nexists_query = 'x'",
            "exists_query",
            "unknown",
        ),
    ] {
        let error = Installer::default()
            .install::<SqlReader>(settings)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(error.contains(setting) && error.contains(part), "{settings}: {error}");
        // An error of the type shows the file's own text, which its printer masks.
        assert!(!error.contains("hunter2"), "{settings}: {error}");
    }
}
