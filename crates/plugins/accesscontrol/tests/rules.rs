//! Tests of the access control plugin: which requests its rules allow, and what is wrong in a rule.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use http::{Extensions, HeaderName};
use resizer_accesscontrol::AccessControl;
use resizer_engine::testing::Installer;
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{Authorizer, ErrorKind, ImageRequest, Query, RequestHead};

fn install(settings: &str) -> Arc<dyn Authorizer> {
    let table = Installer::default().install::<AccessControl>(settings).unwrap();
    Arc::clone(&table.authorizers[0].value)
}

async fn allows(rules: &Arc<dyn Authorizer>, path: &str, client: &str, headers: &[(&str, &str)]) -> bool {
    let mut head = RequestHead::get(path, "");
    head.client = client.parse().ok();
    for (name, value) in headers {
        head.headers
            .append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let request = ImageRequest::new(
        Arc::new(head),
        path.to_owned(),
        Query::default(),
        Instructions::default(),
        Extensions::new(),
    );
    match rules.authorize(&request).await {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Forbidden);
            false
        }
    }
}

#[tokio::test]
async fn longest_prefix_decides() {
    let rules = install(
        "[[rules]]\nprefix = '/a/'\nnetworks = ['10.0.0.0/8']\n\
         [[rules]]\nprefix = '/a/open/'\n\
         [[rules]]\nprefix = '/a/b/'\nnetworks = ['192.0.2.7']\n",
    );
    for (path, client, expected) in [
        ("/a/x.jpg", "10.1.2.3", true),
        ("/a/x.jpg", "::ffff:10.1.2.3", true),
        ("/a/x.jpg", "11.1.2.3", false),
        ("/a/x.jpg", "unknown", false),
        ("/a/open/x.jpg", "11.1.2.3", true),
        ("/a/b/x.jpg", "10.1.2.3", false),
        ("/a/b/x.jpg", "192.0.2.7", true),
        ("/ab/x.jpg", "11.1.2.3", true),
        ("/x.jpg", "11.1.2.3", true),
        // Empty segments lead around no rule.
        ("//a/x.jpg", "11.1.2.3", false),
        ("/a//b/x.jpg", "10.1.2.3", false),
    ] {
        assert_eq!(
            allows(&rules, path, client, &[]).await,
            expected,
            "{path} from {client}"
        );
    }
}

#[tokio::test]
async fn secret_is_in_its_header() {
    let bearer = install("[[rules]]\nprefix = '/'\nsecrets = ['new', 'old']\n");
    let header = install("[[rules]]\nprefix = '/'\nheader = 'X-Key'\nsecrets = ['new']\n");
    for (rules, name, value, expected) in [
        (&bearer, "authorization", "Bearer new", true),
        (&bearer, "authorization", "bearer old", true),
        (&bearer, "authorization", "Bearer newer", false),
        (&bearer, "authorization", "Bearer ne", false),
        (&bearer, "authorization", "Bearer ", false),
        (&bearer, "authorization", "new", false),
        (&bearer, "authorization", "Basic new", false),
        (&bearer, "x-key", "new", false),
        (&header, "x-key", "new", true),
        (&header, "x-key", "New", false),
        (&header, "x-key", "", false),
        (&header, "authorization", "Bearer new", false),
    ] {
        let found = allows(rules, "/a.jpg", "192.0.2.1", &[(name, value)]).await;
        assert_eq!(found, expected, "{name}: {value}");
    }
    assert!(!allows(&bearer, "/a.jpg", "192.0.2.1", &[]).await);
}

#[tokio::test]
async fn referrer_is_one_of_the_hosts() {
    let lax = "[[rules]]\nprefix = '/'\nreferrers = ['example.org', '*.Example.org']\n";
    let strict = install(&format!("{lax}require_referrer = true\n"));
    let lax = install(lax);
    for (referrer, expected) in [
        ("https://example.org/page?x=1", true),
        ("http://EXAMPLE.org:8080/", true),
        ("https://www.example.org/", true),
        ("https://badexample.org/", false),
        ("https://example.org.evil.test/", false),
        ("https://evil.test/?example.org", false),
        ("https://example.org@evil.test/", false),
        ("example", false),
        ("", false),
    ] {
        let found = allows(&lax, "/a.jpg", "192.0.2.1", &[("referer", referrer)]).await;
        assert_eq!(found, expected, "{referrer}");
    }
    assert!(allows(&lax, "/a.jpg", "192.0.2.1", &[]).await);
    assert!(!allows(&strict, "/a.jpg", "192.0.2.1", &[]).await);
}

#[tokio::test]
async fn all_that_a_rule_names_is_needed() {
    let rules = install("[[rules]]\nprefix = '/'\nnetworks = ['loopback']\nsecrets = ['s']\n");
    let token = [("authorization", "Bearer s")];
    assert!(allows(&rules, "/a.jpg", "127.0.0.1", &token).await);
    assert!(!allows(&rules, "/a.jpg", "192.0.2.1", &token).await);
    assert!(!allows(&rules, "/a.jpg", "127.0.0.1", &[]).await);
}

#[test]
fn fault_in_a_rule_is_told_without_its_secrets() {
    let check = |rule: &str, part: &str| {
        let settings = format!("[[rules]]\nprefix = '/'\n{rule}");
        let message = Installer::default()
            .install::<AccessControl>(&settings)
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(message.contains(part), "{rule}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    };
    check("networks = ['10.0.0.0/99']", "10.0.0.0/8");
    check("header = 'X-Key'", "no `secrets`");
    check(
        "header = 'X Key'\nsecrets = ['hunter2']",
        "`X Key` is no name of a header",
    );
    check("secrets = ['hunter2', ' ']", "empty");
    check("referrers = ['https://example.org/']", "`example.org`");
    check("require_referrer = true", "no `referrers`");
    check("[[rules]]\nprefix = '/'", "already");
    check("prefixes = ['/']", "prefixes");
}
