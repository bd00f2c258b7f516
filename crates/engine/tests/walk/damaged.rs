//! Damaged sources: refused, or shown as far as they go, as settings of the server or of a reader say.

use bytes::Bytes;

use crate::store::{Object, Served, world};

/// So large that decoders, which work on bands of rows, have delivered some before the damage.
const SIDE: u32 = 640;

/// Random shades (Marsaglia's xorshift), which take as many bytes in a file.
fn pixels() -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..SIDE * SIDE).map(|_| next()).collect()
}

/// The first half of the file of a grey PNG.
fn broken_off() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels()).unwrap();
    writer.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// The grey pixels of a PNG.
fn read(png: &Bytes) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Grayscale);
    pixels
}

fn cache(name: &str) -> String {
    format!("[[plugin]]\nname = \"testcache\"\nworld = \"{name}\"\nslot = 0\n")
}

#[tokio::test]
async fn damaged_source_is_refused_by_default_and_remembered() {
    let world = world("refused");
    world.put("a.png", Object::of(broken_off()));
    let served = Served::store("refused", "").await;
    for _ in 0..2 {
        let answer = served.get("/a.png?format=png").await;
        assert_eq!((answer.status, answer.header("cache-control")), (422, "no-store"));
        assert_eq!(answer.header("x-damaged"), "");
    }
    assert_eq!(world.counts().1, 1, "one download for both");
}

#[tokio::test]
async fn damaged_source_is_shown_with_a_header_and_a_short_life() {
    let world = world("shown");
    world.put("a.png", Object::of(broken_off()));
    let server = "[server]\ndamaged = \"show\"\ndamaged_max_age = \"7s\"\n";
    let served = Served::store("shown", &format!("{server}{}", cache("shown"))).await;
    for _ in 0..2 {
        let answer = served.get("/a.png?format=png").await;
        assert_eq!(
            (
                answer.status,
                answer.header("x-damaged"),
                answer.header("cache-control")
            ),
            (200, "source", "max-age=7")
        );
        assert_eq!((answer.header("etag"), answer.header("last-modified")), ("", ""));
        assert_eq!(answer.header("x-cache"), "miss", "no cache of the server keeps it");
        let (shown, whole, row) = (read(&answer.body), pixels(), SIDE as usize);
        assert_eq!(shown[..8 * row], whole[..8 * row], "the rows before the damage");
        assert!(
            shown[shown.len() - 8 * row..].iter().all(|shade| *shade == 128),
            "grey behind it"
        );
    }
    assert_eq!(served.count("resizer_damaged_total"), 2);
    assert!(world.kept[0].lock().unwrap().is_empty());
}

#[tokio::test]
async fn whole_source_is_served_as_ever_where_damaged_ones_are_shown() {
    let world = world("whole beside");
    world.put("a.png", Object::of(crate::store::png(9, 9, 3)));
    let served = Served::store(
        "whole beside",
        &format!("[server]\ndamaged = \"show\"\n{}", cache("whole beside")),
    )
    .await;
    for x_cache in ["miss", "hit"] {
        let answer = served.get("/a.png?width=4").await;
        assert_eq!((answer.status, answer.header("x-cache")), (200, x_cache));
        assert_eq!(
            (answer.header("x-damaged"), answer.header("etag").is_empty()),
            ("", false)
        );
    }
    assert_eq!(served.count("resizer_damaged_total"), 0);
}

#[tokio::test]
async fn setting_of_a_reader_goes_before_that_of_the_server() {
    world("by reader").put("a.png", Object::of(broken_off()));
    let check = async |server: &str, reader: &str, expected: u16| {
        let text = format!(
            "[server]\ndamaged = \"{server}\"\n[[plugin]]\nname = \"teststore\"\nworld = \"by reader\"\n{reader}\n"
        );
        let served = Served::new(&text).await;
        assert_eq!(
            served.get("/a.png?format=png").await.status,
            expected,
            "{server}, {reader}"
        );
    };
    check("refuse", "damaged = \"show\"", 200).await;
    check("show", "damaged = \"refuse\"", 422).await;
    check("show", "", 200).await;
    check("refuse", "", 422).await;
}

#[tokio::test]
async fn source_without_a_readable_row_is_an_error_also_where_damaged_ones_are_shown() {
    let mut header = broken_off();
    header.truncate(60);
    world("no row").put("a.png", Object::of(header));
    let served = Served::store("no row", "[server]\ndamaged = \"show\"\n").await;
    let answer = served.get("/a.png?format=png").await;
    assert_eq!((answer.status, answer.header("cache-control")), (422, "no-store"));
}
