//! Users and their rights, and the messages of `check --connect` for each wrong setting.

use mongodb::Client;
use mongodb::bson::doc;
use resizer_engine::testing::Installer;
use resizer_mongoreader::MongoReader;
use resizer_plugin_api::{ErrorKind, InstallError};
use resizer_test_stores::mongod::{Mongod, upload};
use resizer_test_stores::process::free_port;

use super::{Served, install, read};

const PASSWORD: &str = "hunter2:/?#[]@%";
const ENCODED: &str = "hunter2%3A%2F%3F%23%5B%5D%40%25";
/// Short timeouts, so that a test of an absent server ends soon.
const SOON: &str = "connect_timeout = '1s'\nserver_selection_timeout = '1s'\nread_timeout = '5s'\n";

/// Checks the connection, and compares the blamed setting and the advice if that fails.
async fn check(settings: &str, expected: Result<(), (&str, &str)>) {
    let installer = Installer::default();
    let table = installer.install::<MongoReader>(settings).unwrap();
    let check = &table.on_connect[0].value;
    match (check().await, expected) {
        (Ok(()), Ok(())) => {}
        (Err(InstallError::Setting { name, message }), Err((setting, advice))) => {
            assert_eq!(name, setting, "{settings}: {message}");
            assert!(message.contains(advice), "{settings}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        (found, expected) => panic!("{settings}: {expected:?}, not {found:?}"),
    }
}

#[tokio::test]
async fn user_with_the_right_reads_and_others_learn_nothing() {
    let Some(server) = Mongod::start_with_users().await else {
        return;
    };
    let admin = server.administrator().await;
    for (user, roles) in [
        ("reader", doc! { "role": "read", "db": "images" }),
        ("stranger", doc! { "role": "read", "db": "other" }),
    ] {
        let create = doc! { "createUser": user, "pwd": PASSWORD, "roles": [roles] };
        admin.run_command(create).await.unwrap();
    }
    upload(&admin.client().database("images"), "fs", "a.jpg", b"image").await;

    let address = server.address();
    let settings = |user: &str| {
        format!("connection_string = 'mongodb://{user}{address}/?authSource=admin'\ndatabase = 'images'\n")
    };
    let right = settings(&format!("reader:{ENCODED}@"));
    let wrong_password = settings("reader:hunter22@");
    let unknown = settings(&format!("nobody:{ENCODED}@"));
    let nobody = format!("connection_string = 'mongodb://{address}'\ndatabase = 'images'\n");
    let stranger = settings(&format!("stranger:{ENCODED}@"));

    assert_eq!(read(&*install(&right), "a.jpg").await.unwrap(), b"image");
    for settings in [&wrong_password, &unknown, &nobody, &stranger] {
        for path in ["a.jpg", "absent.jpg", "id/absent.jpg"] {
            let error = read(&*install(settings), path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Upstream, "{settings}: {error:?}");
            let (message, cause) = (error.message(), error.cause().unwrap());
            assert!(
                message.contains("does not let this server read"),
                "{settings}: {message}"
            );
            assert!(cause.contains("bucket fs of database images"), "{settings}: {cause}");
            assert!(
                !format!("{error:?}{message}{cause}").contains("hunter2"),
                "{settings}: {error:?}"
            );
        }
    }

    check(&right, Ok(())).await;
    check(
        &wrong_password,
        Err(("connection_string", "correct the user, the password")),
    )
    .await;
    check(&unknown, Err(("connection_string", "correct the user, the password"))).await;
    check(&nobody, Err(("connection_string", "add a user and a password"))).await;
    check(&stranger, Err(("database", "the role `read`"))).await;
}

#[tokio::test]
async fn absent_bucket_or_database_is_named() {
    let Some(served) = Served::new("connect").await else {
        return;
    };
    served.upload("a.jpg", b"image").await;
    let address = served.server.address();
    let settings = |rest: &str| format!("connection_string = 'mongodb://{address}/'\n{rest}");
    check(&settings("database = 'connect'"), Ok(())).await;
    check(
        &settings("database = 'Connects'"),
        Err(("database", "no database Connects")),
    )
    .await;
    check(
        &settings("database = 'connect'\nbucket = 'photos'"),
        Err(("bucket", "it has fs")),
    )
    .await;

    // A bucket whose files were all removed exists.
    served
        .database
        .collection::<mongodb::bson::Document>("fs.files")
        .delete_many(doc! {})
        .await
        .unwrap();
    check(&settings("database = 'connect'"), Ok(())).await;
}

#[tokio::test]
async fn absent_server_is_named() {
    let port = free_port().unwrap();
    let settings = |address: &str| format!("connection_string = 'mongodb://{address}'\ndatabase = 'images'\n{SOON}");
    let refusing = settings(&format!("me:{ENCODED}@127.0.0.1:{port}/?tls=false"));
    check(&refusing, Err(("connection_string", "see that the server runs"))).await;
    let error = read(&*install(&refusing), "a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
    assert!(error.cause().unwrap().contains("refused"), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");

    check(
        &settings(&format!("me:{ENCODED}@host.invalid")),
        Err(("connection_string", "see that the server")),
    )
    .await;
    let no_file = settings("127.0.0.1/?tls=true&tlsCAFile=/nowhere/ca.pem");
    check(&no_file, Err(("connection_string", "tlsCAFile"))).await;
}

#[tokio::test]
async fn tls_requires_a_trusted_certificate() {
    // A certificate for the loopback address, and its key, which protects nothing.
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/localhost.pem");
    let Some(server) = Mongod::start(&["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", pem]) else {
        return;
    };
    let address = server.address();
    let trusting = format!("mongodb://{address}/images?tls=true&tlsCAFile={pem}");
    let database = Client::with_uri_str(&trusting).await.unwrap().database("images");
    upload(&database, "fs", "a.jpg", b"image").await;
    let settings = |connection_string: &str| format!("connection_string = '{connection_string}'\n{SOON}");
    assert_eq!(read(&*install(&settings(&trusting)), "a.jpg").await.unwrap(), b"image");
    check(&settings(&trusting), Ok(())).await;

    let others = format!("mongodb://{address}/images?tls=true");
    let plain = format!("mongodb://{address}/images");
    for connection_string in [others, plain] {
        let settings = settings(&connection_string);
        let error = read(&*install(&settings), "a.jpg").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "{connection_string}: {error:?}");
        check(&settings, Err(("connection_string", "both sides agree on TLS"))).await;
    }
}

#[tokio::test]
async fn replica_set_is_found_by_its_name() {
    let Some(server) = Mongod::start(&["--replSet", "rs0"]) else {
        return;
    };
    let address = server.address();
    let member = doc! { "_id": 0, "host": address.to_string() };
    let initiate = doc! { "replSetInitiate": { "_id": "rs0", "members": [member] } };
    server.database("admin").await.run_command(initiate).await.unwrap();
    let set = format!("mongodb://{address}/images?replicaSet=rs0");
    // Waits until the set has elected its only member.
    let database = Client::with_uri_str(&set).await.unwrap().database("images");
    upload(&database, "fs", "a.jpg", b"image").await;
    let settings = |connection_string: &str| format!("connection_string = '{connection_string}'\n{SOON}");
    assert_eq!(read(&*install(&settings(&set)), "a.jpg").await.unwrap(), b"image");
    check(&settings(&set), Ok(())).await;
    let other = settings(&set.replace("rs0", "rs1"));
    assert_eq!(
        read(&*install(&other), "a.jpg").await.unwrap_err().kind(),
        ErrorKind::Upstream
    );
}
