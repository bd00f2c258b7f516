//! Coded responses: the image comes out of every coding, whole and in part, and no coding takes more memory or time
//! than its limits. The coded bytes are from the encoders of zlib and Google, as node has them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use resizer_engine::testing::read_all;
use resizer_plugin_api::{ErrorKind, Fetch, Want};
use resizer_test_stores::http_origin::{Answer, Asked};

use super::origin;

const BYTES: &[u8] = b"0123456789abcdefghij";
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x33\x30\x34\x32\x36\x31\x35\x33\xb7\xb0\x4c\x4c\x4a\x4e\x49\
                      \x4d\x4b\xcf\xc8\xcc\x02\x00\x29\x0d\x8c\x63\x14\x00\x00\x00";
const ZLIB: &[u8] = b"\x78\x9c\x33\x30\x34\x32\x36\x31\x35\x33\xb7\xb0\x4c\x4c\x4a\x4e\x49\x4d\x4b\xcf\xc8\xcc\x02\x00\
                      \x35\x07\x06\x05";
const RAW_DEFLATE: &[u8] = b"\x33\x30\x34\x32\x36\x31\x35\x33\xb7\xb0\x4c\x4c\x4a\x4e\x49\x4d\x4b\xcf\xc8\xcc\x02\x00";
const BROTLI: &[u8] =
    b"\x8b\x09\x80\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x03";
/// Eight megabytes of zeros.
const BROTLI_OF_ZEROS: &[u8] = b"\x9b\xff\xff\x7f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x0f";
/// Nine megabytes of `ab`, with a window of 16 MiB.
const BROTLI_OF_LARGE_WINDOW: &[u8] = b"\x9f\xff\xff\x8f\xf8\xa5\xc2\xc4\xe2\xb2\x30\x00\xf7\xfe\x51";

const CODED: [(&str, &[u8]); 6] = [
    ("gzip", GZIP),
    ("X-GZip", GZIP),
    ("deflate", ZLIB),
    ("deflate", RAW_DEFLATE),
    ("br", BROTLI),
    ("aws-chunked, gzip", GZIP),
];

fn coded(coding: &str, body: &[u8]) -> Answer {
    Answer::new(200, &[("Content-Encoding", coding), ("ETag", "\"a\"")], body)
}

#[tokio::test]
async fn coded_image_is_decoded() {
    for (coding, body) in CODED {
        let (_origin, reader) = origin("", move |_| coded(coding, body)).await;
        assert_eq!(reader.read("a.jpg").await.unwrap(), BYTES, "{coding}");
        let stat = reader.stat("a.jpg").await.unwrap();
        assert_eq!(stat.length, None, "{coding}: the length is that of the coded body");
        assert!(stat.validator.is_some(), "{coding}");
    }
}

#[tokio::test]
async fn coded_image_that_arrives_in_single_bytes_is_decoded() {
    for (coding, body) in CODED {
        let chunks: Vec<u8> = body
            .iter()
            .flat_map(|byte| [b'1', b'\r', b'\n', *byte, b'\r', b'\n'])
            .collect();
        let body = [&chunks, &b"0\r\n\r\n"[..]].concat();
        let headers = [("Content-Encoding", coding), ("Transfer-Encoding", "chunked")];
        let answer = Answer::new(200, &headers, &body);
        let (_origin, reader) = origin("", move |_| answer.clone()).await;
        assert_eq!(reader.read("a.jpg").await.unwrap(), BYTES, "{coding}");
    }
}

#[tokio::test]
async fn word_that_names_no_coding_is_passed_over() {
    for word in ["base64", "utf-8", "none", "aws-chunked", "identity", "", "binary"] {
        let (_origin, reader) = origin("", move |_| coded(word, BYTES)).await;
        assert_eq!(reader.read("a.jpg").await.unwrap(), BYTES, "{word}");
        assert_eq!(reader.stat("a.jpg").await.unwrap().length, Some(20), "{word}");
    }
}

#[tokio::test]
async fn coding_that_cannot_be_decoded_is_an_upstream_failure() {
    let cut = |body: &'static [u8]| &body[..body.len() - 3];
    for (coding, body) in [
        ("gzip", BYTES),
        ("deflate", &[0xFF; 20]),
        ("br", BYTES),
        ("gzip", cut(GZIP)),
        ("deflate", cut(ZLIB)),
        ("br", cut(BROTLI)),
        ("br", BROTLI_OF_LARGE_WINDOW),
        ("gzip, gzip", GZIP),
        ("zstd", BYTES),
    ] {
        let (_origin, reader) = origin("", move |_| coded(coding, body)).await;
        let error = reader.read("a.jpg").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upstream, "{coding}: {error:?}");
        assert!(error.cause().is_some_and(|cause| cause.contains("coding")), "{error:?}");
    }
}

#[tokio::test]
async fn range_of_a_coded_image_is_cut_out_of_the_decoded_one() {
    let answer = |asked: &Asked| match asked.headers.contains_key("range") {
        // The part is one of the coded body.
        true => Answer::new(
            206,
            &[("Content-Encoding", "gzip"), ("Content-Range", "bytes 5-9/40")],
            &GZIP[5..10],
        ),
        false => coded("gzip", GZIP),
    };
    let ignores = |_: &Asked| coded("gzip", GZIP);
    for (range, expected) in [(5..=9, &BYTES[5..10]), (15..=99, &BYTES[15..])] {
        let (_origin, reader) = origin("", answer).await;
        let part = reader.download("a.jpg", Some(range.clone())).await.unwrap();
        assert_eq!(read_all(part.bytes).await.unwrap(), expected);
        let (_origin, reader) = origin("", ignores).await;
        let part = reader.download("a.jpg", Some(range)).await.unwrap();
        assert_eq!(read_all(part.bytes).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn coded_image_above_max_bytes_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 8 << 20]).unwrap();
    let gzip: &'static [u8] = encoder.finish().unwrap().leak();
    for (coding, body) in [("gzip", gzip), ("br", BROTLI_OF_ZEROS)] {
        let (_origin, reader) = origin("max_bytes = 8388608", move |_| coded(coding, body)).await;
        assert_eq!(reader.read("a.jpg").await.unwrap().len(), 8 << 20, "{coding}");
        let (_origin, reader) = origin("max_bytes = 8388607", move |_| coded(coding, body)).await;
        let error = reader.read("a.jpg").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{coding}");
        // No piece of it is large.
        let want = Want::whole();
        let path = reader.path("a.jpg");
        let Fetch::Download(mut download) = reader.source().fetch(&path, want).await.unwrap() else {
            panic!("unchanged")
        };
        let piece = futures_util::StreamExt::next(&mut download.bytes)
            .await
            .unwrap()
            .unwrap();
        assert!(piece.len() <= 64 << 10, "{coding}: {} bytes", piece.len());
    }
}
