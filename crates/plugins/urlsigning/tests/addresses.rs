//! Tests of signed addresses and tokens: the vectors that every signer has, and what has to be refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;

use gate::{Gate, KEYS};
use resizer_engine::testing::Installer;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::{Query, RequestHead, RewriteEvent};
use resizer_urlsigning::{Address, UrlSigning};
use serde_json::Value;

/// Made by another implementation: `hmac` and `jwt` of Python.
const VECTORS: &str = include_str!("../../../../tests/vectors/signing.json");

fn vectors(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all[of].as_array().unwrap().clone()
}

fn texts(of: &Value) -> Vec<&str> {
    of.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn with_token(target: &str, token: &str) -> String {
    let separator = if target.contains('?') { '&' } else { '?' };
    format!("{target}{separator}URISigningPackage={token}")
}

/// The same address in the form with `;`.
fn with_semicolons(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap();
    format!("{path};{}", query.replace('%', "%25").replace('&', ";"))
}

#[test]
fn signature_of_each_vector_is_taken_in_both_forms_and_in_any_order() {
    let gate = Gate::new(KEYS);
    for vector in vectors("signatures") {
        let text = |member: &str| vector[member].as_str().unwrap();
        let name = text("name");
        let (path, query) = text("with_query").split_once('?').unwrap();
        let address = Address::read(path, query).unwrap();
        assert_eq!(address.string_to_sign(), text("string_to_sign"), "{name}");
        assert!(gate.lets(text("with_query")), "{name}");
        assert!(gate.lets(text("with_semicolons")), "{name}");
        let mut reversed: Vec<&str> = query.split('&').collect();
        reversed.reverse();
        assert!(gate.lets(&format!("{path}?{}", reversed.join("&"))), "{name}");
        // Half behind the `;`, half behind the `?`.
        let (first, others) = text("with_semicolons").rsplit_once(';').unwrap();
        assert!(gate.lets(&format!("{first}?{others}")), "{name}");

        assert!(!gate.lets(text("address")), "{name}: unsigned");
        assert!(
            !gate.lets(&format!("{}&zoom=2", text("with_query"))),
            "{name}: one more"
        );
        assert!(
            !gate.lets(&text("with_query").replace(".jpg", ".png")),
            "{name}: another path"
        );
        let sig = text("sig");
        let flipped = if sig.starts_with('A') { "B" } else { "A" };
        let other = text("with_query").replace(sig, &format!("{flipped}{}", &sig[1..]));
        assert!(!gate.lets(&other), "{name}: a flipped bit");
        let shorter = text("with_query").replace(sig, &sig[..20]);
        assert!(!gate.lets(&shorter), "{name}: 15 bytes");
    }
}

#[test]
fn token_of_each_vector_grants_its_addresses_and_no_others() {
    let gate = Gate::new(KEYS);
    for vector in vectors("tokens") {
        let (name, token) = (vector["name"].as_str().unwrap(), vector["token"].as_str().unwrap());
        for target in texts(&vector["granted"]) {
            let target = with_token(target, token);
            assert!(gate.lets(&target), "{name}: {target}");
            assert!(gate.lets(&with_semicolons(&target)), "{name}: {target}");
        }
        for target in texts(&vector["refused"]) {
            let target = with_token(target, token);
            assert!(!gate.lets(&target), "{name}: {target}");
            assert!(!gate.lets(&with_semicolons(&target)), "{name}: {target}");
        }
    }
}

#[test]
fn key_is_refused_from_the_time_that_it_retires() {
    let signed = |of: &str, at: usize| vectors(of)[at].clone();
    let signature = signed("signatures", 0);
    let signature = signature["with_query"].as_str().unwrap();
    let token = signed("tokens", 0);
    let token = with_token("/photos/lake.jpg?width=400", token["token"].as_str().unwrap());
    for (retires, expected) in [
        ("2020-01-01", false),
        ("2026-01-01T00:00:00Z", false),
        ("2999-12-31", true),
    ] {
        let settings = format!("[[keys]]\nid = 'k1'\nsecret = 'correct horse battery staple'\nretires = '{retires}'\n");
        let gate = Gate::new(&settings);
        assert_eq!(gate.lets(signature), expected, "{retires}");
        assert_eq!(gate.lets(&token), expected, "{retires}");
    }
    let gate = Gate::new(&KEYS.replace("correct", "incorrect"));
    assert!(!gate.lets(signature) && !gate.lets(&token), "another key of this name");
    let gate = Gate::new(&KEYS.replace("k1", "k2"));
    assert!(!gate.lets(signature) && !gate.lets(&token), "no key of this name");
}

#[test]
fn signature_that_is_not_one_is_refused() {
    let gate = Gate::new(&format!("{KEYS}[[rules]]\nprefix = '/'\nrequire = 'optional'\n"));
    // Of Python: `hmac.new(b"correct horse battery staple", text, "sha256")`, in base64url.
    for (target, expected, why) in [
        ("/a.jpg?width=400", true, "needs none"),
        ("/a.jpg?width=400&sig=", false, "empty"),
        ("/a.jpg?width=400&sig=x&kid=k1", false, "no base64"),
        ("/a.jpg?width=400&sig=AAAAAAAAAAAAAAAAAAAAAA", false, "no key"),
        (
            "/a.jpg?kid=k1&sig=GhsuLqCGWxDk3PGVXLQ-Oa4jvF2bZ8SgYQW-Qi2oIhI&sig=x",
            false,
            "two",
        ),
        ("/a.jpg?URISigningPackage=", false, "an empty token"),
        ("/a.jpg?URISigningPackage=a.b.c", false, "no token"),
        ("/a.jpg?URISigningPackage=..", false, "nothing in the token"),
        ("/a.jpg?kid=k1&sig=x&URISigningPackage=y", false, "both"),
        ("/a.jpg?SIG=x&Kid=y", true, "other names"),
        ("/a.jpg?width=50%", true, "not readable, and unsigned"),
    ] {
        assert_eq!(gate.lets(target), expected, "{why}: {target}");
    }
    for (query, expected, why) in SIGNED_QUERIES {
        assert_eq!(gate.lets(&format!("/a.jpg?{query}")), *expected, "{why}: {query}");
    }
}

/// Queries of `/a.jpg`, signed by the program in [`signature_that_is_not_one_is_refused`].
const SIGNED_QUERIES: &[(&str, bool, &str)] = &[
    ("kid=k1&sig=xorvvncQY61N4AgBrCNW0Z_agqTe3n2rtR2PIRZXSqg", true, "no exp"),
    (
        "kid=k1&exp=4102444800&sig=aQnW-uz3DeH26Zyx0nZwjyGkoQapsx7Kw_Lb3yRnoSo",
        true,
        "exp",
    ),
    (
        "kid=k1&exp=1700000000&sig=HwNzDRTe2ocLsUHDMUbWrzMWfLQVLY9wHBRdgbc-JX4",
        false,
        "expired",
    ),
    (
        "kid=k1&exp=&sig=Nd8-2YcPE5YeRTULwx-nPxh1wtzidckixe_VgF3xFZM",
        false,
        "an empty exp",
    ),
    (
        "kid=k1&exp=-1&sig=T39Ah_Wl2SBvuRlW6xGU0Ipny8acmsdh2BznIoslND4",
        false,
        "a negative exp",
    ),
    (
        "kid=k1&exp=4102444800.0&sig=yuLhAgyTpFAxqaP7rOe9CygwN2qeeH00DqxakjA8r18",
        false,
        "a fraction",
    ),
    (
        "kid=k1&exp=9999999999999&sig=QijMROXf38EXaS2DBeewe5PbtdNn24KaHLEqLoEMeuw",
        false,
        "13 digits",
    ),
    (
        "kid=k1&exp=4102444800&exp=4102444801&sig=_9aP9tlVtp1zGEvNZjCMPha9lKK8gomepCmXlbUUSVg",
        false,
        "two exp",
    ),
    (
        "kid=k1&width=4&width=5&sig=Mvyh6jYL9ge0jcnMFsCVu1gMUjeqaCqs4kwSC3wF_2Y",
        false,
        "one key twice",
    ),
    (
        "kid=k1&width=4&Width=5&sig=ZkBo01zbR-3dH6UTn6z9WkjqMHbi9NUCL2jSI7bLjvQ",
        false,
        "in another case",
    ),
    (
        "kid=k1&width=4&w=5&sig=r8THM-DJDfVOURo6q0SOeIfaDVqom6v0MqZn4OYgh4w",
        false,
        "in another spelling",
    ),
    (
        "kid=k1&width=4&%77=5&sig=r8THM-DJDfVOURo6q0SOeIfaDVqom6v0MqZn4OYgh4w",
        false,
        "escaped",
    ),
    (
        "kid=k1&kid=k1&sig=CO_ZCRyvz-iGIAXEjakh2oW4VpUXdvMYjmdiSDLTKLk",
        false,
        "two kid",
    ),
    (
        "kid=k2&sig=P3Ms95UqwuryNS-fWcsnYGLlhHBZTeYM-tgcLsan83Q",
        false,
        "an unknown key",
    ),
    ("kid=k1&width=4&sig=rYG3FP4FBJXtkyxK7t64OQ", true, "16 bytes"),
    (
        "kid=k1&width=4&sig=rYG3FP4FBJXtkyxK7t64Ob2X0rjOFN30XA2oUHNVyw",
        true,
        "31 bytes",
    ),
    ("kid=k1&width=4&sig=rYG3FP4FBJXtkyxK7t64", false, "15 bytes"),
    (
        "kid=k1&width=4&sig=rYG3FP4FBJXtkyxK7t64Ob2X0rjOFN30XA2oUHNVy9w",
        true,
        "32 bytes",
    ),
    (
        "kid=k1&width=4&sig=rYG3FP4FBJXtkyxK7t64Ob2X0rjOFN30XA2oUHNVy9w=",
        false,
        "padding",
    ),
    (
        "kid=k1&width=4&sig=rYG3FP4FBJXtkyxK7t64OR",
        false,
        "other bits behind the last byte",
    ),
];

#[test]
fn semicolon_that_nobody_reads_is_refused() {
    let mut gate = Gate::new(KEYS);
    let vector = vectors("signatures")[0].clone();
    let text = |member: &str| vector[member].as_str().unwrap();
    gate.cloudfront = false;
    assert!(gate.lets(text("with_query")));
    assert!(!gate.lets(text("with_semicolons")));
}

#[test]
fn audience_and_address_are_those_of_the_settings() {
    let settings = |more: &str| format!("{more}\n{KEYS}");
    let tokens = vectors("tokens");
    let of = |name: &str| {
        let vector = tokens.iter().find(|vector| vector["name"] == name).unwrap();
        vector["token"].as_str().unwrap().to_owned()
    };
    let foreign = with_token("/photos/lake.jpg?width=400", &of("foreign audience"));
    assert!(Gate::new(&settings("audience = 'cdn.example'")).lets(&foreign));
    assert!(!Gate::new(&settings("audience = 'other.example'")).lets(&foreign));
    let pattern = with_token("/photos/lake.jpg?width=200", &of("pattern of RFC 9246"));
    assert!(Gate::new(&settings("address = 'HTTP://images.example'").to_lowercase()).lets(&pattern));
    assert!(!Gate::new(&settings("address = 'https://images.example'")).lets(&pattern));
    let named = pattern.replace("URISigningPackage", "t");
    assert!(Gate::new(&settings("token_parameter = 't'")).lets(&named));
    assert!(!Gate::new(&settings("token_parameter = 't'")).lets(&pattern));
}

#[test]
fn signature_of_imageflow_server_is_taken_where_its_secret_is_set() {
    // Signed as Imageflow Server does, with the key of its tests; encoded and plain spaces are one.
    let with = Gate::new("imageflow_secrets = ['test key']");
    let without = Gate::new(KEYS);
    for (target, expected) in [
        (
            "/fire/a%20b.jpg?width=100&title=x%20y&signature=x1OZ4sZrWW2pfsJHoBOUdA",
            true,
        ),
        (
            "/fire/a+b.jpg?width=100&title=x+y&signature=x1OZ4sZrWW2pfsJHoBOUdA",
            true,
        ),
        (
            "/fire/a%20b.jpg?signature=x1OZ4sZrWW2pfsJHoBOUdA&width=100&title=x%20y",
            true,
        ),
        (
            "/fire/a%20b.jpg?title=x%20y&width=100&signature=x1OZ4sZrWW2pfsJHoBOUdA",
            false,
        ),
        (
            "/fire/a%20b.jpg?width=101&title=x%20y&signature=x1OZ4sZrWW2pfsJHoBOUdA",
            false,
        ),
        (
            "/fire/a%20b.jpg%3fwidth=100&title=x%20y?signature=x1OZ4sZrWW2pfsJHoBOUdA",
            false,
        ),
        ("/fire/a.jpg?signature=ZrU__wAE5xZhUXEvPWtDMw", true),
        ("/fire/a.jpg?signature=ZrU__wAE5xZhUXEvPW", false),
        (
            "/fire/a.jpg?signature=ZrU__wAE5xZhUXEvPWtDMw&signature=ZrU__wAE5xZhUXEvPWtDMw",
            false,
        ),
        ("/fire/a.jpg", false),
        ("/fire/a.jpg;width=4?signature=0Jdq-QzZNKnZAlJtFG-LXQ", false),
    ] {
        assert_eq!(with.lets(target), expected, "{target}");
        assert!(!without.lets(target), "{target}");
    }
}

#[test]
fn parameters_of_signatures_are_not_in_the_query_of_an_image() {
    let table = Installer::default()
        .install::<UrlSigning>(&format!("imageflow_secrets = ['test key']\n{KEYS}"))
        .unwrap();
    let head = RequestHead::get("/", "");
    let (mut path, mut query) = (
        "/a.jpg".to_owned(),
        Query::parse("width=4&kid=a&exp=1&sig=x&URISigningPackage=y&signature=z&height=3"),
    );
    let (mut any, mut state) = (false, Extensions::new());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    (table.on_post_rewrite[0].value)(&mut event).unwrap();
    assert_eq!(query.to_string(), "width=4&height=3");
}

#[test]
fn fault_in_the_settings_is_told_without_the_secret() {
    let check = |settings: &str, part: &str| {
        let message = Installer::default()
            .install::<UrlSigning>(settings)
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(message.contains(part), "{settings}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    };
    let key = |id: &str, secret: &str| format!("[[keys]]\nid = '{id}'\nsecret = '{secret}'\n");
    check("", "no key");
    check(&key("a", "hunter2"), "fewer than 16 bytes");
    check("imageflow_secrets = ['hunter2']", "fewer than 8 bytes");
    check(&key("a b", "hunter2hunter2hunter2"), "`a b`");
    check(&key("", "hunter2hunter2hunter2"), "no name");
    let twice = key("a", "hunter2hunter2hunter2");
    check(&format!("{twice}{twice}"), "two keys `a`");
    check(
        &format!("imageflow_secrets = ['hunter2hunter2hunter2']\n{twice}"),
        "weaken",
    );
    check(&format!("{twice}retires = '2026-02-30'"), "date of UTC");
    check(&format!("token_parameter = 'sig'\n{twice}"), "another meaning");
    check(&format!("token_parameter = 'Width'\n{twice}"), "another meaning");
    check(&format!("address = 'images.example'\n{twice}"), "scheme and a host");
    let rule = |rule: &str| format!("{twice}[[rules]]\nprefix = '/a/'\n{rule}\n");
    check(&rule("require = 'never'"), "never");
    check(
        &rule("require = 'always'\ncommands = ['width']"),
        "`require = \"commands\"`",
    );
    check(
        &rule("require = 'commands'\ncommands = ['width']\nexcept = ['w']"),
        "either",
    );
    let other = "[[rules]]\nprefix = '/A/'\nrequire = 'optional'";
    check(&rule(&format!("require = 'always'\n{other}")), "already");
}

#[test]
fn secret_is_in_no_debug_output() {
    let table = Installer::default().install::<UrlSigning>(KEYS).unwrap();
    let authorizer = &table.authorizers[0];
    let shown = format!("{:?} {:?}", table, authorizer.plugin);
    assert!(!shown.contains("correct horse"));
}
