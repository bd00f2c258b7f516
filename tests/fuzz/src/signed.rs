//! Targets that parse signed addresses and the claims of tokens, as somebody sends them who has a key: only such claims
//! are parsed at all.

use resizer_urlsigning::{Address, Asked, Claims};

/// A path and a query. The string to sign is an address too, and its own string to sign.
pub(crate) fn address(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (path, query) = text.split_once('?').unwrap_or((&text, ""));
    let Ok(address) = Address::read(path, query) else {
        return;
    };
    let signed = address.string_to_sign();
    assert!(signed.is_ascii(), "{signed}");
    let Some((path, query)) = signed.split_once('?') else {
        panic!("{signed} has no query");
    };
    match Address::read(path, query) {
        Ok(again) => assert_eq!(again.string_to_sign(), signed),
        Err(refusal) => panic!("{signed} is refused: {refusal}"),
    }
}

/// A target in the first line, then the claims of a token in JSON.
pub(crate) fn token(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (target, json) = (String::from_utf8_lossy(&input[..end]), &input[end + 1..]);
    let Ok(claims) = Claims::parse(json) else {
        return;
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let commands: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let asked = Asked {
        now: 1_800_000_000.0,
        audience: Some("images"),
        uri: &target,
        path,
        commands: &commands,
    };
    if claims.allow(&asked).is_ok() {
        assert!(
            !path.split('/').any(|segment| segment == "..") || text_of(json).contains("cdniuc"),
            "{path}"
        );
    }
}

fn text_of(json: &[u8]) -> String {
    String::from_utf8_lossy(json).into_owned()
}
