//! Identities: imitations of the services that issue tokens, and of a store that accepts a token until the next is
//! issued. (Azurite accepts tokens by https only, and any token.) The reader runs in a process of its own, because the
//! environment belongs to the whole process.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use resizer_azurereader::AzureReader;
use resizer_engine::testing::{Installer, read_all};
use resizer_plugin_api::{ErrorKind, Fetch, InstallError, SourcePath, Want};
use resizer_test_stores::http_origin::{Answer, Asked, HttpOrigin, Then};

/// The variable that tells the reader's process the store's address.
const STORE: &str = "RESIZER_TEST_AZURE";
/// The variable with further settings for the reader's process.
const SETTINGS: &str = "RESIZER_TEST_SETTINGS";
/// The variable that tells the reader's process the text that the log must have, if reading must fail.
const FAILURE: &str = "RESIZER_TEST_FAILURE";
/// The number of reads.
const READS: usize = 6;
/// The number of tokens that expire as soon as they are issued. Later tokens last.
const SHORT_LIVED: usize = 3;

/// Issues tokens, one after another.
#[derive(Default)]
struct Giver(AtomicUsize);

impl Giver {
    fn last(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A new token, and whether it lasts.
    fn give(&self) -> (String, bool) {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        (format!("token.number.{number}"), number > SHORT_LIVED)
    }

    /// A response like that of the managed identity service.
    fn managed(&self) -> Answer {
        let (token, lasts) = self.give();
        let until = if lasts { "4070908800" } else { "1577836800" };
        answer(200, &format!(r#"{{"access_token":"{token}","expires_on":"{until}"}}"#))
    }

    /// A response like that of the login service.
    fn login(&self) -> Answer {
        let (token, lasts) = self.give();
        let seconds = if lasts { 3600 } else { 0 };
        answer(200, &format!(r#"{{"access_token":"{token}","expires_in":{seconds}}}"#))
    }
}

/// A response after which the client closes the connection.
fn answer(status: u16, body: &str) -> Answer {
    Answer::new(status, &[("Connection", "close")], body.as_bytes()).then(Then::Hang)
}

/// A store with one blob, for requests with the newest token.
async fn store(giver: &Arc<Giver>) -> HttpOrigin {
    let giver = Arc::clone(giver);
    let store = HttpOrigin::start(move |asked: &Asked| {
        let token = format!("Bearer token.number.{}", giver.last());
        match (asked.target.as_str(), asked.header("authorization") == token) {
            ("/shop/photos/a.jpg", true) => Answer::new(
                200,
                &[("ETag", "\"1\""), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")],
                b"bytes",
            ),
            _ => Answer::new(401, &[("x-ms-error-code", "InvalidAuthenticationInfo")], b""),
        }
    });
    store.await.unwrap()
}

/// Runs the reader's process with this environment.
async fn run(store: &HttpOrigin, environment: &[(&str, &str)]) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "reader_process", "--nocapture"]).env_clear();
    child.env(STORE, store.address().to_string());
    child.envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{environment:?}: {said}"
    );
}

#[tokio::test]
async fn reader_process() {
    let Ok(store) = std::env::var(STORE) else { return };
    let settings = format!(
        "account = 'shop'\nendpoint = 'http://{store}/shop'\ncontainers = ['photos']\n\
         connect_timeout = '1s'\nread_timeout = '2s'\nfetch_timeout = '4s'\n{}",
        std::env::var(SETTINGS).unwrap_or_default()
    );
    let table = Installer::default().install::<AzureReader>(&settings).unwrap();
    let source = &table.sources[0].value.source;
    let path = SourcePath::parse("photos/a.jpg").unwrap();
    if let Ok(expected) = std::env::var(FAILURE) {
        let error = source.fetch(&path, Want::whole()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
        assert!(error.cause().unwrap().contains(&expected), "{error:?}");
        match (table.on_connect[0].value)().await {
            Err(InstallError::Setting { name, message }) if matches!(&*name, "account" | "client_id") => {
                assert!(message.contains(&expected), "{message}");
            }
            other => panic!("{other:?}"),
        }
        return;
    }
    for time in 1..=READS {
        match source.fetch(&path, Want::whole()).await {
            Ok(Fetch::Download(download)) => assert_eq!(read_all(download.bytes).await.unwrap(), b"bytes"),
            other => panic!("the {time}. time: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn managed_identity_gives_tokens() {
    let giver = Arc::<Giver>::default();
    let store = store(&giver).await;
    let gives = Arc::clone(&giver);
    let service = HttpOrigin::start(move |asked| {
        let for_storage = asked.target.contains("resource=https%3A%2F%2Fstorage.azure.com");
        let right = for_storage && asked.target.contains("client_id=the-second-one");
        if right && asked.header("metadata") == "true" {
            gives.managed()
        } else {
            answer(400, "")
        }
    });
    let service = service.await.unwrap();
    let at = format!("http://{}/metadata/identity/oauth2/token", service.address());
    let endpoint = ("IDENTITY_ENDPOINT", at.as_str());
    run(&store, &[endpoint, (SETTINGS, "client_id = 'the-second-one'")]).await;
    assert_eq!(giver.last(), SHORT_LIVED + 1, "renewed as often as needed");
    run(
        &store,
        &[endpoint, (FAILURE, "the managed identity service: it answered 400")],
    )
    .await;
    let nobody = ("IDENTITY_ENDPOINT", "http://127.0.0.1:9/token");
    run(&store, &[nobody, (FAILURE, "the managed identity service: ")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workload_identity_gives_tokens() {
    let giver = Arc::<Giver>::default();
    let store = store(&giver).await;
    let gives = Arc::clone(&giver);
    let service = HttpOrigin::start(move |asked| match asked.target.as_str() {
        "/the-tenant/oauth2/v2.0/token" => gives.login(),
        _ => answer(404, ""),
    });
    let service = service.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "token.of.the.pod").unwrap();
    // As the webhook of Azure's Kubernetes service sets the host, with a trailing slash.
    let at = format!("http://{}/", service.address());
    let environment = [
        ("AZURE_CLIENT_ID", "the-client"),
        ("AZURE_TENANT_ID", "the-tenant"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
        ("AZURE_AUTHORITY_HOST", at.as_str()),
    ];
    run(&store, &environment).await;
    assert_eq!(giver.last(), SHORT_LIVED + 1, "renewed as often as needed");

    std::fs::remove_file(&file).unwrap();
    let failing = [&environment[..], &[(FAILURE, "Error reading federated token file")]].concat();
    run(&store, &failing).await;
}
