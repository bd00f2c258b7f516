//! Contract suite of `remotereader`: what every source does, against nginx, and this plugin's own cases: faulty
//! origins, forbidden addresses, redirects, TLS, settings.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod codings;
mod forbidden;
mod redirects;
mod settings;
mod tls;
mod walk;

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Extensions;
use resizer_engine::testing::{
    FaultyProxy, FaultyStore, Installer, SourceStore, read_all, source_contract, store_failure_contract,
};
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{
    Download, Error, Fetch, Query, RequestHead, RewriteEvent, Source, SourceKey, SourcePath, Stat, Want,
};
use resizer_remotereader::RemoteReader;
use resizer_test_stores::http_origin::{Answer, Asked, HttpOrigin};
use resizer_test_stores::nginx::Nginx;

const KEY: &str = "a key that signs";

/// The installed plugin, and the host and port at the start of its paths.
struct Reader {
    table: HookTable,
    authority: String,
}

impl Reader {
    /// Reads from a server on 127.0.0.1, without TLS.
    fn of(address: SocketAddr, more: &str) -> Self {
        Self::installed(&Installer::default(), address, more)
    }

    fn installed(installer: &Installer, address: SocketAddr, more: &str) -> Self {
        let settings = format!(
            "{more}
             allow = [{{ domain = '127.0.0.1' }}]
             allow_addresses = ['127.0.0.1']
             schemes = ['http']
             ports = [{}]
             signing_key = '{KEY}'
             connect_timeout = '1s'
             read_timeout = '1s'",
            address.port()
        );
        Self {
            table: installer.install::<RemoteReader>(&settings).unwrap(),
            authority: address.to_string(),
        }
    }

    fn source(&self) -> &Arc<dyn Source> {
        &self.table.sources[0].value.source
    }

    /// A path of the server, as the source is given it.
    fn path(&self, path: &str) -> SourcePath {
        SourcePath::parse(&format!("{}/{path}", self.authority)).unwrap()
    }

    /// The path below the prefix that the signed form becomes.
    fn signed(&self, url: &str) -> SourcePath {
        self.try_signed(url).unwrap()
    }

    fn try_signed(&self, url: &str) -> Result<SourcePath, Error> {
        let (urlb64, hmac) = base64_and_hmac(url);
        let (head, mut path) = (RequestHead::get("", ""), "/remote.jpg".to_owned());
        let mut query = Query::parse(&format!("urlb64={urlb64}&hmac={hmac}"));
        let (mut any_extension, mut state) = (false, Extensions::default());
        let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any_extension, &mut state);
        (self.table.on_rewrite[0].value)(&mut event)?;
        Ok(SourcePath::parse(path.strip_prefix("/remote/").unwrap()).unwrap())
    }

    async fn fetch(&self, path: &str, want: Want) -> Result<Fetch, Error> {
        self.source().fetch(&self.path(path), want).await
    }

    async fn stat(&self, path: &str) -> Result<Stat, Error> {
        self.source().stat(&self.path(path)).await
    }

    async fn download(&self, path: &str, range: Option<std::ops::RangeInclusive<u64>>) -> Result<Download, Error> {
        match self.fetch(path, Want::whole().with_range(range)).await? {
            Fetch::Download(download) => Ok(download),
            Fetch::Unchanged => panic!("nothing was said to be known"),
        }
    }

    async fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        read_all(self.download(path, None).await?.bytes).await
    }
}

/// A URL, signed with the key.
fn base64_and_hmac(url: &str) -> (String, String) {
    let urlb64 = URL_SAFE_NO_PAD.encode(url);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(urlb64.as_bytes());
    let hmac = URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..8]);
    (urlb64, hmac)
}

/// A server with these answers, and a reader of it.
async fn origin(more: &str, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (HttpOrigin, Reader) {
    let origin = HttpOrigin::start(answer).await.unwrap();
    let reader = Reader::of(origin.address(), more);
    (origin, reader)
}

/// A source for the suites, with the paths of one server.
struct OneServer {
    source: Arc<dyn Source>,
    authority: String,
}

impl OneServer {
    fn of(reader: &Reader) -> Arc<dyn Source> {
        Arc::new(Self {
            source: Arc::clone(reader.source()),
            authority: reader.authority.clone(),
        })
    }

    fn path(&self, path: &SourcePath) -> SourcePath {
        SourcePath::parse(&format!("{}/{path}", self.authority)).unwrap()
    }
}

#[async_trait]
impl Source for OneServer {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        self.source.identity(&self.path(path))
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        self.source.stat(&self.path(path)).await
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        self.source.fetch(&self.path(path), want).await
    }
}

/// nginx and a source that reads from it, directly or through a proxy that causes failures.
struct Served {
    nginx: Nginx,
    proxy: FaultyProxy,
    source: Arc<dyn Source>,
}

impl Served {
    async fn start(through_proxy: bool) -> Option<Self> {
        let nginx = Nginx::start(None)?;
        let proxy = FaultyProxy::before(nginx.address()).await.unwrap();
        let address = if through_proxy {
            proxy.address()
        } else {
            nginx.address()
        };
        let source = OneServer::of(&Reader::of(address, ""));
        Some(Self { nginx, proxy, source })
    }
}

#[async_trait]
impl SourceStore for Served {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.nginx.put(path, bytes).unwrap();
    }

    async fn remove(&self, path: &str) {
        self.nginx.remove(path).unwrap();
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[async_trait]
impl FaultyStore for Served {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn proxy(&self) -> &FaultyProxy {
        &self.proxy
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.nginx.put(path, bytes).unwrap();
    }

    fn secrets(&self) -> Vec<String> {
        vec![KEY.to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_keeps_the_contract() {
    if let Some(served) = Served::start(false).await {
        source_contract(&served).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_keeps_the_contract_when_the_store_fails() {
    if let Some(served) = Served::start(true).await {
        store_failure_contract(&served).await;
    }
}
