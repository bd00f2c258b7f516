//! Single flight and cancellation: a job runs once for all clients that wait, and stops when none does. The photograph
//! has 24 megapixels, so that there is time to hang up.

use std::time::Duration;

use super::client::Client;
use super::photographs::{lake, large};
use super::server::{IMAGES, Server, eventually};

const DECODES: &str = "resizer_decodes_total";
const RUNNING: &str = "resizer_work_running";
const CANCELLED: &str = "resizer_work_cancelled_total";
const JOINED: &str = "resizer_flights_joined_total{kind=\"result\"}";

fn server() -> Server {
    Server::start(IMAGES, &[("large.jpg", large()), ("small.jpg", lake())])
}

/// Clients that have each asked for the same and not yet read an answer, once the server works on it for all of them.
fn waiting(server: &Server, count: i64, target: &str) -> Vec<Client> {
    let joined = server.metric(JOINED);
    let clients = (0..count).map(|_| {
        let mut client = server.connect();
        client.send_get(target);
        client
    });
    let clients = clients.collect();
    eventually("all wait for the same work", || {
        (server.metric(JOINED) == joined + count - 1 && server.metric(RUNNING) == 1).then_some(())
    });
    clients
}

#[test]
fn fifty_clients_of_one_variant_cost_one_decode() {
    let server = server();
    let clients: Vec<Client> = (0..50)
        .map(|_| {
            let mut client = server.connect();
            client.send_get("/large.jpg?width=300");
            client
        })
        .collect();
    let mut bodies = clients.into_iter().map(|mut client| {
        let response = client.response(false);
        assert_eq!(response.status, 200);
        response.body
    });
    let first = bodies.next().unwrap();
    assert!(bodies.all(|body| body == first));
    assert_eq!(server.metric(DECODES), 1);
}

#[test]
fn job_stops_when_all_clients_hang_up() {
    let server = server();
    let idle = server.cpu_time();
    // Much longer than the steps in which the clock tells processor time.
    assert_eq!(server.get("/large.jpg?width=3001&format=png").status, 200);
    let whole = server.cpu_time() - idle;

    let clients = waiting(&server, 20, "/large.jpg?width=3000&format=png");
    let before = server.cpu_time();
    clients.into_iter().for_each(Client::hang_up);
    // Long enough for the whole job to end several times over; nobody asks the server anything meanwhile.
    std::thread::sleep(3 * whole);
    let after = server.cpu_time() - before;

    // 50 ms, and the clock's own step of 10 ms at either end.
    assert!(
        after <= Duration::from_millis(70),
        "{after:?} of CPU time after the last client had left"
    );
    assert!(whole >= 3 * after, "the job is too short to show anything: {whole:?}");
    assert_eq!((server.metric(CANCELLED), server.metric(RUNNING)), (1, 0));
    assert_eq!(
        server.get("/small.jpg?width=10").status,
        200,
        "the worker is free for others"
    );
}

#[test]
fn client_is_served_when_another_of_the_same_job_hangs_up() {
    let server = server();
    let mut clients = waiting(&server, 2, "/large.jpg?width=300");
    clients.remove(0).hang_up();
    assert_eq!(clients[0].response(false).status, 200);
    assert_eq!((server.metric(DECODES), server.metric(CANCELLED)), (1, 0));
}

#[test]
fn busy_server_is_ready() {
    let server = server();
    let clients: Vec<Client> = (0..16)
        .map(|number| {
            let mut client = server.connect();
            client.send_get(&format!("/large.jpg?width={}", 300 + number));
            client
        })
        .collect();
    eventually("jobs wait for a thread", || {
        (server.metric("resizer_work_queued") > 2).then_some(())
    });
    assert_eq!(server.get("/readyz").status, 200);
    assert!(
        server.metric("resizer_work_queued") > 2,
        "the look did not wait for the queue to empty"
    );
    clients.into_iter().for_each(Client::hang_up);
}

#[test]
fn job_begun_before_a_reload_serves_requests_after_it() {
    let server = server();
    let mut clients = waiting(&server, 1, "/large.jpg?width=300");
    std::fs::write(
        server.configuration(),
        format!("{IMAGES}\n[[plugin]]\nname = \"memcache\"\n"),
    )
    .unwrap();
    server.wait_for_metric("resizer_config_generation", 2);
    assert_eq!(clients[0].response(false).status, 200);
    assert_eq!(server.get("/large.jpg?width=300").status, 200);
}
