//! Negotiated formats: classes of clients, `Vary` on every path, and how many variants there are.

use std::collections::HashSet;

use crate::store::{Answer, Object, Served, png, world};

/// The header of a browser that takes everything, and of one that takes WebP.
const ALL: (&str, &str) = (
    "accept",
    "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
);
const WEBP: (&str, &str) = ("accept", "image/avif,image/webp,image/apng,image/*,*/*;q=0.8");

fn cache(world: &str) -> String {
    format!("[[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 0\n")
}

/// A picture in which no pixel is like its neighbour, as a PNG.
fn photograph() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let pixels = (0..32_u32 * 32).flat_map(|at| [(at * 7) as u8, (at * 13) as u8, (at / 32 * 8) as u8]);
    writer.write_image_data(&pixels.collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A site whose world has a photograph `a.png`, a graphic `b.png`, a file that is none, and one that is missing.
async fn served(name: &str, settings: &str) -> Served {
    let world = world(name);
    world.put("a.png", Object::of(photograph()));
    world.put("b.png", Object::of(png(32, 32, 9)));
    world.put("broken.png", Object::of("no picture"));
    Served::store(name, &format!("[server]\n{settings}\n{}", cache(name))).await
}

/// The kind of file in the body, by its signature.
fn kind(answer: &Answer) -> &'static str {
    match &answer.body[..] {
        [0xff, 0x0a, ..] => "image/jxl",
        [0xff, 0xd8, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        _ => "?",
    }
}

#[tokio::test]
async fn client_gets_the_format_of_its_class() {
    let served = served("classes", "").await;
    let check = async |url: &str, accept: (&'static str, &str), expected: &str| {
        let answer = served.request(url, &[accept]).await;
        assert_eq!(
            (kind(&answer), answer.header("content-type")),
            (expected, expected),
            "{url} {accept:?}"
        );
        assert_eq!(answer.header("vary"), "accept");
    };
    let any = ("accept", "*/*");
    check("/a.png?format=auto", ALL, "image/jxl").await;
    check("/a.png?format=auto", WEBP, "image/webp").await;
    check("/a.png?format=auto", any, "image/jpeg").await;
    // A graphic stays lossless: WebP, or what all clients know.
    check("/b.png?format=auto", ALL, "image/webp").await;
    check("/b.png?format=auto", WEBP, "image/webp").await;
    check("/b.png?format=auto", ("accept", "image/jxl"), "image/png").await;
    check("/b.png?format=auto", any, "image/png").await;
    check("/a.png?format=auto&lossless=true", ALL, "image/webp").await;
    check("/a.png?format=auto&lossless=true", any, "image/png").await;
    // Rounded corners of a PNG are transparent, which a JPEG cannot show.
    check("/a.png?format=auto&s.roundcorners=50", any, "image/png").await;
    check("/a.png?qp=good", ALL, "image/jxl").await;
}

#[tokio::test]
async fn vary_is_sent_exactly_where_the_answer_depends_on_accept() {
    let served = served("vary exactly", "").await;
    let check = async |url: &str, status: u16, cache: &str, vary: &str| {
        let answer = served.request(url, &[ALL]).await;
        let found = (answer.status, answer.header("x-cache"), answer.header("vary"));
        assert_eq!(found, (status, cache, vary), "{url}");
        answer
    };
    let miss = check("/a.png?format=auto&width=8", 200, "miss", "accept").await;
    check("/a.png?format=auto&width=8", 200, "hit", "accept").await;
    check("/broken.png?format=auto", 415, "", "accept").await;
    check("/a.png?width=8", 200, "miss", "").await;
    check("/a.png?width=8&format=png", 200, "miss", "").await;
    check("/a.png?width=9&format=keep", 200, "miss", "").await;
    check("/a.png", 200, "relay", "").await;
    check("/a.png?format=auto&process=no", 200, "relay", "").await;
    check("/missing.png?format=auto", 404, "", "").await;
    check("/broken.png?format=png", 415, "", "").await;
    // The query says what the client takes: the header does not count.
    let answer = check("/a.png?format=auto&accept.webp=true", 200, "miss", "").await;
    assert_eq!(kind(&answer), "image/webp");
    let answer = check("/a.png?format=auto&accept.jxl=1&accept.avif=1", 200, "miss", "").await;
    assert_eq!(kind(&answer), "image/jxl");

    let etag = miss.header("etag");
    let again = served
        .request("/a.png?format=auto&width=8", &[ALL, ("if-none-match", etag)])
        .await;
    assert_eq!((again.status, again.header("vary")), (304, "accept"));
    let other = served
        .request("/a.png?format=auto&width=8", &[WEBP, ("if-none-match", etag)])
        .await;
    assert_eq!(other.status, 200, "another class has another tag");
}

#[tokio::test]
async fn setting_decides_where_formats_are_negotiated() {
    let check = async |setting: &str, rows: [(&str, &str); 4]| {
        let name = format!("negotiate {setting}");
        let served = served(&name, &format!("negotiate = \"{setting}\"")).await;
        for (url, expected) in rows {
            assert_eq!(kind(&served.request(url, &[ALL]).await), expected, "{setting}: {url}");
        }
    };
    let urls = [
        "/a.png?width=8",
        "/a.png?width=8&format=auto",
        "/a.png?width=8&format=keep",
        "/a.png",
    ];
    let rows = |of: [&'static str; 4]| std::array::from_fn(|at| (urls[at], of[at]));
    let (jxl, png) = ("image/jxl", "image/png");
    check("as-asked", rows([png, jxl, png, png])).await;
    check("always", rows([jxl, jxl, png, png])).await;
    check("never", rows([png, png, png, png])).await;
}

/// Headers made of types, weights and rubbish, in any order.
fn headers(count: u32) -> impl Iterator<Item = String> {
    const PARTS: [&str; 14] = [
        "image/webp",
        "image/jxl",
        "image/avif",
        "image/jpeg",
        "image/*",
        "*/*",
        "text/html",
        "image/webp;q=0",
        "image/jxl;q=0.001",
        "image/jpeg;q=0.9",
        "image/webp;q=x",
        ";;q=",
        "image/webp;level=1;q=1.000",
        "IMAGE/JXL ; Q=0.5",
    ];
    (0..count).map(|number| {
        let parts = (0..6).map(|place| PARTS[(number.wrapping_mul(2_654_435_761) >> (4 * place)) as usize % 14]);
        format!("{},x/{number}", parts.collect::<Vec<_>>().join(","))
    })
}

#[tokio::test]
async fn ten_thousand_headers_make_at_most_six_variants() {
    let world = world("many headers");
    let served = served("many headers", "").await;
    let (mut seen, mut tags) = (HashSet::new(), HashSet::new());
    for accept in headers(10_000) {
        let answer = served
            .request("/a.png?format=auto&width=4", &[("accept", &accept)])
            .await;
        assert_eq!((answer.status, answer.header("vary")), (200, "accept"), "{accept}");
        tags.insert(answer.header("etag").to_owned());
        seen.insert(accept);
    }
    assert_eq!(seen.len(), 10_000);
    assert!((2..=6).contains(&tags.len()), "{} variants", tags.len());
    assert_eq!(world.kept[0].lock().unwrap().len(), tags.len(), "each is kept once");
}
