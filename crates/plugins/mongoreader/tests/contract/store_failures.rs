//! Store failures: a server that refuses, falls silent, breaks off or restarts; and connections, which end with the
//! plugin.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use mongodb::Database;
use mongodb::bson::doc;
use resizer_engine::testing::{FaultyProxy, FaultyStore, Mode, read_all, store_failure_contract};
use resizer_plugin_api::{Error, ErrorKind, Source, SourcePath};
use resizer_test_stores::mongod::{Mongod, upload};
use tokio::time::{Instant, sleep, timeout};

use super::{download, install, read};

const PASSWORD: &str = "hunter2-swordfish";
/// The timeout of finding a server is far below that of an answer, whose error is another.
const SETTINGS: &str =
    "connect_timeout = '1s'\nserver_selection_timeout = '500ms'\nread_timeout = '1s'\nmax_connections = 8";
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server that requires a password, behind a proxy.
struct Faulty {
    proxy: FaultyProxy,
    source: Arc<dyn Source>,
    database: Database,
    _server: Mongod,
}

impl Faulty {
    async fn new() -> Option<Self> {
        let server = Mongod::start_with_users().await?;
        let admin = server.administrator().await;
        let create = doc! { "createUser": "reader", "pwd": PASSWORD, "roles": ["readAnyDatabase"] };
        admin.run_command(create).await.unwrap();
        let proxy = FaultyProxy::before(server.address()).await.unwrap();
        let (address, login) = (proxy.address(), format!("reader:{PASSWORD}"));
        let source = install(&format!(
            "connection_string = 'mongodb://{login}@{address}/images?authSource=admin&directConnection=true'\n{SETTINGS}"
        ));
        Some(Self {
            proxy,
            source,
            database: admin.client().database("images"),
            _server: server,
        })
    }
}

#[async_trait]
impl FaultyStore for Faulty {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn proxy(&self) -> &FaultyProxy {
        &self.proxy
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        upload(&self.database, "fs", path, bytes).await;
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_store_satisfies_the_failure_contract() {
    if let Some(faulty) = Faulty::new().await {
        store_failure_contract(&faulty).await;
    }
}

async fn stat_fails(source: &dyn Source) -> Error {
    source.stat(&SourcePath::parse("a.jpg").unwrap()).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_a_timeout_and_refusal_is_not() {
    let Some(faulty) = Faulty::new().await else {
        return;
    };
    faulty.put("a.jpg", b"image").await;
    // Before the first connection, so that there is no server to select.
    for (mode, kind) in [(Mode::Silent, ErrorKind::Timeout), (Mode::Refuse, ErrorKind::Upstream)] {
        faulty.proxy.set(mode);
        sleep(Duration::from_secs(2)).await;
        let error = stat_fails(&*faulty.source).await;
        assert_eq!(error.kind(), kind, "{mode:?}: {error:?}");
    }
    faulty.proxy.set(Mode::Pass);
    comes_back(&*faulty.source).await;
    faulty.proxy.set(Mode::Silent);
    let error = stat_fails(&*faulty.source).await;
    assert_eq!(error.kind(), ErrorKind::Timeout, "with a connection: {error:?}");
}

async fn comes_back(source: &dyn Source) {
    let since = Instant::now();
    loop {
        match read(source, "a.jpg").await {
            Ok(bytes) => return assert_eq!(bytes, b"image"),
            Err(error) => {
                let of_the_store = matches!(error.kind(), ErrorKind::Upstream | ErrorKind::Timeout);
                assert!(of_the_store && since.elapsed() < TIMEOUT, "{error:?}");
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_server_is_read_again() {
    let Some(server) = Mongod::start(&[]) else {
        return;
    };
    let database = server.database("images").await;
    upload(&database, "fs", "a.jpg", b"image").await;
    upload(&database, "fs", "large.jpg", &vec![1; 20_000_000]).await;
    let source = install(&format!(
        "connection_string = 'mongodb://{}/images'\n{SETTINGS}",
        server.address()
    ));
    let mut cut = download(&*source, "large.jpg", None).await.unwrap().bytes;
    cut.next().await.unwrap().unwrap();
    server.kill();
    let error = timeout(TIMEOUT, read_all(cut)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream, "in the middle: {error:?}");
    for _ in 0..3 {
        let error = timeout(TIMEOUT, read(&*source, "a.jpg")).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "while it is away: {error:?}");
    }
    server.restart();
    comes_back(&*source).await;
    // Without a pause, like a deployment: the connections are broken and nothing has noticed yet.
    server.restart();
    comes_back(&*source).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_end_with_the_plugin() {
    let Some(faulty) = Faulty::new().await else {
        return;
    };
    faulty.put("a.jpg", b"image").await;
    assert_eq!(faulty.proxy.open(), 0, "installing a plugin connects to nothing");
    assert_eq!(read(&*faulty.source, "a.jpg").await.unwrap(), b"image");
    assert!(faulty.proxy.open() > 0);
    let Faulty { proxy, source, .. } = faulty;
    drop(source);
    let since = Instant::now();
    while proxy.open() > 0 {
        assert!(since.elapsed() < TIMEOUT, "{} connections are left open", proxy.open());
        sleep(Duration::from_millis(20)).await;
    }
}

/// A panic of a task shows only on standard error.
#[tokio::test(flavor = "multi_thread")]
async fn download_dropped_after_the_plugin_does_not_panic() {
    let Some(server) = Mongod::shared().await else {
        return;
    };
    upload(&server.database("left").await, "fs", "large.jpg", &vec![1; 20_000_000]).await;
    let panics = Arc::<AtomicUsize>::default();
    let (counted, before) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let in_driver = panic.location().is_some_and(|place| place.file().contains("mongodb-"));
        counted.fetch_add(in_driver.into(), Ordering::SeqCst);
        before(panic);
    }));
    let settings = format!(
        "connection_string = '{}'\ndatabase = 'left'",
        server.connection_string()
    );
    for _ in 0..20 {
        let source = install(&settings);
        let mut bytes = download(&*source, "large.jpg", None).await.unwrap().bytes;
        bytes.next().await.unwrap().unwrap();
        drop(source);
        drop(bytes);
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(panics.load(Ordering::SeqCst), 0, "panics of the driver");
}
