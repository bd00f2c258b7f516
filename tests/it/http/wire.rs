//! How responses leave on a connection: each whole, in the order of the requests, whatever the client's pace, from memory
//! and from streams, of known and of unknown length.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use super::client::{Client, Response};
use super::photographs::{lake, thumbnail, upside_down};
use super::server::{IMAGES, Server, eventually};

/// More than the buffers of two sockets hold (Linux lets them grow to ten megabytes); made once, then in memory.
const LARGE: &str = "/lake.jpg?width=5400&scale=both&format=png";

fn server() -> Server {
    let caches = "[[plugin]]\nname = \"memcache\"\n";
    let images: [(&str, &[u8]); 2] = [("lake.jpg", lake()), ("small.jpg", thumbnail())];
    Server::start(&format!("{IMAGES}{caches}"), &images)
}

/// The image once it comes from a cache.
fn kept(server: &Server, target: &str) -> Response {
    server.get(target);
    let kept = server.get(target);
    assert_eq!(kept.header("x-cache"), Some("hit"), "{target}");
    kept
}

#[test]
fn what_is_asked_at_once_is_answered_whole_and_in_order() {
    let server = server();
    let (small, large) = (kept(&server, "/small.jpg?width=20"), kept(&server, LARGE));
    assert!(large.body.len() > 12 << 20, "{} bytes", large.body.len());
    let etag = small.header("etag").unwrap();
    let asked = [
        ("GET", "/small.jpg?width=20", ""),
        ("GET", LARGE, ""),
        ("HEAD", LARGE, ""),
        ("GET", "/small.jpg?width=20", etag),
        ("GET", "/nothing.jpg", ""),
        ("GET", "/small.jpg", ""),
        ("OPTIONS", "/small.jpg", ""),
        ("GET", "/lake.jpg", ""),
        ("GET", LARGE, ""),
        ("GET", "/small.jpg?width=20", ""),
    ];
    // One by one, so that the answers cannot be mixed up.
    let alone: Vec<Response> = asked
        .iter()
        .map(|request| ask(&mut server.connect(), &[*request]))
        .map(only)
        .collect();
    let together = ask(&mut server.connect(), &asked);
    assert_eq!(alone[1].body, large.body);
    assert_eq!(
        alone[2].header("content-length"),
        Some(large.body.len().to_string().as_str())
    );
    assert_eq!((alone[3].status, alone[3].header("content-length")), (304, None));
    assert_eq!((alone[6].status, alone[6].header("content-length")), (204, None));
    assert_eq!(
        (alone[5].body.as_slice(), alone[7].body.as_slice()),
        (thumbnail(), lake())
    );
    for ((alone, together), asked) in alone.iter().zip(&together).zip(asked) {
        assert_eq!(together.status, alone.status, "{asked:?}");
        assert!(together.body == alone.body, "{asked:?}: another body");
        for name in ["content-length", "content-type", "etag", "server"] {
            assert_eq!(together.header(name), alone.header(name), "{asked:?}: {name}");
        }
        for name in ["content-length", "date", "server"] {
            let count = together.headers.iter().filter(|header| header.0 == name).count();
            assert!(count <= 1, "{asked:?}: {name} is there {count} times");
        }
    }
}

/// Sends these requests, a method, a target and the tag of `If-None-Match` each, in one go, and reads what comes.
fn ask(client: &mut Client, requests: &[(&str, &str, &str)]) -> Vec<Response> {
    let mut text = String::new();
    for (method, target, etag) in requests {
        text += &format!("{method} {target} HTTP/1.1\r\nHost: test\r\n");
        if !etag.is_empty() {
            text += &format!("If-None-Match: {etag}\r\n");
        }
        text += "\r\n";
    }
    client.send(text);
    requests
        .iter()
        .map(|(method, ..)| client.response(*method == "HEAD"))
        .collect()
}

fn only(mut responses: Vec<Response>) -> Response {
    responses.remove(0)
}

#[test]
fn what_is_sent_often_stays_itself() {
    let server = server();
    let targets = ["/lake.jpg?width=320", "/lake.jpg?width=330", "/small.jpg?width=20"];
    let bodies = targets.map(|target| kept(&server, target).body);
    assert!(
        (8 << 10..64 << 10).contains(&bodies[0].len()),
        "{} bytes",
        bodies[0].len()
    );
    let mut client = server.connect();
    for round in 0..100 {
        for (target, body) in targets.iter().zip(&bodies) {
            assert!(client.get(target).body == *body, "{target}, round {round}");
        }
        let part = client.request("GET", targets[0], &[("Range", "bytes=100-9999")]);
        assert!(part.body == bodies[0][100..10_000], "a part, round {round}");
    }
    let requests = [("GET", targets[0], ""); 200];
    for response in ask(&mut client, &requests) {
        assert!(response.body == bodies[0]);
    }
    // What takes its place is not taken for it.
    std::fs::write(server.folder().join("images/lake.jpg"), upside_down()).unwrap();
    let replaced = eventually("the photograph is another", || {
        let body = client.get(targets[0]).body;
        (body != bodies[0]).then_some(body)
    });
    for _ in 0..100 {
        assert!(client.get(targets[0]).body == replaced);
    }
}

#[test]
fn a_slow_client_gets_all_of_it_and_the_log_says_so() {
    let server = server();
    let large = kept(&server, LARGE).body;
    let mut slow = server.connect();
    slow.send(format!(
        "GET {LARGE} HTTP/1.1\r\nHost: test\r\nX-Request-Id: slow\r\n\r\n"
    ));
    assert_eq!(slow.head().unwrap().status, 200);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!server.log().contains("id=slow"), "the line comes when all is sent");
    let mut body = Vec::new();
    while body.len() < large.len() {
        let piece = (large.len() - body.len()).min(256 << 10);
        slow.read_into(&mut body, piece as u64).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(body == large);
    server.wait_for_log("id=slow");
    assert_eq!(sent(&server, "slow"), (large.len(), true));
    // The connection goes on.
    assert_eq!(slow.get("/small.jpg?width=20").status, 200);
}

#[test]
fn who_hangs_up_in_the_middle_has_not_got_the_whole() {
    let server = server();
    let large = kept(&server, LARGE).body;
    let mut client = server.connect();
    client.send(format!(
        "GET {LARGE} HTTP/1.1\r\nHost: test\r\nX-Request-Id: left\r\n\r\n"
    ));
    assert_eq!(client.head().unwrap().status, 200);
    client.hang_up();
    server.wait_for_log("id=left");
    let (bytes, whole) = sent(&server, "left");
    assert!(!whole && bytes < large.len(), "{bytes} bytes, whole={whole}");
}

/// Bytes and `whole` of the access line with this id.
fn sent(server: &Server, id: &str) -> (usize, bool) {
    let log = server.log();
    let line = log.lines().find(|line| line.contains(&format!("id={id} "))).unwrap();
    let field = |name: &str| {
        let value = line.split_once(name).unwrap().1;
        value.split(' ').next().unwrap().to_owned()
    };
    (field(" bytes=").parse().unwrap(), field(" whole=") == "true")
}

#[test]
fn a_relay_of_unknown_length_comes_whole_and_one_that_breaks_off_is_seen_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Each piece is sent by itself, and the object ends where its name says.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            let whole = head.starts_with(b"GET /whole.jpg ");
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
            let end = if whole { lake().len() } else { lake().len() / 2 };
            for piece in lake()[..end].chunks(100_000) {
                let _ = stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes());
                let _ = stream.write_all(piece);
                let _ = stream.write_all(b"\r\n");
            }
            if whole {
                let _ = stream.write_all(b"0\r\n\r\n");
            }
        }
    });
    let remote = format!(
        "[[plugin]]\nname = \"remotereader\"\nallow = [{{ domain = \"127.0.0.1\" }}]\nallow_addresses = [\"127.0.0.1\"]\n\
         schemes = [\"http\"]\nports = [{port}]\nuntrusted_data = false\n"
    );
    let server = Server::start(&remote, &[]);
    let url = |name: &str| format!("/remote/127.0.0.1:{port}/{name}");
    let whole = server.get(&url("whole.jpg"));
    let framing = (whole.header("transfer-encoding"), whole.header("content-length"));
    assert_eq!(
        (whole.status, framing),
        (200, (Some("chunked"), None)),
        "{}",
        server.log()
    );
    assert!(whole.body == lake());
    let mut client = server.connect();
    client.send_get(&url("half.jpg"));
    assert!(client.try_response(false).is_err(), "half of it is no response");
}
