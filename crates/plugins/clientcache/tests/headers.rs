//! Tests of the client cache plugin: the headers of responses, by settings, path and status.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{CACHE_CONTROL, EXPIRES, HeaderMap, HeaderValue};
use resizer_clientcache::ClientCache;
use resizer_engine::testing::Installer;
use resizer_plugin_api::{RequestHead, ResponseEvent};

/// The headers of a response after the plugin has seen it.
fn amended(settings: &str, path: &str, status: u16, before: &[(&'static str, &'static str)]) -> HeaderMap {
    let table = Installer::default().install::<ClientCache>(settings).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in before {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    let head = RequestHead::get(path, "");
    let status = StatusCode::from_u16(status).unwrap();
    let mut event = ResponseEvent::new(&head, None, status, &mut headers);
    (table.on_response[0].value)(&mut event).unwrap();
    headers
}

fn cache_control(settings: &str, path: &str, status: u16) -> String {
    let headers = amended(settings, path, status, &[]);
    headers
        .get(CACHE_CONTROL)
        .map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[test]
fn plugin_hooks_on_response_only() {
    let table = Installer::default().install::<ClientCache>("").unwrap();
    assert_eq!(table.on_response.len(), 1);
    assert_eq!(table.on_response[0].plugin, "clientcache");
    let others = table.on_request.len() + table.on_rewrite.len() + table.on_rewrite_defaults.len();
    assert_eq!(
        others + table.on_post_rewrite.len() + table.on_pre_handle.len() + table.on_image_missing.len(),
        0
    );
}

#[test]
fn settings_become_directives() {
    let check = |settings: &str, expected: &str| {
        assert_eq!(cache_control(settings, "/a.jpg", 200), expected, "{settings}");
    };
    check("", "public, max-age=86400");
    check("minutes = 5", "public, max-age=300");
    check("minutes = 0", "public, max-age=0");
    check("minutes = 0\nshared_minutes = 60", "public, max-age=0, s-maxage=3600");
    check("visibility = 'private'", "private, max-age=86400");
    check("visibility = 'private'\nshared_minutes = 60", "private, max-age=86400");
    check(
        "minutes = 1\nshared_minutes = 2\nstale_while_revalidate = '30s'\nstale_if_error = '1d'\nimmutable = true",
        "public, max-age=60, s-maxage=120, stale-while-revalidate=30, stale-if-error=86400, immutable",
    );
    // 4,294,967,295 minutes; RFC 9111 lets caches count to 2^31 seconds.
    check("minutes = 4294967295", "public, max-age=2147483648");
}

#[test]
fn response_of_each_status_has_its_lifetime() {
    let check = |settings: &str, statuses: &[u16], expected: &str| {
        for status in statuses {
            assert_eq!(
                cache_control(settings, "/a.jpg", *status),
                expected,
                "{settings}: {status}"
            );
        }
    };
    check("", &[200, 206, 304], "public, max-age=86400");
    check("", &[301, 302, 303, 307, 308], "public, max-age=60");
    check("", &[404, 410], "public, max-age=10");
    check("", &[400, 403, 415, 422], "no-store");
    let set = "redirects = '1h'\nnot_found = '5m'\nclient_errors = '1m'\nvisibility = 'private'";
    check(set, &[301, 302], "private, max-age=3600");
    check(set, &[404, 410], "private, max-age=300");
    check(set, &[400, 403, 415, 422], "private, max-age=60");
    // An answer that depends on the request's headers or on the moment is never kept, whatever the settings.
    check(set, &[401, 402, 408, 412, 416, 429, 500, 502, 503, 504], "no-store");
    check("redirects = '0s'\nnot_found = '0s'", &[301, 302, 404, 410], "no-store");
    check("", &[204], "");
}

#[test]
fn rule_with_the_longest_prefix_applies_and_inherits_the_rest() {
    let settings = "
        minutes = 10
        stale_if_error = '1m'
        rules = [
            { prefix = '/p/', minutes = 1, not_found = '0s' },
            { prefix = '/p/q/', immutable = true, stale_if_error = '0s', visibility = 'private' },
            { prefix = '/ä b/', minutes = 2 },
        ]";
    let check = |path: &str, status: u16, expected: &str| {
        assert_eq!(cache_control(settings, path, status), expected, "{path}");
    };
    check("/a.jpg", 200, "public, max-age=600, stale-if-error=60");
    check("/p", 200, "public, max-age=600, stale-if-error=60");
    check("/p/a.jpg", 200, "public, max-age=60, stale-if-error=60");
    check("/p/q/a.jpg", 200, "private, max-age=600, immutable");
    check("/%70/a.jpg;width=5", 304, "public, max-age=60, stale-if-error=60");
    check("/%C3%A4%20b/a.jpg", 200, "public, max-age=120, stale-if-error=60");
    check("/p/a.jpg", 404, "no-store");
    check("/p/q/a.jpg", 404, "private, max-age=10");
    check("/a.jpg", 404, "public, max-age=10");
}

#[test]
fn expires_equals_max_age() {
    let check = |settings: &str, status: u16, expected: Option<u64>| {
        let now = SystemTime::now();
        let headers = amended(settings, "/a.jpg", status, &[]);
        let expires = headers
            .get(EXPIRES)
            .map(|value| httpdate::parse_http_date(value.to_str().unwrap()).unwrap());
        let Some(seconds) = expected else {
            assert_eq!(expires, None, "{settings}: {status}");
            return;
        };
        let after = expires.unwrap().duration_since(now).unwrap_or_default();
        // Whole seconds, cut off.
        let expected = Duration::from_secs(seconds);
        assert!(after <= expected + Duration::from_secs(60), "{settings}: {after:?}");
        assert!(after + Duration::from_secs(1) >= expected, "{settings}: {after:?}");
    };
    check("", 200, Some(86_400));
    check("minutes = 4294967295", 200, Some(1 << 31));
    check("", 404, Some(10));
    check("minutes = 0", 200, None);
    check("", 500, None);
}

#[test]
fn header_of_another_plugin_is_kept_except_on_errors() {
    let check = |status: u16, expected: &str| {
        let headers = amended(
            "client_errors = '5s'",
            "/a.jpg",
            status,
            &[("cache-control", "no-store")],
        );
        assert_eq!(headers[CACHE_CONTROL], expected, "{status}");
    };
    check(200, "no-store");
    check(302, "no-store");
    check(404, "public, max-age=10");
    check(422, "public, max-age=5");
    check(503, "no-store");
}

#[test]
fn wrong_settings_are_refused_with_a_remedy() {
    let check = |settings: &str, expected: &str| {
        let found = Installer::default()
            .install::<ClientCache>(settings)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(found.contains(expected), "{settings}: {found}");
    };
    check("minutes = -1", "minutes");
    check("visibility = 'secret'", "secret");
    check("rules = [{ minutes = 5 }]", "prefix");
    check("rules = [{ prefix = 'a' }]", "begins with \"/\"");
    check(
        "rules = [{ prefix = '/a' }, { prefix = '/b' }, { prefix = '/a/' }]",
        "two rules have the prefix \"/a/\"",
    );
}
