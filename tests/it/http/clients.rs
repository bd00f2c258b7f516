//! Behaviour towards clients and balancers that no image changes: methods, headers, ids, timeouts and limits.

use std::net::SocketAddr;

use super::client::{Client, Response};
use super::photographs::{lake, large};
use super::server::{IMAGES, Server, eventually};

fn with_server_settings(settings: &str) -> Server {
    Server::start(&format!("[server]\n{settings}\n{IMAGES}"), &[("a.jpg", lake())])
}

#[test]
fn method_other_than_reading_answers_405() {
    let server = with_server_settings("");
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
        let response = server.request(method, "/a.jpg?width=20", &[]);
        assert_eq!(
            (response.status, response.header("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{method}"
        );
    }
    let options = server.request("OPTIONS", "/a.jpg", &[]);
    assert_eq!(
        (options.status, options.header("allow")),
        (204, Some("GET, HEAD, OPTIONS"))
    );
    assert_eq!(options.header("access-control-allow-methods"), None, "CORS is off");
}

#[test]
fn head_answers_the_headers_of_get_without_a_body() {
    let server = with_server_settings("");
    let mut connection = server.connect();
    let get = connection.get("/a.jpg?width=20");
    let head = connection.request("HEAD", "/a.jpg?width=20", &[]);
    let same = |response: &Response| {
        ["content-type", "content-length", "etag", "last-modified"].map(|name| response.header(name).map(str::to_owned))
    };
    assert_eq!((head.status, same(&head)), (200, same(&get)));
    assert_eq!(get.header("content-length").unwrap(), get.body.len().to_string());
    // The next response follows at once: had there been a body, it would be read as this one's head.
    assert_eq!(connection.get("/nothing.jpg").status, 404);
}

#[test]
fn connection_kept_alive_answers_many_requests() {
    let server = with_server_settings("");
    let mut connection = server.connect();
    for _ in 0..3 {
        let response = connection.get("/a.jpg?width=20");
        assert_eq!((response.status, response.header("connection")), (200, None));
    }
    // Two at once are answered in their order.
    connection.send_get("/a.jpg?width=20");
    connection.send_get("/nothing.jpg");
    assert_eq!(connection.response(false).status, 200);
    assert_eq!(connection.response(false).status, 404);
}

#[test]
fn configured_headers_are_on_every_response() {
    let server = with_server_settings("headers = { X-Served-By = \"test\" }");
    for (target, status) in [("/a.jpg?width=20", 200), ("/nothing.jpg", 404), ("/healthz", 200)] {
        let response = server.get(target);
        let headers = ["x-served-by", "server"].map(|name| response.header(name));
        assert_eq!(
            (response.status, headers),
            (status, [Some("test"), Some("resizer")]),
            "{target}"
        );
    }
}

#[test]
fn cors_origin_is_allowed_only_if_configured() {
    let server = with_server_settings("cors_origins = [\"https://shop.test\"]");
    let check = |origin: &str, allowed: Option<&str>| {
        let response = server.request("GET", "/a.jpg?width=20", &[("Origin", origin)]);
        assert_eq!(response.header("access-control-allow-origin"), allowed, "{origin}");
        let vary: Vec<_> = response.headers.iter().filter(|header| header.0 == "vary").collect();
        assert!(
            vary.iter().any(|header| header.1.contains("Origin")),
            "{origin}: {vary:?}"
        );
    };
    check("https://shop.test", Some("https://shop.test"));
    check("https://shop.test.evil.test", None);
    check("null", None);
    let preflight = [
        ("Origin", "https://shop.test"),
        ("Access-Control-Request-Method", "GET"),
    ];
    let preflight = server.request("OPTIONS", "/a.jpg", &preflight);
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-methods")),
        (204, Some("GET, HEAD"))
    );
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        Some("https://shop.test")
    );

    let server = with_server_settings("cors_origins = [\"*\"]");
    let response = server.request("GET", "/a.jpg?width=20", &[("Origin", "https://anybody.test")]);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn request_id_is_kept_from_balancer_to_log() {
    let server = with_server_settings("");
    let response = server.request("GET", "/a.jpg?width=20", &[("X-Request-Id", "from-the-balancer")]);
    assert_eq!(response.header("x-request-id"), Some("from-the-balancer"));
    server.wait_for_log("id=from-the-balancer");

    let mut ids: Vec<String> = Vec::new();
    for given in ["", "with space", "x".repeat(129).as_str()] {
        let response = server.request("GET", "/nothing.jpg", &[("X-Request-Id", given)]);
        ids.push(response.header("x-request-id").unwrap().to_owned());
        assert_ne!(ids.last().unwrap(), given);
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "each is named anew: {ids:?}");
}

#[test]
fn forwarded_address_counts_only_from_trusted_proxies() {
    let from = |server: &Server, id: &str| {
        server.request(
            "GET",
            "/nothing.jpg",
            &[("X-Forwarded-For", "203.0.113.9"), ("X-Request-Id", id)],
        );
        server.wait_for_log(&format!("id={id}"));
        let log = server.log();
        let line = log.lines().find(|line| line.contains(&format!("id={id}"))).unwrap();
        line.split_once("client=")
            .unwrap()
            .1
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        from(&with_server_settings("trusted_proxies = [\"loopback\"]"), "believed"),
        "203.0.113.9"
    );
    assert_eq!(
        from(&with_server_settings("trusted_proxies = [\"10.0.0.0/8\"]"), "doubted"),
        "127.0.0.1"
    );
    assert_eq!(from(&with_server_settings(""), "alone"), "127.0.0.1");
}

#[test]
fn control_characters_forge_no_line_of_the_log() {
    let server = with_server_settings("");
    server.request("GET", "/nothing.jpg?a=%0Aforged", &[("X-Request-Id", "first")]);
    server.wait_for_log("path=/nothing.jpg?a=%0Aforged");
    // A raw control character is no request at all.
    let mut connection = server.connect();
    connection.send("GET /a\u{1b}[2J.jpg HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(connection.response(false).status, 400);
}

#[test]
fn health_probes_are_answered_and_not_logged() {
    let server = with_server_settings("");
    for (target, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let response = server.get(target);
        let expected = (200, body, Some("no-store"));
        assert_eq!(
            (response.status, response.text(), response.header("cache-control")),
            expected,
            "{target}"
        );
    }
    server.request("GET", "/nothing.jpg", &[("X-Request-Id", "last")]);
    server.wait_for_log("id=last");
    assert_eq!(server.log().matches(" access: ").count(), 1, "{}", server.log());
}

#[test]
fn access_log_turned_off_writes_no_lines() {
    let server = with_server_settings("access_log = false");
    assert_eq!(server.get("/nothing.jpg").status, 404);
    // The connection is gone only after the line would have been written.
    server.wait_for_metric("resizer_connections", 0);
    assert!(!server.log().contains(" access: "), "{}", server.log());
}

#[test]
fn admin_request_without_the_token_answers_401() {
    let server = with_server_settings("admin_token = \"open sesame\"");
    let check = |headers: &[(&str, &str)], status: u16| {
        assert_eq!(server.admin("/metrics", headers).status, status, "{headers:?}");
    };
    check(&[("Authorization", "Bearer open sesame")], 200);
    check(&[], 401);
    check(&[("Authorization", "Bearer open")], 401);
    assert_eq!(
        server.get("/metrics").status,
        404,
        "the public listener has no admin pages"
    );
}

#[test]
fn metrics_page_is_prometheus_text() {
    let server = with_server_settings("");
    let metrics = server.admin("/metrics", &[]);
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(
        metrics.text().contains("\nresizer_config_generation 1\n"),
        "{}",
        metrics.text()
    );
    assert_eq!(server.admin("/nothing", &[]).status, 404);
    assert!(server.admin("/plan", &[]).text().contains("filereader at /"));
}

#[test]
fn slow_head_is_closed_after_its_timeout() {
    let server = with_server_settings("head_timeout = \"300ms\"\nkeep_alive = \"300ms\"");
    let mut connection = server.connect();
    connection.send("GET /a.jpg?width=20 HTTP/1.1\r\nHo");
    assert_eq!(connection.rest(), b"");

    // The second head of a connection has its limit too.
    let mut connection = server.connect();
    assert_eq!(connection.get("/nothing.jpg").status, 404);
    connection.send("GET /a.jpg?width=20 HTTP/1.1\r\nHo");
    connection.rest();
}

#[test]
fn idle_connection_is_closed_after_keep_alive() {
    let server = with_server_settings("keep_alive = \"300ms\"");
    let mut connection = server.connect();
    assert_eq!(connection.get("/nothing.jpg").status, 404);
    assert_eq!(connection.rest(), b"");
}

#[test]
fn client_that_reads_nothing_is_closed_after_body_timeout() {
    // More than all buffers between the two ends hold; the file has holes and takes no space on the disk.
    let length = 64 << 20;
    let server = with_server_settings("body_timeout = \"300ms\"");
    let file = std::fs::File::create(server.folder().join("images/big.jpg")).unwrap();
    file.set_len(length).unwrap();
    let mut connection = server.connect();
    connection.send_get("/big.jpg");
    let head = connection.head().unwrap();
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some(length.to_string().as_str()))
    );
    server.wait_for_metric("resizer_connections", 0);
    assert!((connection.rest().len() as u64) < length);
    server.wait_for_log("whole=false");
}

#[test]
fn client_that_reads_more_slowly_than_client_min_rate_is_closed() {
    // The client reads all the time, some megabytes a second.
    let server = with_server_settings("body_timeout = \"500ms\"\nclient_min_rate = \"1GB\"");
    let length: u64 = 256 << 20;
    let file = std::fs::File::create(server.folder().join("images/big.jpg")).unwrap();
    file.set_len(length).unwrap();
    let mut connection = server.connect();
    connection.send_get("/big.jpg");
    assert_eq!(connection.head().unwrap().status, 200);
    let mut body = Vec::new();
    while connection.read_into(&mut body, 32 << 10).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!((body.len() as u64) < length);
    server.wait_for_log("whole=false");
}

#[test]
fn client_that_hangs_up_is_logged_with_499() {
    let server = Server::start(IMAGES, &[("large.jpg", large())]);
    let mut impatient = server.connect();
    impatient.send_get("/large.jpg?width=3000");
    server.wait_for_metric("resizer_work_running", 1);
    impatient.hang_up();
    server.wait_for_log("path=/large.jpg?width=3000 status=499");

    let open = |server: &Server| server.metric("resizer_connections");
    let clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    eventually("three are connected", || (open(&server) == 3).then_some(()));
    clients.into_iter().for_each(Client::hang_up);
    server.wait_for_metric("resizer_connections", 0);
}

#[test]
fn ipv6_address_is_served() {
    // Machines without IPv6 cannot show it.
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let folder = super::server::folder(IMAGES, &[]);
    let server = Server::start_with(folder, &[("RESIZER__SERVER__LISTEN", "[::1]:0")]);
    assert!(matches!(server.public(), SocketAddr::V6(_)));
    assert_eq!(server.get("/healthz").status, 200);
}
