//! Source contract for an S3 server that verifies signatures, and this plugin's handling of buckets, refusals and
//! settings. Credentials of the environment are tested in `credentials.rs`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use resizer_engine::testing::{
    FaultyProxy, FaultyStore, Installer, SourceStore, read_all, source_contract, store_failure_contract,
};
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{Error, ErrorKind, Fetch, Source, SourcePath, Want};
use resizer_s3reader::S3Reader;
use resizer_test_stores::http_origin::{Answer, HttpOrigin, Then};
use resizer_test_stores::s3::{Key, S3, Visibility};

const REGION: &str = "eu-west-1";
const ID: &str = "AKIDEXAMPLE0001";
const SECRET: &str = "wJalr/XUtnFEMI+K7MDENG";

/// A server with a bucket of images, a public one, and one that may not be listed.
async fn server() -> S3 {
    let server = S3::start(REGION).await.unwrap();
    server.create("photos", Visibility::Private);
    server.create("logos", Visibility::Public);
    server.create("payroll", Visibility::Private);
    server.admit(&Key::lasting(ID, SECRET));
    server
}

fn signed(server: &S3) -> String {
    format!(
        "endpoint = 'http://{}'\nregion = '{REGION}'\naccess_key_id = '{ID}'\nsecret_access_key = '{SECRET}'\n",
        server.address()
    )
}

fn installed(settings: &str) -> HookTable {
    Installer::default().install::<S3Reader>(settings).unwrap()
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

/// A folder of a bucket, and a reader that serves it.
struct Mapped {
    server: S3,
    source: Arc<dyn Source>,
    proxy: Option<FaultyProxy>,
}

impl Mapped {
    async fn new() -> Self {
        let server = server().await;
        let settings = signed(&server) + "bucket = 'photos'\nfolder = 'shop/2024'";
        Self {
            source: source(&settings),
            server,
            proxy: None,
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        self.server.put("photos", &format!("shop/2024/{path}"), bytes.to_vec());
    }
}

#[async_trait]
impl SourceStore for Mapped {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.put(path, bytes);
    }

    async fn remove(&self, path: &str) {
        self.server.remove("photos", &format!("shop/2024/{path}"));
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[async_trait]
impl FaultyStore for Mapped {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn proxy(&self) -> &FaultyProxy {
        self.proxy.as_ref().unwrap()
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.put(path, bytes);
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), ID.to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_satisfies_the_source_contract() {
    source_contract(&Mapped::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_that_hides_absence_satisfies_the_source_contract() {
    let mapped = Mapped::new().await;
    mapped.server.tell_absence(false);
    source_contract(&mapped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failure_is_reported() {
    let mut mapped = Mapped::new().await;
    let proxy = FaultyProxy::before(mapped.server.address()).await.unwrap();
    mapped.source = source(&format!(
        "endpoint = 'http://{}'\nregion = '{REGION}'\naccess_key_id = '{ID}'\nsecret_access_key = '{SECRET}'\n\
         bucket = 'photos'\nfolder = 'shop/2024'\nconnect_timeout = '1s'\nread_timeout = '1s'\nfetch_timeout = '4s'",
        proxy.address()
    ));
    mapped.proxy = Some(proxy);
    store_failure_contract(&mapped).await;
}

#[tokio::test]
async fn unlisted_bucket_is_forbidden() {
    let server = server().await;
    for bucket in ["photos", "logos", "payroll"] {
        server.put(bucket, "a/b.jpg", bucket.as_bytes());
        server.put(bucket, bucket, "an object called as its bucket");
    }
    let source = source(&(signed(&server) + "buckets = ['photos', 'logos']"));
    let before = server.asked();
    let check = async |name: &str, expected: Result<&str, ErrorKind>| {
        let found = read(&source, name).await;
        let found = found.map(|bytes| String::from_utf8(bytes).unwrap());
        let found = found.as_deref().map_err(Error::kind);
        assert_eq!(found, expected, "{name}");
        if let Err(kind) = expected {
            let stat = source.stat(&path(name)).await;
            assert_eq!(stat.map_err(|error| error.kind()), Err(kind), "a stat of {name}");
        }
    };
    check("photos", Err(ErrorKind::NotFound)).await;
    for forbidden in ["payroll/a/b.jpg", "PHOTOS/a/b.jpg", "nosuch/a.jpg", "photos%2Fa/b.jpg"] {
        check(forbidden, Err(ErrorKind::Forbidden)).await;
    }
    assert_eq!(server.asked(), before, "what is not served is not asked for");
    check("photos/a/b.jpg", Ok("photos")).await;
    check("logos/a/b.jpg", Ok("logos")).await;
    check("photos/A/b.jpg", Err(ErrorKind::NotFound)).await;
    check("photos/photos", Ok("an object called as its bucket")).await;
}

#[tokio::test]
async fn object_costs_one_request_and_no_list() {
    let mapped = Mapped::new().await;
    mapped.put("a.jpg", b"bytes");
    read(&mapped.source, "a.jpg").await.unwrap();
    let asked = mapped.server.asked();
    assert_eq!((asked.heads, asked.gets, asked.lists), (0, 1, 0));
    mapped.source.stat(&path("a.jpg")).await.unwrap();
    let asked = mapped.server.asked();
    assert_eq!((asked.heads, asked.gets, asked.lists), (1, 1, 0));
}

#[tokio::test]
async fn busy_store_is_retried_a_limited_number_of_times() {
    let mapped = Mapped::new().await;
    mapped.put("a.jpg", b"bytes");
    mapped.server.slow_down(2);
    assert_eq!(read(&mapped.source, "a.jpg").await.unwrap(), b"bytes", "the third time");
    mapped.server.slow_down(1000);
    let before = mapped.server.asked().gets;
    let error = read(&mapped.source, "a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
    assert!(error.cause().unwrap().contains("503 SlowDown"), "{:?}", error.cause());
    assert_eq!(mapped.server.asked().gets - before, 4, "once and three times again");
    mapped.server.slow_down(0);
    assert_eq!(read(&mapped.source, "a.jpg").await.unwrap(), b"bytes", "afterwards");
}

/// The errors of a reader with these settings, for an object that exists and for an absent one.
async fn refused(settings: &str) -> (Error, Error) {
    let source = source(settings);
    let stat = source.stat(&path("a.jpg")).await.unwrap_err();
    let fetch = read(&source, "a.jpg").await.unwrap_err();
    (stat, fetch)
}

#[tokio::test]
async fn refused_credentials_do_not_mean_that_the_image_is_absent() {
    let server = server().await;
    server.put("photos", "a.jpg", "bytes");
    let good = signed(&server) + "bucket = 'photos'\n";
    let temporary = Key {
        id: "ASIATEMPORARY".to_owned(),
        secret: "temporary/secret".to_owned(),
        token: Some("temporary+token".to_owned()),
    };
    server.admit(&temporary);
    server.expire(&temporary.id);
    let with_token =
        good.replace(ID, &temporary.id).replace(SECRET, &temporary.secret) + "session_token = 'temporary+token'";
    for (settings, code) in [
        (good.replace(ID, "AKIDUNKNOWN"), "InvalidAccessKeyId"),
        (good.replace(SECRET, "wrong/secret"), "SignatureDoesNotMatch"),
        (good.replace(REGION, "us-west-2"), "AuthorizationHeaderMalformed"),
        (with_token, "ExpiredToken"),
    ] {
        let (stat, fetch) = refused(&settings).await;
        for error in [stat, fetch] {
            assert_eq!(error.kind(), ErrorKind::Upstream, "{code}: {error:?}");
            assert!(error.message().contains("S3"), "{error}");
            let cause = error.cause().unwrap();
            assert!(
                cause.contains(code) && cause.contains("bucket photos"),
                "{code}: {cause}"
            );
            for secret in [SECRET, "wrong/secret", "temporary/secret", "temporary+token"] {
                assert!(!format!("{error:?}").contains(secret), "{error:?}");
            }
        }
    }
}

/// A server that redirects all requests, and the target, which has any object.
async fn sending_on() -> (HttpOrigin, HttpOrigin) {
    let there = HttpOrigin::start(|_| Answer::new(200, &[("ETag", "\"1\"")], b"bytes"));
    let there = there.await.unwrap();
    let to = format!("http://{}/there", there.address());
    let here = HttpOrigin::start(move |_| Answer::new(307, &[("Location", &to)], b""));
    (here.await.unwrap(), there)
}

#[tokio::test]
async fn redirect_is_a_refusal_and_leaks_no_token() {
    let (here, there) = sending_on().await;
    let (error, fetch) = refused(&format!(
        "endpoint = 'http://{}'\nbucket = 'photos'\naccess_key_id = 'a'\nsecret_access_key = 'b'\nsession_token = 'c'",
        here.address()
    ))
    .await;
    for error in [error, fetch] {
        assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
        assert!(error.cause().unwrap().contains("it answered 307"), "{error:?}");
    }
    assert_eq!(here.asked().len(), 2, "one stat and one fetch");
    assert_eq!(there.connections(), 0);
}

#[tokio::test]
async fn download_whose_rest_is_refused_breaks_off() {
    for status in [304, 404, 416] {
        let store = HttpOrigin::start(move |asked| match asked.header("range") {
            "" => Answer::new(200, &[("ETag", "\"1\""), ("Content-Length", "10")], b"bytes").then(Then::Close),
            _ => Answer::new(status, &[], b""),
        });
        let store = store.await.unwrap();
        let source = source(&format!(
            "endpoint = 'http://{}'\nbucket = 'photos'\nanonymous = true",
            store.address()
        ));
        let error = read(&source, "a.jpg").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "{status}: {error:?}");
        assert!(
            error.cause().unwrap().contains(&format!("it answered {status}")),
            "{error:?}"
        );
        assert_eq!(store.asked().len(), 2, "the rest was asked for");
    }
}

#[tokio::test]
async fn anonymous_reader_sees_public_buckets() {
    let server = server().await;
    server.put("logos", "a.jpg", "public");
    server.put("photos", "a.jpg", "private");
    let anonymous = format!("endpoint = 'http://{}'\nanonymous = true\n", server.address());
    let source = source(&(anonymous + "buckets = ['logos', 'photos']"));
    assert_eq!(read(&source, "logos/a.jpg").await.unwrap(), b"public");
    let error = read(&source, "photos/a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "a 403 is a 404: {error:?}");
    assert!(error.cause().unwrap().contains("AccessDenied"), "{error:?}");
}

#[tokio::test]
async fn unaddressable_key_is_absent_and_logged() {
    let mapped = Mapped::new().await;
    for name in ["a//b.jpg", "a.jpg/", "/a.jpg"] {
        mapped.put(name, b"there, but not for us");
        for error in [
            mapped.source.stat(&path(name)).await.unwrap_err(),
            read(&mapped.source, name).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{name}: {error:?}");
            assert!(error.cause().unwrap().contains("empty segment"), "{name}: {error:?}");
        }
    }
    assert_eq!(mapped.server.asked().gets, 0, "none was asked for");
}
