//! Shared vectors: `clients/vectors.json`, which the modules in JavaScript and Python pass too, and the signatures of
//! `tests/vectors/signing.json`, which the plugin `urlsigning` verifies.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it has no clients that a blocking call could delay"
)]

use std::path::Path;

use resizer_url::{Candidates, Error, Generator, Grant, ImageUrl, Key, Picture, to_query, to_semicolons};
use serde_json::Value;

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn cases<'v>(vectors: &'v Value, section: &str) -> &'v Vec<Value> {
    let cases = vectors[section].as_array().unwrap();
    assert!(cases.len() > 2, "{section}");
    cases
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn image(case: &Value) -> Result<ImageUrl, Error> {
    let mut image = ImageUrl::new(text(&case["path"]));
    for call in case["calls"].as_array().unwrap() {
        let word = || text(&call[1]);
        let number = |at: usize| call[at].as_f64().unwrap();
        let whole = || u32::try_from(call[1].as_u64().unwrap()).unwrap();
        image = match text(&call[0]) {
            "width" => image.width(whole()),
            "height" => image.height(whole()),
            "max_width" => image.max_width(whole()),
            "max_height" => image.max_height(whole()),
            "mode" => image.mode(word().parse()?),
            "scale" => image.scale(word().parse()?),
            "anchor" => image.anchor(word().parse()?),
            "anchor_at" => image.anchor_at(number(1), number(2)),
            "crop" => image.crop(number(1), number(2), number(3), number(4)),
            "crop_units" => image.crop_units(number(1), number(2)),
            "crop_percent" => image.crop_percent(number(1), number(2), number(3), number(4)),
            "gravity" => image.gravity(number(1), number(2)),
            "zoom" => image.zoom(number(1)),
            "dpr" => image.dpr(number(1)),
            "source_rotate" => image.source_rotate(number(1)),
            "source_flip" => image.source_flip(word().parse()?),
            "rotate" => image.rotate(number(1)),
            "flip" => image.flip(word().parse()?),
            "background" => image.background(word()),
            "format" => image.format(word().parse()?),
            "quality" => image.quality(u8::try_from(whole()).unwrap()),
            "frame" => image.frame(whole()),
            "preset" => image.preset(word()),
            "command" => image.command(word(), text(&call[2])),
            "without" => image.without(word()),
            other => panic!("no method {other}"),
        };
    }
    Ok(image)
}

fn generator(case: &Value) -> Result<Generator, Error> {
    let settings = &case["generator"];
    let bases = settings["bases"].as_array().into_iter().flatten().map(text);
    let mut generator = Generator::new().bases(bases)?;
    if settings["semicolons"] == true {
        generator = generator.semicolons(true);
    }
    if let Some(token) = settings["token"].as_str() {
        generator = generator.token(token)?;
    }
    if let Some(seconds) = settings["expires"].as_u64() {
        generator = generator.expires(seconds);
    }
    if settings["key"].is_object() {
        let key = Key::new(text(&settings["key"]["id"]), text(&settings["key"]["secret"]))?;
        generator = generator.key(key);
    }
    Ok(generator)
}

fn grant(grant: &Value) -> Result<Grant, Error> {
    let side = |name: &str| {
        let range = grant[name].as_array()?;
        let side = |at: usize| u32::try_from(range[at].as_u64().unwrap()).unwrap();
        Some((side(0), side(1)))
    };
    let texts = |name: &str| grant[name].as_array().into_iter().flatten().map(text);
    Ok(Grant {
        width: side("width"),
        height: side("height"),
        formats: texts("formats").map(str::parse).collect::<Result<_, _>>()?,
        presets: texts("presets").map(str::to_owned).collect(),
        commands: texts("commands").map(str::to_owned).collect(),
        ..Grant::new(text(&grant["prefix"]), grant["expires"].as_u64().unwrap())
    })
}

fn candidates(listed: &Value) -> Option<Candidates> {
    let widths = listed["widths"].as_array().map(|widths| {
        let widths = widths
            .iter()
            .map(|width| u32::try_from(width.as_u64().unwrap()).unwrap());
        Candidates::Widths(widths.collect())
    });
    let densities = listed["densities"].as_array().map(|densities| {
        let densities = densities.iter().map(|density| density.as_f64().unwrap());
        Candidates::Densities(densities.collect())
    });
    widths.or(densities)
}

fn picture(parts: &Value) -> Result<Picture, Error> {
    let formats = parts["formats"].as_array().unwrap().iter();
    let attributes = parts["attributes"].as_array().into_iter().flatten();
    Ok(Picture {
        formats: formats.map(|format| text(format).parse()).collect::<Result<_, _>>()?,
        candidates: candidates(parts),
        sizes: parts["sizes"].as_str().map(str::to_owned),
        alt: parts["alt"].as_str().unwrap_or_default().to_owned(),
        attributes: attributes
            .map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned()))
            .collect(),
    })
}

/// The text that a case asks for: a picture, a list, or an address.
fn written(case: &Value) -> Result<String, Error> {
    let (generator, image) = (generator(case)?, image(case)?);
    if case["picture"].is_object() {
        generator.picture(&image, &picture(&case["picture"])?)
    } else if let Some(candidates) = candidates(case) {
        generator.srcset(&image, &candidates)
    } else {
        generator.url(&image)
    }
}

#[test]
fn vectors_are_written_as_they_stand() {
    let vectors = read("clients/vectors.json");
    for (section, field) in [("urls", "url"), ("srcsets", "srcset"), ("pictures", "html")] {
        for case in cases(&vectors, section) {
            assert_eq!(written(case).as_deref(), Ok(text(&case[field])), "{}", case["name"]);
        }
    }
}

#[test]
fn faults_are_errors() {
    for case in cases(&read("clients/vectors.json"), "errors") {
        assert!(written(case).is_err(), "{}", case["name"]);
    }
}

#[test]
fn tokens_are_written_as_they_stand() {
    let vectors = read("clients/vectors.json");
    for case in cases(&vectors, "tokens") {
        let key = Key::new(text(&case["key"]["id"]), text(&case["key"]["secret"])).unwrap();
        let token = key.token(&grant(&case["grant"]).unwrap());
        assert_eq!(token.as_deref(), Ok(text(&case["token"])), "{}", case["name"]);
    }
    let key = Key::new("k1", "sixteen bytes at").unwrap();
    for case in cases(&vectors, "token_errors") {
        let token = grant(&case["grant"]).and_then(|grant| key.token(&grant));
        assert!(token.is_err(), "{}", case["name"]);
    }
}

#[test]
fn address_goes_from_one_form_to_the_other_and_back() {
    let vectors = read("clients/vectors.json");
    for case in cases(&vectors, "forms") {
        let (query, semicolons) = (text(&case["query"]), text(&case["semicolons"]));
        assert_eq!(to_semicolons(query).as_deref(), Ok(semicolons));
        assert_eq!(to_query(semicolons).as_deref(), Ok(query));
        assert_eq!(
            to_query(case["encoded"].as_str().unwrap_or(query)).as_deref(),
            Ok(query)
        );
    }
    for url in cases(&vectors["form_errors"], "query") {
        assert!(to_semicolons(text(url)).is_err(), "{url}");
    }
    for url in cases(&vectors["form_errors"], "semicolons") {
        assert!(to_query(text(url)).is_err(), "{url}");
    }
}

/// The addresses that a generator writes itself: those whose escapes are in normal form.
#[test]
fn signatures_are_those_that_the_server_verifies() {
    let vectors = read("tests/vectors/signing.json");
    let mut compared = 0;
    for case in cases(&vectors, "signatures") {
        let (address, kid) = (text(&case["address"]), text(&case["kid"]));
        let (path, query) = address.split_once('?').unwrap();
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .unwrap()
                .into_owned()
        };
        let mut image = ImageUrl::new(decoded(path));
        let mut generator = Generator::new().key(Key::new(kid, text(&vectors["keys"][kid])).unwrap());
        for (name, value) in query.split('&').map(|part| part.split_once('=').unwrap_or((part, ""))) {
            match name {
                "kid" => {}
                "exp" => generator = generator.expires(value.parse().unwrap()),
                _ => image = image.command(name, &decoded(value)),
            }
        }
        let url = generator.url(&image).unwrap();
        let (unsigned, signature) = url.split_once("&sig=").unwrap();
        if sorted(unsigned) == sorted(address) {
            // The last digit of a shorter signature has fewer bits.
            let expected = text(&case["sig"]);
            let whole = expected
                .len()
                .min(if case["bytes"] == 32 { 43 } else { expected.len() - 1 });
            assert_eq!(signature[..whole], expected[..whole], "{address}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "{compared}");
}

/// The path and the commands of an address, in order.
fn sorted(address: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = address.split(['?', '&']).collect();
    parts.sort_unstable();
    parts
}

#[test]
fn secret_of_a_key_is_not_printed() {
    let generator = Generator::new().key(Key::new("k1", "hunter2 and more of it").unwrap());
    let printed = format!("{generator:?}");
    assert!(printed.contains("k1") && !printed.contains("hunter2"), "{printed}");
}
