//! Connections: where they end and what is said of it, heads that are too long or wrong, and clients that hold many
//! connections.

use std::time::Duration;

use super::client::Client;
use super::photographs::{lake, large, thumbnail};
use super::server::{IMAGES, Server, eventually};

fn server(settings: &str) -> Server {
    let images: [(&str, &[u8]); 2] = [("a.jpg", lake()), ("small.jpg", thumbnail())];
    Server::start(&format!("[server]\n{settings}\n{IMAGES}"), &images)
}

/// Sends this on a connection of its own and reads all responses to its end.
fn answers(server: &Server, text: impl AsRef<[u8]>) -> String {
    let mut connection = server.connect();
    connection.send(text);
    String::from_utf8_lossy(&connection.rest()).into_owned()
}

fn statuses(answers: &str) -> Vec<&str> {
    let lines = answers.lines().filter_map(|line| line.strip_prefix("HTTP/1."));
    lines.map(|line| &line[2..5]).collect()
}

#[test]
fn long_target_answers_414_and_long_head_431() {
    let server = server("");
    let mut connection = server.connect();
    let longest = "a".repeat(8192 - "/.jpg".len());
    assert_eq!(connection.get(&format!("/{longest}.jpg")).status, 404);
    assert_eq!(connection.get(&format!("/{longest}a.jpg")).status, 414);
    assert_eq!(connection.get(&format!("/a.jpg?{longest}")).status, 414);
    for head in [
        format!("GET /a.jpg HTTP/1.1\r\nHost: test\r\nCookie: {}", "a".repeat(140_000)),
        format!("GET /a.jpg HTTP/1.1\r\nHost: test\r\n{}\r\n", "a: b\r\n".repeat(97)),
    ] {
        let answer = answers(&server, head);
        assert_eq!(statuses(&answer), ["431"], "{answer}");
    }
    let fits = "a".repeat(60_000);
    assert_eq!(server.request("GET", "/healthz", &[("Cookie", &fits)]).status, 200);
}

/// A fault of actix-http: it panics on a name that is longer than its own map of headers can hold.
#[test]
fn name_of_a_header_of_64_kib_ends_its_connection_and_nothing_else() {
    let server = server("workers = 1");
    let mut other = server.connect();
    assert_eq!(other.get("/healthz").status, 200);
    let name = "a".repeat(65_536);
    let answer = answers(
        &server,
        format!("GET /healthz HTTP/1.1\r\nHost: test\r\n{name}: b\r\n\r\n"),
    );
    assert_eq!(answer, "");
    assert_eq!(other.get("/a.jpg?width=20").status, 200);
    assert_eq!(server.get("/healthz").status, 200);
    server.wait_for_log("panic: ");
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("panic")).collect();
    assert!(lines.len() == 1 && lines[0].contains(" ERROR "), "{log}");
}

#[test]
fn host_that_is_none_answers_400() {
    let server = server("");
    let status = |lines: &str| {
        let request = format!("GET /healthz HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        let answer = answers(&server, request);
        statuses(&answer).join(" ")
    };
    for host in ["", "test", "test:8080", "[::1]:80"] {
        assert_eq!(status(&format!("Host: {host}\r\n")), "200", "{host}");
    }
    for host in ["a b", "user@test", "test:http", "a/b", "[::1", "a%zz"] {
        assert_eq!(status(&format!("Host: {host}\r\n")), "400", "{host}");
    }
    assert_eq!(
        (status("").as_str(), status("Host: a\r\nHost: b\r\n").as_str()),
        ("400", "400")
    );
}

#[test]
fn nothing_behind_a_last_request_is_processed() {
    let server = server("");
    let behind = "GET /small.jpg?width=30 HTTP/1.1\r\nHost: test\r\nX-Request-Id: behind\r\n\r\n";
    for last in [
        "GET /small.jpg?width=20 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        "GET /small.jpg?width=20 HTTP/1.1\r\nHost: test\r\nConnection: x, Close\r\n\r\n",
        "GET /small.jpg?width=20 HTTP/1.0\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n\r\n",
        "HEAD /a.jpg HTTP/1.0\r\n\r\n",
        "POST /a.jpg HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    ] {
        let answer = answers(&server, format!("{last}{behind}{behind}"));
        let statuses = statuses(&answer);
        assert!(matches!(statuses[0], "200" | "405"), "{answer}");
        // actix-http asks for an answer to what is behind all the same, and this is none.
        assert!(statuses[1..].iter().all(|status| *status == "503"), "{answer}");
    }
    server.request("GET", "/nothing.jpg", &[("X-Request-Id", "later")]);
    server.wait_for_log("id=later");
    assert!(!server.log().contains("id=behind"), "{}", server.log());
}

#[test]
fn close_is_said_on_the_last_response_and_on_no_other() {
    let server = server("");
    let mut connection = server.connect();
    let first = connection.get("/a.jpg?width=20");
    let second = connection.request("HEAD", "/healthz", &[]);
    let last = connection.request("GET", "/healthz", &[("Connection", "close")]);
    let said = [&first, &second, &last].map(|response| (response.status, response.header("connection")));
    assert_eq!(said, [(200, None), (200, None), (200, Some("close"))]);
    assert_eq!(connection.rest(), b"");
    // HTTP/1.0 has to ask for more than one response.
    let old = "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let answer = answers(&server, format!("{old}GET /healthz HTTP/1.0\r\n\r\n"));
    assert_eq!(answer.matches("HTTP/1.0 200").count(), 2, "{answer}");
    assert_eq!(answer.matches("connection: keep-alive").count(), 1, "{answer}");
}

#[test]
fn client_that_has_finished_sending_counts_as_gone() {
    let server = Server::start(IMAGES, &[("large.jpg", large())]);
    let mut client = server.connect();
    client.send_get("/large.jpg?width=5900&format=webp");
    server.wait_for_metric("resizer_work_running", 1);
    client.finish_sending();
    assert_eq!(client.rest(), b"");
    server.wait_for_log("status=499");
    server.wait_for_metric("resizer_work_cancelled_total", 1);
    // An answer that is ready is sent.
    let mut client = server.connect();
    client.send_get("/healthz");
    client.finish_sending();
    assert_eq!(client.response(false).status, 200);
}

#[test]
fn garbage_behind_a_response_answers_400() {
    let server = server("");
    for garbage in [
        "NONSENSE\r\n\r\n",
        "\0\x01\x02\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /a b c\r\n\r\n",
    ] {
        let mut connection = server.connect();
        assert_eq!(connection.get("/a.jpg?width=300").status, 200);
        connection.send(garbage);
        assert_eq!(connection.response(false).status, 400, "{garbage:?}");
        assert_eq!(connection.rest(), b"", "{garbage:?}");
    }
}

#[test]
fn connection_without_a_request_is_closed_without_a_word() {
    let server = server("head_timeout = \"300ms\"");
    assert_eq!(server.connect().rest(), b"");
    // One that sends a byte now and then is late all the same.
    let mut dripping = server.connect();
    dripping.send_slowly("GET /healthz HTTP/1.1\r\nHost: test\r\na: ");
    assert_eq!(dripping.rest(), b"");
}

#[test]
fn request_with_a_body_is_the_last_of_its_connection() {
    let server = server("");
    let chunks = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (request, status) in [
        (
            "POST /a.jpg HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
            "405",
        ),
        (&format!("POST /a.jpg HTTP/1.1\r\nHost: test\r\n{chunks}"), "405"),
        (
            &format!("GET /small.jpg?width=20 HTTP/1.1\r\nHost: test\r\n{chunks}"),
            "200",
        ),
    ] {
        let answer = answers(&server, request);
        assert_eq!(statuses(&answer), [status], "{request}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    // A body that never ends holds the connection for a moment only.
    let mut endless = server.connect();
    endless.send("POST /a.jpg HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    endless.send_for_ever("1\r\na\r\n");
    assert_eq!(endless.response(false).status, 405);
    server.wait_for_metric("resizer_connections", 0);
}

#[test]
fn idle_connections_give_way_to_others_the_longest_waiting_first() {
    let server = server("max_connections = 3\nworkers = 1");
    let mut idle: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for number in [1, 0, 2] {
        assert_eq!(idle[number].get("/healthz").status, 200);
        // Waits of the same millisecond would have no order.
        std::thread::sleep(Duration::from_millis(50));
    }
    // None gives way after less than a tenth of a second.
    std::thread::sleep(Duration::from_millis(150));
    let mut fourth = server.connect();
    assert_eq!(fourth.get("/healthz").status, 200);
    assert_eq!(idle[1].rest(), b"");
    assert_eq!(server.metric("resizer_connections_gave_way_total"), 1);
    assert_eq!([0, 2].map(|number| idle[number].get("/healthz").status), [200, 200]);
}

#[test]
fn connections_with_a_request_give_way_to_nobody() {
    let settings = "[server]\nmax_connections = 2\nworkers = 1\n";
    let server = Server::start(&format!("{settings}{IMAGES}"), &[("large.jpg", large())]);
    let mut busy: Vec<Client> = (0..5).map(|_| server.connect()).collect();
    for (number, client) in busy.iter_mut().enumerate() {
        client.send_get(&format!("/large.jpg?width={}", 1000 + number));
    }
    let responses: Vec<u16> = busy.iter_mut().map(|client| client.response(false).status).collect();
    assert_eq!(responses, [200; 5]);
}

#[test]
fn clients_without_a_token_hold_no_connection_of_the_admin_listener() {
    let server = server("admin_token = \"open sesame\"");
    let mut held: Vec<Client> = Vec::new();
    for number in 0..150 {
        let mut client = server.connect_to_admin();
        if number % 2 == 1 {
            // Fails where the server has closed the connection already.
            client.try_send("GET /metrics HTTP/1.1\r\nHost: te");
        }
        held.push(client);
    }
    let bearer = [("Authorization", "Bearer open sesame")];
    assert_eq!(server.admin("/metrics", &bearer).status, 200);
    let mut client = server.connect_to_admin();
    // The token is asked for before anything else is looked at.
    let refused = client.get(&format!("/{}", "a".repeat(9_000)));
    assert_eq!((refused.status, refused.header("connection")), (401, Some("close")));
    assert_eq!(client.rest(), b"");
    eventually("the longest waiting are closed", || {
        let metrics = server.admin("/metrics", &bearer);
        let mut lines = metrics.text().lines();
        let open = lines.find_map(|line| line.strip_prefix("resizer_admin_connections "));
        (open?.parse::<u32>().ok()? <= 65).then_some(())
    });
}

#[test]
fn idle_connection_of_the_admin_listener_is_closed() {
    let server = server("head_timeout = \"0s\"\nkeep_alive = \"1h\"");
    // Neither setting is about this listener.
    let mut idle = server.connect_to_admin();
    assert_eq!(idle.get("/plan").status, 200);
    assert_eq!(server.connect_to_admin().rest(), b"");
    assert_eq!(idle.rest(), b"");
}

/// Connections with an unfinished head are bounded in number, and so is the memory that all heads take.
#[test]
fn unfinished_heads_take_their_share_of_memory_and_no_more() {
    let server = server("memory_limit = \"64MB\"\nhead_timeout = \"10m\"");
    server.get("/healthz");
    let before = server.peak_memory();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: test\r\na: {}", "b".repeat(120_000));
    let mut held: Vec<Client> = Vec::new();
    for _ in 0..1000 {
        let mut client = server.connect();
        // Fails where the server has closed the connection already.
        client.try_send(&head);
        held.push(client);
    }
    assert_eq!(server.get("/small.jpg?width=20").status, 200);
    // All would take 128 MB. 64 connections may stay, and 256 more until they have waited for a tenth of a second.
    let grown = server.peak_memory() - before;
    assert!(grown < 80 << 20, "{grown} bytes");
    eventually("the longest waiting are closed", || {
        (server.metric("resizer_connections") <= 65).then_some(())
    });
    // A part of the budget is taken by 64 connections at most, at 212 KiB each.
    let claimed = "resizer_memory_claimed_bytes{plugin=\"none\",for=\"connections\"}";
    // Of those, the ones whose head is too long may be gone by now.
    let found = server.metric(claimed);
    assert!(found <= 64 * 212 * 1024, "{found} bytes");
}
