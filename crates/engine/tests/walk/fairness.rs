//! Fairness: a store that hangs and clients that read slowly do not keep others from new images.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use resizer_plugin_api::{Reply, RequestHead};

use crate::store::{Object, Served, png, world};

/// Two stores: the world of this name at `/hung/`, and `local` at `/`.
fn two_stores(name: &str, server: &str) -> String {
    let store = |world: &str, prefix: &str| {
        format!(
            "[[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\nprefix = \"{prefix}\"\nfetch_timeout = \"4s\"\n"
        )
    };
    world("local").put("a.png", Object::of(png(40, 30, 9)));
    format!("[server]\n{server}\n{}{}", store(name, "/hung/"), store("local", "/"))
}

/// Requests of new images of the store that hangs, which end within seconds.
async fn while_many_wait<T>(served: &Served, number: usize, meanwhile: impl Future<Output = T>) -> (Vec<u16>, T) {
    let many = (0..number).map(|index| async move {
        let answer = served.get(&format!("/hung/{index}.png?width=2")).await;
        if answer.status == 503 {
            assert!(
                answer.text().contains("`queue_per_store`") || answer.text().contains("memory"),
                "{}",
                answer.text()
            );
        }
        answer.status
    });
    tokio::join!(join_all(many), meanwhile)
}

async fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() && begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn store_that_hangs_leaves_places_to_images_of_other_stores() {
    let hung = world("hung places");
    for index in 0..20 {
        let object = Object::of(png(4, 4, 9));
        let delay = Duration::from_secs(60);
        hung.put(&format!("{index}.png"), Object { delay, ..object });
    }
    let served = Served::new(&two_stores("hung places", "queue = 9\nwork_threads = 1\n")).await;
    let local = async {
        until(|| hung.counts().1 >= 5).await;
        (served.get("/a.png?width=20").await.status, hung.counts().1)
    };
    let (statuses, (local, fetches)) = while_many_wait(&served, 20, local).await;
    assert_eq!(local, 200);
    assert_eq!(fetches, 5, "half of ten places");
    let count = |status: u16| statuses.iter().filter(|got| **got == status).count();
    assert_eq!((count(504), count(503)), (5, 15));
    assert_eq!(served.count("resizer_refusals_total{reason=\"store_waits\"}"), 15);
}

#[tokio::test]
async fn queue_per_store_bounds_the_waits_for_each_store() {
    let hung = world("hung setting");
    for index in 0..9 {
        let object = Object::of(png(4, 4, 9));
        let delay = Duration::from_secs(60);
        hung.put(&format!("{index}.png"), Object { delay, ..object });
    }
    let served = Served::new(&two_stores("hung setting", "queue_per_store = 2\n")).await;
    let (statuses, ()) = while_many_wait(&served, 9, async {}).await;
    assert_eq!(statuses.iter().filter(|status| **status == 504).count(), 2);
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 7);
}

#[tokio::test]
async fn store_that_stops_in_the_middle_leaves_memory_to_images_of_other_stores() {
    let hung = world("hung memory");
    for index in 0..9 {
        let mut bytes = png(4, 4, 9);
        bytes.resize(1 << 20, 0);
        let stalls = true;
        hung.put(
            &format!("{index}.png"),
            Object {
                stalls,
                ..Object::of(bytes)
            },
        );
    }
    // Of 16 MiB, 6 are for sources.
    let served = Served::new(&two_stores("hung memory", "memory_limit = \"16MiB\"\n")).await;
    let sources = || served.count("resizer_admitted_bytes{for=\"sources\"}");
    let local = async {
        until(|| sources() >= 2 << 20).await;
        // Those that wait for memory get none that others could have.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let held = sources();
        (held, served.get("/a.png?width=20").await.status)
    };
    let (statuses, (held, local)) = while_many_wait(&served, 9, local).await;
    assert_eq!(local, 200);
    assert!(held <= 3 << 20, "{held} bytes, more than half of the share");
    assert!(
        statuses.iter().all(|status| [503, 504].contains(status)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn relays_of_slow_clients_leave_memory_to_new_images() {
    let slow = world("slow clients");
    slow.put("large.jpg", Object::of(vec![7; 4 << 20]));
    slow.put("a.png", Object::of(png(40, 30, 9)));
    // Of 16 MiB, 6 are for sources.
    let text = "[server]\nmemory_limit = \"16MiB\"\n[[plugin]]\nname = \"teststore\"\nworld = \"slow clients\"\n\
                fetch_timeout = \"1s\"\n";
    let served = Served::new(text).await;
    let relay = || {
        served
            .engine
            .handle(Arc::clone(&served.site), RequestHead::get("/large.jpg", ""))
    };
    // None of the clients reads its body.
    let unread: Vec<Reply> = join_all((0..20).map(|_| relay())).await;
    let (sent, refused): (Vec<_>, Vec<_>) = unread.into_iter().partition(|reply| reply.status == 200);
    assert!(!sent.is_empty() && !refused.is_empty());
    assert!(refused.iter().all(|reply| reply.status == 503));
    assert!(
        served.count("resizer_admitted_bytes{for=\"sources\"}") <= 3 << 20,
        "half of the share"
    );
    assert_eq!(
        served.get("/a.png?width=20").await.status,
        200,
        "a miss is served meanwhile"
    );
    drop(sent);
    assert_eq!(relay().await.status, 200);
}
