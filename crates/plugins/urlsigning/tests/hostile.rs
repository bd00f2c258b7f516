//! Hostile addresses: ten thousand alterations each of signed addresses, of addresses with tokens and of unsigned ones.
//! An address that is let through means what was signed or granted, by a reading that the test does itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;

use std::collections::BTreeMap;

use gate::{Gate, KEYS, decoded};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../tests/vectors/signing.json");
const ROUNDS: u32 = 10_000;

/// A generator with a fixed seed: xorshift64* of Vigna.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

/// The path and the commands that the server takes from a target: of a query the first of two equal keys, behind a `;`
/// the last, and the query before the `;`.
fn meaning(target: &str) -> (String, BTreeMap<String, String>) {
    let target = target.split('#').next().unwrap_or("");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = decoded(path);
    let (path, behind) = path.split_once(';').unwrap_or((&path, ""));
    let pairs = |text: &str, separators: &[char]| -> Vec<(String, String)> {
        text.split(separators)
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let plain = |text: &str| decoded(&text.replace('+', " "));
                (plain(name).to_ascii_lowercase(), plain(value))
            })
            .collect()
    };
    let mut commands: BTreeMap<_, _> = pairs(behind, &[';', '&']).into_iter().collect();
    commands.extend(pairs(query, &['&']).into_iter().rev());
    for name in ["kid", "exp", "sig", "urisigningpackage"] {
        commands.remove(name);
    }
    (path.to_owned(), commands)
}

/// Alters a target as somebody would who knows how addresses are read.
fn altered(target: &str, random: &mut Random) -> String {
    let mut text: Vec<char> = target.chars().collect();
    if text.len() < 4 {
        return target.to_owned();
    }
    let at = 1 + random.below(text.len() - 1);
    let insert = |text: &mut Vec<char>, at: usize, piece: &str| {
        text.splice(at..at, piece.chars());
    };
    match random.below(16) {
        // One character becomes another, or has another case.
        0 => text[at] = char::from(0x21 + random.below(0x5e) as u8),
        1 => {
            text[at] = if text[at].is_lowercase() {
                text[at].to_ascii_uppercase()
            } else {
                text[at].to_ascii_lowercase()
            }
        }
        // It is escaped once or twice, or its escape is.
        2 => {
            let escape = format!("%{:02x}", u32::from(text[at]) & 0xff);
            text.splice(at..=at, escape.chars());
        }
        3 => {
            let escape = format!("%25{:02X}", u32::from(text[at]) & 0xff);
            text.splice(at..=at, escape.chars());
        }
        4 => {
            let escaped = text.iter().position(|c| *c == '%');
            if let Some(at) = escaped {
                insert(&mut text, at + 1, "25");
            }
        }
        // A separator becomes another.
        5 => {
            let places: Vec<usize> = (0..text.len()).filter(|at| "?;&=/".contains(text[*at])).collect();
            if !places.is_empty() {
                let at = places[random.below(places.len())];
                let piece = random.one_of(&["?", ";", "&", "=", "/", "%3B", "%3f", "%26", "%2F", "%3D", "%253b"]);
                text.splice(at..=at, piece.chars());
            }
        }
        // Segments, fragments, zero bytes, white space and other Unicode forms of what stands there.
        6 => {
            let piece = random.one_of(&[
                "/../",
                "/./",
                "//",
                "/%2e%2e/",
                "/.%2e/",
                "/%252e%252e/",
                "\\",
                "%5c",
                "/..;/",
                "/..%2f",
                "%c0%ae%c0%ae/",
                "/..\\",
                "/．．/",
            ]);
            insert(&mut text, at, piece);
        }
        7 => {
            let piece = random.one_of(&[
                "#",
                "%23",
                "%00",
                "%0a",
                "%0d%0a",
                "%20",
                "+",
                "\u{ff0f}",
                "\u{fe56}",
                "\u{ff1b}",
                "a\u{308}",
                "%u0026",
                "%EF%BC%9D",
                "\u{200d}",
                "%",
                "%2",
                "%zz",
            ]);
            insert(&mut text, at, piece);
        }
        // A command is added, in front, at the end, or behind a `;`.
        8 | 9 => {
            let command = random.one_of(&[
                "width=9999",
                "Width=9999",
                "w=9999",
                "%77=9999",
                "maxwidth=9999",
                "zoom=9",
                "srcset=9999w",
                "format=gif",
                "404=/private/a.jpg",
                "preset=x",
                "exp=9999999999",
                "kid=2026-11",
                "sig=AAAAAAAAAAAAAAAAAAAAAA",
                "URISigningPackage=a.b.c",
                " width=9999",
                "+width=9999",
                "width%3D9999",
                "?width=9999",
            ]);
            let target = text.into_iter().collect::<String>();
            return match random.below(4) {
                0 => target.replacen('?', &format!("?{command}&"), 1),
                1 => target.replacen('?', &format!(";{command}?"), 1),
                2 => target.replacen(';', &format!(";{command};"), 1),
                _ => format!("{target}&{command}"),
            };
        }
        // Another folder, or another image.
        10 => {
            return target.replacen(
                "/photos/",
                random.one_of(&["/private/", "/Photos/", "/", "/x/photos/"]),
                1,
            );
        }
        11 => {
            return target.replacen(
                ".jpg",
                random.one_of(&[".png", ".jpg/", ".jpg.", "", ".JPG", "%2ejpg"]),
                1,
            );
        }
        // Parts in another order, without one, or one twice.
        12 | 13 => {
            let (path, query) = target.split_once(['?', ';']).unwrap_or((target, ""));
            let mut parts: Vec<&str> = query.split(['&', ';']).collect();
            let one = parts[random.below(parts.len())];
            match random.below(3) {
                0 => parts.reverse(),
                1 => parts.retain(|part| *part != one),
                _ => parts.push(one),
            }
            let (first, others) = *[("?", "&"), (";", ";"), (";", "&"), ("?", ";")]
                .get(random.below(4))
                .unwrap();
            return format!("{path}{first}{}", parts.join(others));
        }
        14 => _ = text.remove(at),
        _ => text.truncate(at.max(2)),
    }
    text.into_iter().collect()
}

/// Altered targets, each with the one that it was made of.
fn attacks(targets: &[String], seed: u64) -> impl Iterator<Item = (String, &String)> {
    let mut random = Random(seed);
    (0..ROUNDS).map(move |_| {
        let original = &targets[random.below(targets.len())];
        let mut target = original.clone();
        for _ in 0..=random.below(3) {
            target = altered(&target, &mut random);
        }
        // A server reads no target without a slash in front, and none with a character that is not ASCII.
        let target: String = target.bytes().fold(String::new(), |text, byte| match byte {
            b'!'..=b'~' => text + &char::from(byte).to_string(),
            _ => text + &format!("%{byte:02X}"),
        });
        (target.split('#').next().unwrap_or("").to_owned(), original)
    })
}

#[test]
fn altered_signature_is_refused_or_means_what_was_signed() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let of = |form: &str| {
        let vectors = vectors["signatures"].as_array().unwrap().clone();
        vectors
            .into_iter()
            .map(|vector| vector[form].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let targets: Vec<String> = of("with_query").into_iter().chain(of("with_semicolons")).collect();
    let gate = Gate::new(KEYS);
    let mut passed = 0;
    for (target, original) in attacks(&targets, 0x5ee_d001) {
        if gate.lets(&target) {
            passed += 1;
            assert_eq!(meaning(&target), meaning(original), "{target}\nof {original}");
        }
    }
    assert!((50..ROUNDS / 2).contains(&passed), "{passed} passed");
}

#[test]
fn altered_token_is_refused_or_grants_the_address() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let token = vectors["tokens"][0]["token"].as_str().unwrap();
    let targets: Vec<String> = [
        "?width=400",
        ";width=400",
        "?format=webp&w=100",
        ";maxwidth=2000;format=png",
    ]
    .iter()
    .map(|commands| {
        let separator = if commands.starts_with('?') { '&' } else { ';' };
        format!("/photos/lake.jpg{commands}{separator}URISigningPackage={token}")
    })
    .collect();
    let gate = Gate::new(KEYS);
    let mut passed = 0;
    for (target, original) in attacks(&targets, 0x5ee_d002) {
        if gate.lets(&target) {
            passed += 1;
            let (path, commands) = meaning(&target);
            let segments: Vec<&str> = path.split('/').collect();
            assert!(
                !segments.contains(&"..") && !segments.contains(&"."),
                "{target}\nof {original}"
            );
            assert!(
                path.replace("//", "/").starts_with("/photos/"),
                "{target}\nof {original}"
            );
            for (name, value) in commands {
                let granted = match name.as_str() {
                    "width" | "w" | "maxwidth" => (100..=2000).contains(&value.parse::<u32>().unwrap()),
                    "format" | "thumbnail" => ["jpg", "webp", "png"].contains(&value.to_ascii_lowercase().as_str()),
                    _ => false,
                };
                assert!(granted, "{name}={value} in {target}\nof {original}");
            }
        }
    }
    assert!((50..ROUNDS / 2).contains(&passed), "{passed} passed");
}

#[test]
fn unsigned_address_gets_nothing_but_what_is_open() {
    let gate = Gate::new(&format!(
        "{KEYS}[[rules]]\nprefix = '/open/'\nrequire = 'commands'\nexcept = ['format']\n"
    ));
    let targets: Vec<String> = [
        "/open/a.jpg?format=png",
        "/open/a.jpg;format=png",
        "/photos/a.jpg?width=4",
        "/open/a/b.jpg?x=1",
    ]
    .map(str::to_owned)
    .into();
    let mut passed = 0;
    for (target, original) in attacks(&targets, 0x5ee_d003) {
        if gate.lets(&target) {
            passed += 1;
            let (path, commands) = meaning(&target);
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            let leads_out = segments.contains(&"..") || segments.contains(&".") || path.contains('\\');
            assert!(segments[0] == "open" && !leads_out, "{target}\nof {original}");
            let named = commands.keys().all(|name| name == "format" || name == "thumbnail");
            assert!(named, "{commands:?} in {target}\nof {original}");
        }
    }
    assert!((50..ROUNDS).contains(&passed), "{passed} passed");
}

#[test]
fn token_of_any_bytes_is_refused() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let token = vectors["tokens"][0]["token"].as_str().unwrap();
    let gate = Gate::new(KEYS);
    let mut random = Random(0x5ee_d004);
    for _ in 0..ROUNDS {
        let mut text: Vec<u8> = token.bytes().collect();
        for _ in 0..=random.below(3) {
            if text.is_empty() {
                break;
            }
            let at = random.below(text.len());
            match random.below(5) {
                0 => text[at] = b"ABCxyz019-_.=%&"[random.below(15)],
                1 => _ = text.remove(at),
                2 => text.insert(at, b"A._-"[random.below(4)]),
                3 => text.truncate(at.max(1)),
                _ => text[at] ^= 1 << random.below(3),
            }
        }
        let text: String = text.into_iter().map(char::from).collect();
        let target = format!("/photos/lake.jpg?width=400&URISigningPackage={text}");
        assert!(text == token || !gate.lets(&target), "{target}");
    }
}
