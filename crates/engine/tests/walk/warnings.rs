//! Warnings about ignored parts of a query, and the settings on copied metadata and on compatibility.

use crate::store::{Object, Served, png, world};

const HEADER: &str = "x-resizer-warnings";

async fn served(name: &str, settings: &str) -> Served {
    world(name).put("a.png", Object::of(png(8, 8, 9)));
    let caches = format!("[[plugin]]\nname = \"testcache\"\nworld = \"{name}\"\nslot = 0\n");
    let probe = "[[plugin]]\nname = \"testprobe\"\nmark = \"1\"\n";
    Served::store(name, &format!("[server]\n{settings}\n{caches}{probe}")).await
}

#[tokio::test]
async fn warnings_are_told_on_misses_hits_and_304() {
    let served = served("warnings", "warnings = true").await;
    let url = "/a.png?width=4&heigth=2&mode=corp&probe=x";
    // `testprobe` reads `probe`.
    let expected = "`heigth` is no known key; did you mean `height`? | `mode=corp`: expected `max`, `pad`, `crop`, \
                    `stretch`, `aspectcrop` or `none`; did you mean `crop`?";
    for outcome in ["miss", "hit"] {
        let answer = served.get(url).await;
        assert_eq!((answer.header("x-cache"), answer.header(HEADER)), (outcome, expected));
    }
    let tag = served.get(url).await.header("etag").to_owned();
    let unchanged = served.request(url, &[("if-none-match", &tag)]).await;
    assert_eq!((unchanged.status, unchanged.header(HEADER)), (304, expected));
    assert_eq!(served.get("/a.png?width=4").await.header(HEADER), "");
}

#[tokio::test]
async fn warnings_are_off_by_default() {
    let served = served("no warnings", "").await;
    assert_eq!(served.get("/a.png?width=4&heigth=2").await.header(HEADER), "");
}

#[tokio::test]
async fn setting_decides_whether_metadata_is_copied() {
    let check = async |setting: &str, query: &str, expected: bool| {
        let name = format!("metadata {setting} {query}");
        world(&name).put("a.png", Object::of(with_exif(&png(8, 8, 9))));
        let text = if setting.is_empty() {
            String::new()
        } else {
            format!("[server]\nmetadata = \"{setting}\"")
        };
        let served = Served::store(&name, &text).await;
        let answer = served.get(&format!("/a.png?width=4{query}")).await;
        let found = answer.body.windows(4).any(|bytes| bytes == b"eXIf");
        assert_eq!(found, expected, "{setting} {query}");
    };
    check("", "", false).await;
    check("", "&copymetadata=true", true).await;
    check("as-asked", "&copymetadata=true", true).await;
    check("always", "", true).await;
    check("always", "&copymetadata=false", true).await;
    check("never", "&copymetadata=true", false).await;
}

/// ImageResizer makes 99 x 33 pixels of this; Imageflow's rules, and this server's, 100 x 33.
#[tokio::test]
async fn setting_of_compatibility_changes_layout_and_key() {
    let query = "/a.png?width=100&height=33&mode=max&s.invert=1";
    let mut tags = Vec::new();
    for (setting, width, warnings) in [
        ("", 100, ""),
        ("compat = \"none\"", 100, ""),
        (
            "compat = \"imageresizer4\"",
            99,
            "`s.invert=1`: expected `true`, the one word that ImageResizer reads",
        ),
    ] {
        let name = format!("compat of {} letters", setting.len());
        let served = served(&name, &format!("warnings = true\n{setting}")).await;
        world(&name).put("a.png", Object::of(png(1200, 400, 9)));
        let answer = served.get(query).await;
        assert_eq!(answer.png_size(), (width, 33), "{setting}");
        assert_eq!(answer.header(HEADER), warnings, "{setting}");
        tags.push(answer.header("etag").to_owned());
    }
    assert_ne!(tags[1], tags[2]);
}

/// The PNG with an EXIF block of one entry, a maker of three letters, behind its header.
fn with_exif(png: &[u8]) -> Vec<u8> {
    const HEADER_END: usize = 33;
    let block = b"MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x04Ada\0\0\0\0\0";
    let kind_and_block = [&b"eXIf"[..], block].concat();
    let sum = !kind_and_block.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 }
        })
    });
    let length = (block.len() as u32).to_be_bytes();
    [
        &png[..HEADER_END],
        &length,
        &kind_and_block,
        &sum.to_be_bytes(),
        &png[HEADER_END..],
    ]
    .concat()
}
