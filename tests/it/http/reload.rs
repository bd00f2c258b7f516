//! Reload: a saved `plugins.toml` takes effect while the server runs, however it is saved, and no request fails.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::photographs::lake;
use super::server::{IMAGES, Server, eventually, folder};

const GENERATION: &str = "resizer_config_generation";
const FAILED: &str = "resizer_reloads_total{result=\"failed\"}";

/// A configuration that can be told from others by a header.
fn version(number: u32) -> String {
    format!("[server]\nheaders = {{ X-Version = \"{number}\" }}\n\n{IMAGES}\n[[plugin]]\nname = \"memcache\"\n")
}

fn wait_for_version(server: &Server, number: u32) {
    let shows = || server.get("/nothing.jpg").header("x-version") == Some(number.to_string().as_str());
    eventually(&format!("version {number} is in force"), || shows().then_some(()));
}

#[test]
fn file_saved_in_any_way_is_reloaded() {
    let server = Server::start(&version(1), &[]);
    wait_for_version(&server, 1);
    let file = server.configuration();

    std::fs::write(&file, version(2)).unwrap();
    wait_for_version(&server, 2);

    rename_over(&file, &version(3));
    wait_for_version(&server, 3);

    std::fs::remove_file(&file).unwrap();
    server.wait_for_log("cannot be read");
    assert_eq!(
        server.get("/nothing.jpg").header("x-version"),
        Some("3"),
        "the last one goes on serving"
    );
    std::fs::write(&file, version(4)).unwrap();
    wait_for_version(&server, 4);
    assert_eq!(server.metric(GENERATION), 4);
}

#[test]
fn symlink_pointed_elsewhere_is_reloaded() {
    // As Kubernetes mounts a ConfigMap: the file is a link through a link to a folder, and that one is swapped.
    let folder = folder("", &[]);
    let at = |name: &str| folder.path().join(name);
    for number in [1, 2] {
        std::fs::create_dir(at(&format!("v{number}"))).unwrap();
        std::fs::write(at(&format!("v{number}/plugins.toml")), version(number)).unwrap();
    }
    symlink("v1", at("data")).unwrap();
    std::fs::remove_file(at("plugins.toml")).unwrap();
    symlink("data/plugins.toml", at("plugins.toml")).unwrap();

    let server = Server::start_in(folder);
    wait_for_version(&server, 1);
    symlink("v2", server.folder().join("new")).unwrap();
    std::fs::rename(server.folder().join("new"), server.folder().join("data")).unwrap();
    wait_for_version(&server, 2);
}

#[test]
fn broken_file_is_reported_and_not_used() {
    let server = Server::start(&version(1), &[]);
    wait_for_version(&server, 1);
    std::fs::write(server.configuration(), version(2).replace("folder", "foldre")).unwrap();
    server.wait_for_metric(FAILED, 1);
    server.wait_for_log("did you mean `folder`?");
    assert_eq!(server.get("/nothing.jpg").header("x-version"), Some("1"));

    // So is one that only a plugin can tell is broken, when it starts.
    std::fs::write(server.configuration(), version(2).replace("images", "no-such-folder")).unwrap();
    server.wait_for_metric(FAILED, 2);
    server.wait_for_log("no-such-folder");
    assert_eq!(server.get("/nothing.jpg").header("x-version"), Some("1"));

    std::fs::write(server.configuration(), version(3)).unwrap();
    wait_for_version(&server, 3);
    assert_eq!(server.metric(GENERATION), 2, "two configurations were in force");
}

#[test]
fn setting_that_needs_a_restart_is_named() {
    let server = Server::start(&format!("[server]\nkeep_alive = \"75s\"\n{IMAGES}"), &[]);
    std::fs::write(
        server.configuration(),
        format!("[server]\nkeep_alive = \"80s\"\nworkers = 7\n{IMAGES}"),
    )
    .unwrap();
    server.wait_for_log("a restart is needed for the new value of: workers, keep_alive");
}

#[test]
fn log_filter_follows_the_reload() {
    let server = Server::start(&format!("[server]\nlog = \"info\"\n{IMAGES}"), &[]);
    server.request("GET", "/nothing.jpg", &[("X-Request-Id", "before")]);
    server.wait_for_log("id=before");
    std::fs::write(
        server.configuration(),
        format!("[server]\nlog = \"info,access=off\"\n{IMAGES}"),
    )
    .unwrap();
    server.wait_for_metric(GENERATION, 2);
    server.request("GET", "/nothing.jpg", &[("X-Request-Id", "after")]);
    server.wait_for_metric("resizer_connections", 0);
    assert!(!server.log().contains("id=after"), "{}", server.log());
}

#[test]
fn reload_under_load_fails_no_request_and_keeps_the_memory_cache() {
    let server = Server::start(&version(1), &[("a.jpg", lake())]);
    assert_eq!(server.get("/a.jpg?width=50").header("x-cache"), Some("miss"));
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = server.connect();
                while !stop.load(Ordering::Relaxed) {
                    let response = connection.get("/a.jpg?width=50");
                    assert_eq!((response.status, response.header("x-cache")), (200, Some("hit")));
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 2..6 {
            rename_over(&server.configuration(), &version(number));
            wait_for_version(&server, number);
            let before = served.load(Ordering::Relaxed);
            eventually("the load goes on", || {
                (served.load(Ordering::Relaxed) > before + 10).then_some(())
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(server.metric("resizer_decodes_total"), 1);
    assert_eq!(server.metric(GENERATION), 5);
}

#[test]
fn reload_without_a_token_does_not_open_the_admin_listener() {
    let server = Server::start(&format!("[server]\nadmin_token = \"first\"\n{IMAGES}"), &[]);
    let asked = |token: &str| {
        server
            .admin("/metrics", &[("Authorization", &format!("Bearer {token}"))])
            .status
    };
    assert_eq!((asked("first"), asked("second")), (200, 401));
    std::fs::write(
        server.configuration(),
        format!("[server]\nadmin_token = \"second\"\n{IMAGES}"),
    )
    .unwrap();
    eventually("the new token holds", || (asked("second") == 200).then_some(()));
    assert_eq!(asked("first"), 401);
    std::fs::write(server.configuration(), IMAGES).unwrap();
    eventually("the token it started with holds again", || {
        (asked("first") == 200).then_some(())
    });
    assert_eq!(server.admin("/metrics", &[]).status, 401, "never no token at all");
}

fn rename_over(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, file).unwrap();
}
