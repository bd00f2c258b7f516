//! Hooks: the powers of a plugin at each event, and the order of events and entries.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use resizer_plugin_api::{
    Authorizer, DefaultsEvent, Error, ErrorKind, Flow, HookResult, Hooks, ImageRequest, InstallError, MissingEvent,
    Plugin, PreHandleEvent, Reply, ResponseEvent, RewriteEvent, Substitute, async_trait, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::store::{Object, Served, png, world};

/// Writes its mark into the header `x-trace` at every event, and acts as the path tells.
struct Probe {
    mark: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProbeConfig {
    mark: String,
}

#[derive(Clone, Default)]
struct Trace(String);

impl Plugin for Probe {
    const NAME: &'static str = "testprobe";
    const SUMMARY: &'static str = "Shows the order of things.";
    type Config = ProbeConfig;

    fn install(config: ProbeConfig, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let this = Arc::new(Self { mark: config.mark });
        hooks.query_key("probe");
        hooks.on_request(&this, Self::request);
        hooks.on_rewrite(&this, Self::rewrite);
        hooks.on_rewrite_defaults(&this, Self::defaults);
        hooks.on_post_rewrite(&this, Self::post_rewrite);
        hooks.on_image_missing(&this, Self::missing);
        hooks.on_pre_handle(&this, Self::pre_handle);
        hooks.on_response(&this, Self::response);
        hooks.add_authorizer(this);
        Ok(())
    }
}
register!(Probe);

impl Probe {
    fn note(&self, state: &mut http::Extensions, event: &str) {
        let trace = state.get_or_insert_default::<Trace>();
        trace.0.push_str(&format!("{event}{} ", self.mark));
    }

    fn request(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        self.note(event.state, "request");
        match event.path.as_str() {
            "/answered" => Ok(Flow::Respond(Reply::text(http::StatusCode::IM_A_TEAPOT, "by a hook"))),
            "/panics.png" => panic!("boom"),
            "/no-extension" => {
                *event.any_extension = true;
                Ok(Flow::Continue)
            }
            _ => Ok(Flow::Continue),
        }
    }

    fn rewrite(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        self.note(event.state, "rewrite");
        if let Some(rest) = event.path.strip_prefix("/alias/") {
            *event.path = format!("/{rest}");
        }
        Ok(Flow::Continue)
    }

    fn defaults(&self, event: &mut DefaultsEvent<'_>) -> HookResult {
        self.note(event.state, "defaults");
        event.set_default("width", "3");
        Ok(Flow::Continue)
    }

    fn post_rewrite(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        self.note(event.state, "post");
        if event.query.get("height") == Some("1000") {
            event.query.set("height", "2");
        }
        Ok(Flow::Continue)
    }

    fn missing(&self, event: &mut MissingEvent<'_>) -> HookResult {
        match event.request.path.as_str() {
            "/redirect.png" => Ok(Flow::Respond(Reply::redirect(
                http::StatusCode::FOUND,
                "/elsewhere.png",
            ))),
            "/other.png" => {
                *event.substitute = Some(Substitute::new("/a.png"));
                Ok(Flow::Continue)
            }
            "/other-missing.png" => {
                *event.substitute = Some(Substitute::new("/neither.png"));
                Ok(Flow::Continue)
            }
            _ => Ok(Flow::Continue),
        }
    }

    fn pre_handle(&self, event: &mut PreHandleEvent<'_>) -> HookResult {
        let class = event.request.head.headers.get("accept").map_or("none", |_| "some");
        event.vary(HeaderName::from_static("accept"), class);
        event.headers().insert("x-pre", HeaderValue::from_static("handled"));
        Ok(Flow::Continue)
    }

    fn response(&self, event: &mut ResponseEvent<'_>) -> HookResult {
        let trace = event
            .request
            .and_then(|request| request.state.get::<Trace>())
            .cloned()
            .unwrap_or_default();
        event
            .headers
            .insert("x-trace", HeaderValue::from_str(&trace.0).unwrap());
        event
            .headers
            .append("x-responded", HeaderValue::from_str(&self.mark).unwrap());
        Ok(Flow::Continue)
    }
}

#[async_trait]
impl Authorizer for Probe {
    async fn authorize(&self, request: &ImageRequest) -> Result<(), Error> {
        match request.query.get("deny") {
            Some(mark) if mark == self.mark => Err(Error::new(ErrorKind::Forbidden, "Not for you.")),
            _ => Ok(()),
        }
    }
}

async fn probed(name: &str) -> Served {
    world(name).put("a.png", Object::of(png(8, 8, 9)));
    let probes = ["1", "2"]
        .map(|mark| format!("[[plugin]]\nname = \"testprobe\"\nmark = \"{mark}\"\n"))
        .concat();
    Served::store(name, &probes).await
}

#[tokio::test]
async fn events_fire_in_phase_order_and_handlers_in_file_order() {
    let served = probed("order").await;
    let answer = served.get("/a.png?width=2").await;
    let expected = "request1 request2 rewrite1 rewrite2 defaults1 defaults2 post1 post2 ";
    assert_eq!(answer.header("x-trace"), expected);
    let marks: Vec<_> = answer.reply.headers.get_all("x-responded").iter().collect();
    assert_eq!(marks, ["1", "2"]);
    assert_eq!(answer.header("x-pre"), "handled");
}

#[tokio::test]
async fn default_for_a_key_in_the_url_has_no_effect() {
    let served = probed("defaults").await;
    assert_eq!(served.get("/a.png?probe").await.png_size(), (3, 3));
    assert_eq!(served.get("/a.png?width=5").await.png_size(), (5, 5));
    assert_eq!(served.get("/a.png?WIDTH=5").await.png_size(), (5, 5));
    assert_eq!(
        served.get("/a.png?width=&height=4").await.png_size(),
        (4, 4),
        "present though empty"
    );
}

#[tokio::test]
async fn key_set_in_post_rewrite_beats_the_url() {
    assert_eq!(
        probed("last word")
            .await
            .get("/a.png?height=1000&width=")
            .await
            .png_size(),
        (2, 2)
    );
}

#[tokio::test]
async fn hook_that_answers_redirects_or_substitutes_is_obeyed() {
    let served = probed("answers").await;
    let teapot = served.get("/answered").await;
    assert_eq!((teapot.status, teapot.text().as_str()), (418, "by a hook"));
    assert_eq!(teapot.header("x-responded"), "1", "on_response sees every answer");
    assert_eq!(served.get("/alias/a.png?width=2").await.png_size(), (2, 2));
    let redirect = served.get("/redirect.png?width=2").await;
    assert_eq!((redirect.status, redirect.header("location")), (302, "/elsewhere.png"));
    assert_eq!(served.get("/other.png?width=2").await.png_size(), (2, 2));
    assert_eq!(
        served.get("/other-missing.png?width=2").await.status,
        404,
        "a substitute is asked for once"
    );
    assert_eq!(served.get("/missing.png?width=2").await.status, 404);
}

#[tokio::test]
async fn image_found_missing_by_its_fetch_is_substituted() {
    let served = probed("fetch shows").await;
    let unasked = Object {
        validator: None,
        ..Object::of(png(8, 8, 9))
    };
    world("fetch shows").put(
        "other.png",
        Object {
            fetch_error: Some(ErrorKind::NotFound),
            ..unasked
        },
    );
    assert_eq!(
        served.get("/other.png?width=2").await.png_size(),
        (2, 2),
        "the bytes of /a.png"
    );
}

#[tokio::test]
async fn image_lost_since_its_stat_is_substituted() {
    let served = probed("lost since").await;
    let object = Object {
        fetch_error: Some(ErrorKind::NotFound),
        ..Object::of(png(8, 8, 9))
    };
    world("lost since").put("other.png", object);
    assert_eq!(served.get("/other.png?width=2").await.png_size(), (2, 2));
}

#[tokio::test]
async fn substitute_found_missing_by_its_fetch_is_404() {
    let served = probed("substitute lost").await;
    let world = world("substitute lost");
    let object = Object {
        fetch_error: Some(ErrorKind::NotFound),
        ..Object::of(png(8, 8, 9))
    };
    world.put("a.png", object);
    assert_eq!(served.get("/other.png?width=2").await.status, 404);
    assert_eq!(world.counts(), (2, 1), "asked about both, fetched the substitute");
}

#[tokio::test]
async fn request_denied_by_one_authorizer_is_403() {
    let served = probed("authorize").await;
    for (query, status) in [("deny=1", 403), ("deny=2", 403), ("deny=3", 200)] {
        assert_eq!(
            served.get(&format!("/a.png?width=2&{query}")).await.status,
            status,
            "{query}"
        );
    }
    assert_eq!(world("authorize").counts(), (1, 1), "the denied ones asked no store");
}

#[tokio::test]
async fn panic_in_a_handler_is_500_and_the_server_lives() {
    let served = probed("panic").await;
    let answer = served.get("/panics.png?width=2").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("boom"), "{}", answer.text());
    assert_eq!(
        answer.header("x-content-type-options"),
        "nosniff",
        "it is a response like all others"
    );
    assert_eq!(served.get("/a.png?width=2").await.status, 200);
}

#[tokio::test]
async fn header_that_a_plugin_varies_on_is_in_vary_and_in_the_key() {
    let served = probed("vary").await;
    let plain = served.get("/a.png?width=2").await;
    let accepting = served.request("/a.png?width=2", &[("accept", "image/webp")]).await;
    let other = served.request("/a.png?width=2", &[("accept", "image/avif")]).await;
    assert_eq!(plain.header("vary"), "accept");
    assert_ne!(plain.header("etag"), accepting.header("etag"));
    assert_eq!(other.header("etag"), accepting.header("etag"), "one class, one variant");
}

#[tokio::test]
async fn path_without_an_image_extension_is_404() {
    let served = probed("names").await;
    let world = world("names");
    world.put("secret.txt", Object::of("secret"));
    world.put("no-extension", Object::of(png(8, 8, 9)));
    for path in ["/secret.txt", "/secret.txt?width=2", "/", "/a", "/.png/secret.txt"] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    assert_eq!(
        served.get("/no-extension?width=2&format=png").await.png_size(),
        (2, 2),
        "by a plugin's word"
    );
}
