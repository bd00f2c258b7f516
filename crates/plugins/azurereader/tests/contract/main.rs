//! Source contract for Azurite, and this plugin's handling of containers, refusals and settings. Identities are tested
//! in `identities.rs`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use resizer_azurereader::AzureReader;
use resizer_engine::testing::{
    FaultyProxy, FaultyStore, Installer, SourceStore, read_all, source_contract, store_failure_contract,
};
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{Error, ErrorKind, Fetch, Source, SourcePath, Want};
use resizer_test_stores::azurite::{ACCOUNT, Azurite, KEY, signature};
use resizer_test_stores::http_origin::{Answer, HttpOrigin};

/// An Azurite with a private container, a public one, and one that may not be listed.
async fn azurite() -> Option<Azurite> {
    let azurite = Azurite::start()?;
    azurite.create("photos", false).await;
    azurite.create("logos", true).await;
    azurite.create("payroll", false).await;
    Some(azurite)
}

/// The account's address.
fn endpoint(azurite: &Azurite) -> String {
    format!("http://{}/{ACCOUNT}", azurite.address())
}

fn with_key(endpoint: &str) -> String {
    format!("account = '{ACCOUNT}'\nendpoint = '{endpoint}'\naccount_key = '{KEY}'\n")
}

fn installed(settings: &str) -> HookTable {
    Installer::default().install::<AzureReader>(settings).unwrap()
}

fn source(settings: &str) -> Arc<dyn Source> {
    Arc::clone(&installed(settings).sources[0].value.source)
}

fn path(path: &str) -> SourcePath {
    SourcePath::parse(path).unwrap()
}

async fn read(source: &Arc<dyn Source>, name: &str) -> Result<Vec<u8>, Error> {
    match source.fetch(&path(name), Want::whole()).await? {
        Fetch::Download(download) => read_all(download.bytes).await,
        Fetch::Unchanged => panic!("nothing was said to be known"),
    }
}

/// A reader whose paths begin with the suites' folders, which are containers of these names.
struct Contained {
    azurite: Azurite,
    source: Arc<dyn Source>,
    proxy: Option<FaultyProxy>,
}

impl Contained {
    async fn new(settings: impl FnOnce(&Azurite) -> String) -> Option<Self> {
        let azurite = Azurite::start()?;
        for container in ["contract", "names", "proxy"] {
            azurite.create(container, false).await;
        }
        // The suite asks for a name of one endless segment, which can only name a container.
        let settings = settings(&azurite) + "containers = ['contract', 'names', 'proxy']\n";
        Some(Self {
            source: source(&settings),
            azurite,
            proxy: None,
        })
    }
}

#[async_trait]
impl SourceStore for Contained {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        let (container, blob) = path.split_once('/').unwrap();
        self.azurite.put(container, blob, bytes).await;
    }

    async fn remove(&self, path: &str) {
        let (container, blob) = path.split_once('/').unwrap();
        self.azurite.remove(container, blob).await;
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[async_trait]
impl FaultyStore for Contained {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn proxy(&self) -> &FaultyProxy {
        self.proxy.as_ref().unwrap()
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        SourceStore::put(self, path, bytes).await;
    }

    fn secrets(&self) -> Vec<String> {
        vec![KEY.to_owned(), "sig=".to_owned(), "sv=".to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn container_satisfies_the_source_contract() {
    if let Some(contained) = Contained::new(|azurite| with_key(&endpoint(azurite))).await {
        source_contract(&contained).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failure_is_reported_without_the_signature() {
    let Some(mut contained) = Contained::new(|azurite| with_key(&endpoint(azurite))).await else {
        return;
    };
    let proxy = FaultyProxy::before(contained.azurite.address()).await.unwrap();
    contained.source = source(&format!(
        "account = '{ACCOUNT}'\nendpoint = 'http://{}/{ACCOUNT}'\nsas = '{}'\ncontainers = ['proxy']\n\
         connect_timeout = '1s'\nread_timeout = '1s'\nfetch_timeout = '4s'",
        proxy.address(),
        signature("r", "2099-01-01T00:00:00Z")
    ));
    contained.proxy = Some(proxy);
    store_failure_contract(&contained).await;
}

#[tokio::test]
async fn every_way_to_name_the_account_works() {
    let Some(azurite) = azurite().await else { return };
    azurite.put("photos", "a.jpg", b"private").await;
    azurite.put("logos", "a.jpg", b"public").await;
    let (at, port) = (endpoint(&azurite), azurite.address().port());
    let lasting = signature("r", "2099-01-01T00:00:00Z");
    for settings in [
        with_key(&at),
        format!("account = '{ACCOUNT}'\nendpoint = '{at}'\nsas = '?{lasting}'"),
        format!("connection_string = 'AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={at};'"),
        format!("connection_string = 'BlobEndpoint={at};SharedAccessSignature={lasting}'"),
        format!("connection_string = 'UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://127.0.0.1:{port}'"),
    ] {
        let source = source(&format!("{settings}\ncontainers = ['photos', 'logos']"));
        assert_eq!(read(&source, "photos/a.jpg").await.unwrap(), b"private", "{settings}");
        source.stat(&path("photos/a.jpg")).await.unwrap();
    }
    let anonymous = format!("account = '{ACCOUNT}'\nendpoint = '{at}'\nanonymous = true\n");
    let source = source(&(anonymous + "containers = ['photos', 'logos']"));
    assert_eq!(read(&source, "logos/a.jpg").await.unwrap(), b"public");
    let error = read(&source, "photos/a.jpg").await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden),
        "a private container: {error:?}"
    );
}

#[tokio::test]
async fn only_listed_containers_are_served() {
    let Some(azurite) = azurite().await else { return };
    azurite.put("photos", "a/b.jpg", b"photos").await;
    azurite.put("payroll", "a/b.jpg", b"secret").await;
    let source = source(&(with_key(&endpoint(&azurite)) + "containers = ['photos', 'absent']"));
    let check = async |name: &str, expected: Result<&[u8], ErrorKind>| {
        let found = read(&source, name).await;
        let found = found.as_deref().map_err(Error::kind);
        assert_eq!(found, expected, "{name}");
    };
    check("photos/a/b.jpg", Ok(b"photos")).await;
    check("photos", Err(ErrorKind::NotFound)).await;
    check("photos/A/b.jpg", Err(ErrorKind::NotFound)).await;
    check("absent/a/b.jpg", Err(ErrorKind::NotFound)).await;
    for forbidden in ["payroll/a/b.jpg", "PHOTOS/a/b.jpg", "photos%2Fa/b.jpg"] {
        check(forbidden, Err(ErrorKind::Forbidden)).await;
    }
    for name in ["photos/a//b.jpg", "photos//a/b.jpg", "photos/a/b.jpg/"] {
        let error = read(&source, name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}: {error:?}");
        assert!(error.cause().unwrap().contains("empty segment"), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn refused_credentials_are_no_proof_that_an_image_does_not_exist() {
    let Some(azurite) = azurite().await else { return };
    azurite.put("photos", "a.jpg", b"bytes").await;
    let at = endpoint(&azurite);
    let over = signature("r", "2020-01-01T00:00:00Z");
    let with_sas = |sas: &str| format!("account = '{ACCOUNT}'\nendpoint = '{at}'\nsas = '{sas}'\n");
    for (settings, kind) in [
        (with_key(&at).replace(KEY, "d3Jvbmc="), ErrorKind::Upstream),
        (with_sas(&over), ErrorKind::Upstream),
        (with_sas(&signature("l", "2099-01-01T00:00:00Z")), ErrorKind::Forbidden),
    ] {
        let source = source(&(settings.clone() + "containers = ['photos']"));
        let stat = source.stat(&path("photos/a.jpg")).await.unwrap_err();
        for error in [stat, read(&source, "photos/a.jpg").await.unwrap_err()] {
            assert_eq!(error.kind(), kind, "{settings}: {error:?}");
            assert!(error.cause().unwrap().contains("container photos"), "{error:?}");
            for secret in [KEY, "d3Jvbmc", "sig", "sv=", "2021-10-04"] {
                assert!(!format!("{error:?} {error}").contains(secret), "{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn redirect_is_a_refusal_and_leaks_no_signature() {
    let there = HttpOrigin::start(|_| Answer::new(404, &[], b"")).await.unwrap();
    let to = format!("http://{}/there", there.address());
    let here = HttpOrigin::start(move |_| Answer::new(302, &[("Location", &to)], b""));
    let here = here.await.unwrap();
    let source = source(&format!(
        "account = 'shop'\nendpoint = 'http://{}'\nsas = 'sv=1&sig=hunter2'\ncontainers = ['photos']",
        here.address()
    ));
    let stat = source.stat(&path("photos/a.jpg")).await.unwrap_err();
    for error in [stat, read(&source, "photos/a.jpg").await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
        assert!(error.cause().unwrap().contains("it answered 302"), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    assert!(here.asked()[0].target.contains("sig=hunter2"));
    assert_eq!(there.connections(), 0);
}
