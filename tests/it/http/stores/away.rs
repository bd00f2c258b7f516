//! Store failure: a store goes away and comes back while 32 clients ask on. Meanwhile cached images are served, and all
//! other requests are answered with an error that says to come back. Afterwards everything is as before, and no
//! connection is left open.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use resizer_engine::testing::Mode;

use super::{Stage, Store, said};
use crate::http::client::Response;
use crate::http::photographs::thumbnail;
use crate::http::server::eventually;

const CLIENTS: usize = 32;
/// More connections than any reader keeps for later, fewer than leak if each client's last one does.
const KEPT: usize = 24;
/// Timeouts that are over within the test. Each variant's stat is believed while it runs.
const SETTINGS: &str =
    "check_modified = \"5m\"\nfetch_timeout = \"4s\"\nconnect_timeout = \"1s\"\nread_timeout = \"2s\"";

pub(crate) fn away(store: &mut dyn Store) {
    store.put("hot.jpg", thumbnail());
    store.put("cold.jpg", thumbnail());
    let stage = Stage::before(store, &[("/", SETTINGS)]);
    let hot = format!("{}?width=50", stage.url(store, "/", "hot.jpg"));
    let load = Load {
        first: stage.server.get(&hot),
        cold: stage.url(store, "/", "cold.jpg"),
        hot,
        stage: &stage,
        asked: AtomicU64::new(0),
        phase: Mutex::new(Phase::Well),
        over: AtomicBool::new(false),
        counts: Mutex::default(),
    };
    assert_eq!(load.first.status, 200, "{}", said(&load.first));
    std::thread::scope(|scope| {
        let over = Over(&load);
        for client in 0..CLIENTS {
            let load = &load;
            scope.spawn(move || load.run(client));
        }
        load.lasts(Phase::Well);
        load.enters(Phase::Changing);
        store.kill(&stage.proxy);
        settles();
        load.lasts(Phase::Away);
        load.enters(Phase::Changing);
        // Nobody reaches it before its objects are back, if it forgot them.
        stage.proxy.set(Mode::Refuse);
        store.start();
        store.put("hot.jpg", thumbnail());
        store.put("cold.jpg", thumbnail());
        stage.proxy.set(Mode::Pass);
        load.recovers();
        load.lasts(Phase::Well);

        load.enters(Phase::Changing);
        stage.proxy.set(Mode::Silent);
        settles();
        load.lasts(Phase::Away);
        load.enters(Phase::Changing);
        stage.proxy.set(Mode::Pass);
        load.recovers();
        load.lasts(Phase::Well);
        drop(over);
    });
    eventually("the connections to the store are closed", || {
        (stage.proxy.open() <= KEPT).then_some(())
    });
    never_half(&stage, store);
}

/// Bytes that had arrived already may still be handed to a waiting client.
fn settles() {
    std::thread::sleep(Duration::from_millis(500));
}

/// A relayed source arrives whole or breaks off visibly, wherever the store's answer is cut.
fn never_half(stage: &Stage, store: &dyn Store) {
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).take(3_000_000).collect();
    store.put("relayed.jpg", &bytes);
    let target = stage.url(store, "/", "relayed.jpg");
    for after in [0, 100, 100_000, 1_500_000, 2_999_999] {
        stage.proxy.set(Mode::Cut { after });
        let mut client = stage.server.connect();
        client.send_get(&target);
        match client.try_response(false) {
            Ok(response) if response.status == 200 => assert!(response.body == bytes, "cut after {after}: exact"),
            Ok(response) => told_to_come_back(&response),
            Err(_) => {}
        }
    }
    stage.proxy.set(Mode::Pass);
    let whole = eventually("the object comes again", || {
        Some(stage.server.get(&target)).filter(|response| response.status == 200)
    });
    assert!(whole.body == bytes);
}

fn told_to_come_back(response: &Response) {
    assert!([502, 503, 504].contains(&response.status), "{}", response.status);
    let text = response.text();
    assert!(response.header("retry-after").is_some(), "{} {text}", response.status);
    assert!(!text.contains("127.0.0.1"), "{text}");
}

/// The state of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Well,
    Away,
    /// Neither is certain.
    Changing,
}

/// The requests of the clients, and their answers in the present phase.
struct Load<'s> {
    stage: &'s Stage,
    hot: String,
    first: Response,
    cold: String,
    asked: AtomicU64,
    phase: Mutex<Phase>,
    over: AtomicBool,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    hot: usize,
    cold: usize,
    failed: usize,
}

/// Ends the load, also when the test fails.
struct Over<'l, 's>(&'l Load<'s>);

impl Drop for Over<'_, '_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

impl Load<'_> {
    fn run(&self, client: usize) {
        let mut connection = self.stage.server.connect();
        for round in client.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let hot = round % 2 == 0;
            let target = if hot { self.hot.clone() } else { self.next_cold() };
            let began = *self.phase.lock().unwrap();
            let response = connection.get(&target);
            if response.header("connection") == Some("close") {
                connection = self.stage.server.connect();
            }
            self.judge(hot, began, &response);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn judge(&self, hot: bool, began: Phase, response: &Response) {
        let ended = *self.phase.lock().unwrap();
        let phase = if began == ended { began } else { Phase::Changing };
        let status = response.status;
        // Too many at once is no word about the store.
        let busy = status == 503;
        if hot {
            assert_eq!(status, 200, "what is cached is served: {}", said(response));
            assert!(response.body == self.first.body, "what is cached stays what it is");
        } else if status == 200 {
            assert!(phase != Phase::Away, "nothing new can be made while the store is away");
        } else {
            told_to_come_back(response);
            assert!(busy || phase != Phase::Well, "{phase:?}: {}", said(response));
        }
        let mut counts = self.counts.lock().unwrap();
        counts.hot += usize::from(hot);
        counts.cold += usize::from(!hot && status == 200);
        counts.failed += usize::from(!hot && status != 200 && !busy);
    }

    /// A phase, and that it was noticed.
    fn lasts(&self, phase: Phase) {
        self.enters(phase);
        eventually(&format!("all was asked while the store was {phase:?}"), || {
            let counts = self.counts.lock().unwrap();
            let noticed = if phase == Phase::Away {
                counts.failed
            } else {
                counts.cold
            };
            (counts.hot >= 3 * CLIENTS && noticed >= CLIENTS).then_some(())
        });
    }

    fn enters(&self, phase: Phase) {
        *self.phase.lock().unwrap() = phase;
        *self.counts.lock().unwrap() = Counts::default();
    }

    /// Waits until nothing fails any more: not one of so many in a row.
    fn recovers(&self) {
        let mut in_a_row = 0;
        eventually("the server has recovered", || {
            let status = self.stage.server.get(&self.next_cold()).status;
            in_a_row = if status == 200 { in_a_row + 1 } else { 0 };
            (in_a_row == CLIENTS).then_some(())
        });
    }

    /// A variant that nobody has asked for.
    fn next_cold(&self) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        format!(
            "{}?width={}&height={}&mode=crop",
            self.cold,
            20 + number % 100,
            20 + number / 100
        )
    }
}
