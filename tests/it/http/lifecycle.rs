//! Start and end of the server: refused configurations, signals, drain and grace period.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use super::client::Client;
use super::photographs::lake;
use super::server::{End, IMAGES, Server, eventually, folder, program, run};

/// Runs a server that cannot start.
fn refused(configuration: &str, variables: &[(&str, &str)]) -> End {
    let folder = folder(configuration, &[]);
    let end = run(program(folder.path(), &["serve"]).envs(variables.iter().copied()));
    assert_eq!(end.code, 1, "{}", end.complaint);
    end
}

#[test]
fn port_in_use_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (variable, setting) in [
        ("RESIZER__SERVER__LISTEN", "listen"),
        ("RESIZER__SERVER__ADMIN_LISTEN", "admin_listen"),
    ] {
        let end = refused(IMAGES, &[(variable, &address)]);
        let expected = format!(
            "error: cannot listen on {address}: address already in use \
             (another program has it; change `{setting}` in [server])\n"
        );
        assert_eq!(end.complaint, expected);
    }
}

#[test]
fn unreadable_folder_is_reported_at_its_line() {
    let complaint = refused("[[plugin]]\nname = \"filereader\"\nfolder = \"nowhere\"\n", &[]).complaint;
    for part in ["plugins.toml:3", "folder = \"nowhere\"", "nowhere"] {
        assert!(complaint.contains(part), "{part} in:\n{complaint}");
    }
    // Root may read everything, so this half shows nothing there.
    let folder = folder(IMAGES, &[]);
    let images = folder.path().join("images");
    std::fs::set_permissions(&images, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read_dir(&images).is_err() {
        let end = run(&mut program(folder.path(), &["serve"]));
        assert_eq!(end.code, 1);
        assert!(end.complaint.contains("plugins.toml:3"), "{}", end.complaint);
    }
    std::fs::set_permissions(&images, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn broken_configuration_is_reported_in_full() {
    let complaint = refused("[server]\nkeepalive = \"75s\"\n[[plugin]]\nname = \"filereadr\"\n", &[]).complaint;
    for part in ["keep_alive", "plugins.toml:2", "filereader", "plugins.toml:4"] {
        assert!(complaint.contains(part), "{part} in:\n{complaint}");
    }
}

#[test]
fn missing_configuration_is_named() {
    let folder = folder("", &[]);
    let end = run(&mut program(folder.path(), &["--config", "elsewhere.toml"]));
    assert_eq!(end.code, 1);
    assert!(
        end.complaint.starts_with("error: cannot read elsewhere.toml: "),
        "{}",
        end.complaint
    );
    let end = run(program(folder.path(), &[]).env("RESIZER_CONFIG", "from-environment.toml"));
    assert!(
        end.complaint.starts_with("error: cannot read from-environment.toml: "),
        "{}",
        end.complaint
    );
}

#[test]
fn sigterm_drains_then_closes_then_ends() {
    let mut server = Server::start(
        &format!("[server]\ndrain_delay = \"2s\"\ngrace_period = \"30s\"\n{IMAGES}"),
        &[("a.jpg", lake())],
    );
    let file = std::fs::File::create(server.folder().join("images/big.jpg")).unwrap();
    file.set_len(64 << 20).unwrap();
    let mut idle = server.connect();
    assert_eq!(idle.get("/readyz").status, 200);
    // A download that is under way when the signal comes, by a client that takes its time.
    let mut slow = server.connect();
    slow.send_get("/big.jpg");

    server.signal(Signal::TERM);
    eventually("it is not ready", || {
        (server.get("/readyz").status == 503).then_some(())
    });
    assert_eq!(server.get("/readyz").text(), "draining\n");
    assert_eq!(server.get("/healthz").status, 200, "it lives");
    let during = server.get("/a.jpg?width=20");
    let expected = (200, Some("close"));
    assert_eq!(
        (during.status, during.header("connection")),
        expected,
        "it serves, and asks to go elsewhere"
    );

    let public = server.public();
    eventually("the listener closes", || {
        TcpStream::connect(public).is_err().then_some(())
    });
    assert_eq!(idle.rest(), b"", "an idle connection is closed");
    assert_eq!(
        slow.response(false).body.len(),
        64 << 20,
        "what was under way ends whole"
    );
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn sigint_ends_without_the_drain_delay() {
    let mut server = Server::start(&format!("[server]\ndrain_delay = \"1h\"\n{IMAGES}"), &[]);
    server.signal(Signal::INT);
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn endless_request_is_cut_off_after_the_grace_period() {
    let configuration =
        format!("[server]\ndrain_delay = \"0s\"\ngrace_period = \"1s\"\nbody_timeout = \"1h\"\n{IMAGES}");
    let mut server = Server::start(&configuration, &[]);
    let file = std::fs::File::create(server.folder().join("images/big.jpg")).unwrap();
    file.set_len(64 << 20).unwrap();
    let mut stuck = Client::connect(server.public());
    stuck.send_get("/big.jpg");
    assert_eq!(stuck.head().unwrap().status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.exit_code(), 0);
    server.wait_for_log("some requests were still running");
}

#[test]
fn second_signal_ends_the_process_at_once() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut server = Server::start(&format!("[server]\ndrain_delay = \"1h\"\n{IMAGES}"), &[]);
        server.signal(Signal::TERM);
        server.wait_for_log("SIGTERM");
        server.signal(signal);
        assert_eq!(server.exit_code(), code);
    }
}
