//! Watermarks: layers of the plugin `watermark` on results. Each test would fail without the plugin.

use std::io::Cursor;
use std::path::Path;

use super::server::{IMAGES, Server, eventually};

/// A PNG of one colour.
fn png(width: u32, height: u32, pixel: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(if pixel.len() == 4 {
        png::ColorType::Rgba
    } else {
        png::ColorType::Rgb
    });
    let pixels = pixel.repeat((width * height) as usize);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// Width and the pixels of a PNG of three colours.
fn pixels(file: &[u8]) -> (u32, Vec<[u8; 3]>) {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    // A picture of few colours has a palette.
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut samples).unwrap();
    assert_eq!(frame.color_type, png::ColorType::Rgb);
    (frame.width, samples.as_chunks::<3>().0.to_vec())
}

/// A pixel of the result of a query.
fn pixel(server: &Server, target: &str, [x, y]: [u32; 2]) -> [u8; 3] {
    let answer = server.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    let (width, pixels) = pixels(&answer.body);
    pixels[(y * width + x) as usize]
}

const LAYERS: &str = r#"
    [server]
    warnings = true
    [[plugin]]
    name = "watermark"
    groups = { all = ["logo", "name"] }
    [plugin.layers.logo]
    image = "/logo.png"
    left = 10
    top = "10%"
    opacity = 0.5
    align = "topleft"
    [plugin.layers.name]
    text = "\u2588\u2588\u2588\u2588"
    color = "00ff00"
    font_size = "20%"
    bottom = 0
    align = "bottomcenter"
    [plugin.layers.gone]
    image = "/gone.png"
    [plugin.layers.broken]
    image = "/broken.png"
    [plugin.other_images]
    image = "/marks"
"#;

/// A grey image of 200 x 100, and a red logo of 40 x 20.
fn server() -> Server {
    let configuration = format!("{LAYERS}\n[[plugin]]\nname = \"memcache\"\n{IMAGES}check_modified = \"50ms\"\n");
    let files = [
        ("a.png", png(200, 100, &[100, 100, 100])),
        ("logo.png", png(40, 20, &[255, 0, 0])),
        ("broken.png", b"no image".to_vec()),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    Server::start(&configuration, &files)
}

#[test]
fn layers_lie_where_the_settings_say() {
    let server = server();
    let logo = "/a.png?width=200&watermark=logo";
    // Half of red over 100.
    assert_eq!(pixel(&server, logo, [11, 11]), [178, 50, 50]);
    assert_eq!(pixel(&server, logo, [9, 11]), [100; 3]);
    assert_eq!(pixel(&server, logo, [11, 9]), [100; 3]);
    assert_eq!(pixel(&server, logo, [51, 11]), [100; 3]);
    // The box of a smaller result is 40 pixels wide, and the logo keeps its size.
    assert_eq!(
        pixel(&server, "/a.png?width=100&watermark=Logo", [48, 6]),
        [178, 50, 50]
    );
    // Full blocks of a text, in the middle of the bottom.
    let text = pixel(&server, "/a.png?watermark=name", [100, 90]);
    assert_eq!(text, [0, 255, 0]);
    let both = "/a.png?watermark=all&width=200";
    assert_eq!(
        (pixel(&server, both, [11, 11]), pixel(&server, both, [100, 90])),
        ([178, 50, 50], [0, 255, 0])
    );
    // Without the key nothing is laid.
    assert_eq!(pixel(&server, "/a.png?width=200", [11, 11]), [100; 3]);
}

#[test]
fn layer_is_fetched_once_and_decoded_once_for_each_size() {
    let server = server();
    for width in [200, 150, 120, 110, 100] {
        assert_eq!(server.get(&format!("/a.png?width={width}&watermark=logo")).status, 200);
    }
    // The image five times, and the logo.
    assert_eq!(server.metric("resizer_fetches_total"), 6);
    assert_eq!(
        server.metric("resizer_flights_started_total{kind=\"layer\"}"),
        2,
        "its size and its pixels"
    );
    assert!(server.metric("resizer_watermark_bytes") > 40 * 20 * 4);
}

#[test]
fn replaced_logo_shows_under_another_etag() {
    let server = server();
    let target = "/a.png?width=200&watermark=logo";
    let first = server.get(target);
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("last-modified"), None);
    let ask = || server.request("GET", target, &[("If-None-Match", &etag)]);
    assert_eq!(ask().status, 304);
    let logo = server.folder().join("images/logo.png");
    std::fs::write(logo.with_extension("new"), png(40, 20, &[0, 0, 255])).unwrap();
    std::fs::rename(logo.with_extension("new"), &logo).unwrap();
    let second = eventually("the new logo shows", || {
        Some(ask()).filter(|answer| answer.status == 200)
    });
    assert_ne!(second.header("etag"), Some(&*etag));
    let (width, pixels) = pixels(&second.body);
    assert_eq!(pixels[(11 * width + 11) as usize], [50, 50, 178]);
    // Other results did not change.
    assert_eq!(pixel(&server, "/a.png?width=200", [11, 11]), [100; 3]);
}

#[test]
fn unknown_name_is_a_warning_and_a_missing_file_is_an_error() {
    let server = server();
    let unknown = server.get("/a.png?width=200&watermark=a%2fb,logo");
    assert_eq!(unknown.status, 200);
    let warning = unknown.header("x-resizer-warnings").unwrap();
    assert!(warning.contains("watermark=a/b"), "{warning}");
    assert_eq!(pixels(&unknown.body).1[200 * 11 + 11], [178, 50, 50]);
    // A file of the folder that a client names, and that is not there.
    assert_eq!(
        pixel(&server, "/a.png?width=200&watermark=none.png", [11, 11]),
        [100; 3]
    );
    for name in ["gone", "broken"] {
        let answer = server.get(&format!("/a.png?width=200&watermark={name}"));
        assert_eq!(answer.status, 500);
        assert!(!answer.text().contains(name), "{}", answer.text());
        server.wait_for_log(&format!("{name}.png"));
    }
    assert_eq!(server.get("/a.png?width=200").status, 200);
}

#[test]
fn file_of_the_folder_is_a_layer() {
    let server = server();
    let marks = server.folder().join("images/marks");
    std::fs::create_dir(&marks).unwrap();
    std::fs::write(marks.join("b.png"), png(10, 10, &[0, 0, 255])).unwrap();
    assert_eq!(
        pixel(&server, "/a.png?width=200&watermark=b.png", [100, 50]),
        [0, 0, 255]
    );
}

/// The example of the plugin's page, as the page shows it.
#[test]
fn example_of_the_page_gives_its_picture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let plugin = root.join("crates/plugins/watermark");
    let page = std::fs::read_to_string(plugin.join("docs.md")).unwrap();
    let (_, example) = page.split_once("```toml\n").unwrap();
    let example = example.split("```").next().unwrap();
    let configuration = format!("{example}\n{IMAGES}");
    let [lake, mark] = ["lake.jpg", "mark.png"].map(|name| std::fs::read(root.join("samples").join(name)).unwrap());
    let server = Server::start(&configuration, &[("lake.jpg", &lake), ("mark.png", &mark)]);
    let answer = server.get("/lake.jpg?width=360&watermark=signed&year=2026&quality=85");
    assert_eq!(answer.status, 200);
    let path = plugin.join("picture.jpg");
    let decoded = |file: &[u8]| jpeg_decoder::Decoder::new(file).decode().ok();
    let (found, committed) = (
        decoded(&answer.body).unwrap(),
        std::fs::read(&path).ok().and_then(|file| decoded(&file)),
    );
    let difference = committed
        .filter(|committed| committed.len() == found.len())
        .map_or(f64::MAX, |committed| {
            let sum: u64 = found
                .iter()
                .zip(&committed)
                .map(|(a, b)| u64::from(a.abs_diff(*b)))
                .sum();
            sum as f64 / found.len() as f64
        });
    if difference > 1.0 && std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(&path, &answer.body).unwrap();
    }
    assert!(
        difference <= 1.0,
        "the picture differs by {difference} levels; UPDATE_DOCS=1 writes it anew"
    );
}
