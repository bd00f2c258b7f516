//! Whole requests, from the URL of a client to its image.

use std::path::Path;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use resizer_engine::testing::read_body;
use resizer_engine::{Engine, Environment, Site, load};
use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{Metrics, RequestHead};
use resizer_test_stores::http_origin::{Answer, HttpOrigin};

use super::{KEY, base64_and_hmac};

const LAKE: &[u8] = include_bytes!("../../../../../samples/lake.jpg");

struct Served {
    engine: Engine,
    site: Arc<Site>,
    origin: HttpOrigin,
}

impl Served {
    async fn new(more: &str) -> Self {
        let origin = HttpOrigin::start(|asked| match asked.target.as_str() {
            "/page.jpg" => Answer::new(200, &[("Content-Type", "image/jpeg")], b"<html><script>"),
            "/open/nameless.jpg" => Answer::new(200, &[], LAKE),
            _ => Answer::new(200, &[("ETag", "\"v\"")], LAKE),
        })
        .await
        .unwrap();
        let text = format!(
            "[[plugin]]
             name = 'remotereader'
             signing_key = '{KEY}'
             allow_all_signed_requests = true
             allow = [{{ domain = '127.0.0.1', path = '/open/' }}]
             allow_addresses = ['127.0.0.1']
             schemes = ['http']
             ports = [{}]
             {more}",
            origin.address().port()
        );
        let (metrics, resources) = (Metrics::default(), Arc::new(Resources::default()));
        let (path, environment) = (Path::new("plugins.toml"), Environment::of::<&str, &str>([]));
        let (loaded, problems) = load(path, &text, &environment, &[], &resources, &metrics);
        let loaded = loaded.unwrap_or_else(|| panic!("{}", problems.render(path, &text)));
        let engine = Engine::new(&loaded.server, metrics, resources).unwrap();
        let site = engine.start(loaded).await.unwrap();
        Self { engine, site, origin }
    }

    /// Status, media type and body.
    async fn get(&self, path: &str, query: &str) -> (u16, String, Vec<u8>) {
        let head = RequestHead::get(path, query);
        let reply = self.engine.handle(Arc::clone(&self.site), head).await;
        let media_type = reply
            .headers
            .get(CONTENT_TYPE)
            .map(|text| text.to_str().unwrap().to_owned());
        let status = reply.status.as_u16();
        (
            status,
            media_type.unwrap_or_default(),
            read_body(reply.body).await.unwrap(),
        )
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.origin.address())
    }
}

fn width(jpeg: &[u8]) -> u16 {
    let mut decoder = jpeg_decoder::Decoder::new(jpeg);
    decoder.read_info().unwrap();
    decoder.info().unwrap().width
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_are_served_and_a_forged_signature_is_not() {
    let served = Served::new("").await;
    let host = served.origin.address();
    let (status, media_type, body) = served.get(&format!("/remote/{host}/open/a.jpg"), "width=100").await;
    assert_eq!((status, media_type.as_str(), width(&body)), (200, "image/jpeg", 100));
    assert_eq!(
        served.get(&format!("/remote/{host}/closed/a.jpg"), "width=100").await.0,
        403
    );

    let (urlb64, hmac) = base64_and_hmac(&served.url("/closed/b.jpg?c"));
    let query = format!("width=120&urlb64={urlb64}&hmac={hmac}");
    let (status, media_type, body) = served.get("/remote.jpg.ashx", &query).await;
    assert_eq!((status, media_type.as_str(), width(&body)), (200, "image/jpeg", 120));
    assert_eq!(served.origin.asked().last().unwrap().target, "/closed/b.jpg?c");

    // The image is cached by now, and still not served to a client without the key.
    let asked = served.origin.asked().len();
    for forged in [
        format!("width=120&urlb64={urlb64}&hmac=AAAAAAAAAAA"),
        format!("width=120&urlb64={urlb64}&hmac="),
        format!("width=120&urlb64={urlb64}"),
    ] {
        assert_eq!(served.get("/remote.jpg.ashx", &forged).await.0, 403, "{forged}");
    }
    let below = format!("/remote/@signed/{urlb64}/AAAAAAAAAAA/remote.jpg");
    assert_eq!(served.get(&below, "width=120").await.0, 403);
    assert_eq!(served.origin.asked().len(), asked, "nobody asks for them");

    let (urlb64, hmac) = base64_and_hmac(&served.url("/closed/b.png"));
    let (_, media_type, _) = served
        .get("/remote.jpg.ashx", &format!("width=9&urlb64={urlb64}&hmac={hmac}"))
        .await;
    assert_eq!(media_type, "image/png", "the format of the URL's extension");
}

#[tokio::test(flavor = "multi_thread")]
async fn image_is_reencoded_unless_untrusted_data_is_off() {
    let untrusted = Served::new("").await;
    let trusted = Served::new("untrusted_data = false").await;
    for (served, relays) in [(&untrusted, false), (&trusted, true)] {
        let host = served.origin.address();
        let (urlb64, hmac) = base64_and_hmac(&served.url("/closed/b.jpg"));
        for (path, query) in [
            (format!("/remote/{host}/open/a.jpg"), String::new()),
            (format!("/remote/{host}/open/a.jpg"), "process=no".to_owned()),
            ("/remote.jpg.ashx".to_owned(), format!("urlb64={urlb64}&hmac={hmac}")),
        ] {
            let (status, media_type, body) = served.get(&path, &query).await;
            assert_eq!((status, media_type.as_str()), (200, "image/jpeg"), "{path}");
            assert_eq!(body == LAKE, relays, "{path}?{query}");
        }
    }
    let (urlb64, hmac) = base64_and_hmac(&untrusted.url("/page.jpg"));
    let (status, _, body) = untrusted
        .get("/remote.jpg.ashx", &format!("urlb64={urlb64}&hmac={hmac}"))
        .await;
    assert_eq!(status, 415);
    assert!(!String::from_utf8_lossy(&body).contains("script"));
}

/// The origin sends neither ETag nor date. That the image exists is cached nevertheless.
#[tokio::test(flavor = "multi_thread")]
async fn origin_without_validators_is_asked_no_more_often_than_others() {
    let served = Served::new("").await;
    let path = format!("/remote/{}/open/nameless.jpg", served.origin.address());
    for width in [100, 120, 140] {
        assert_eq!(served.get(&path, &format!("width={width}")).await.0, 200);
    }
    let asked: Vec<String> = served.origin.asked().into_iter().map(|asked| asked.method).collect();
    assert_eq!(asked, ["HEAD", "GET", "GET", "GET"]);
}
