//! PostgreSQL server for the tests of the SQL reader and of the whole server: version 15 as Debian packages it, or the
//! one on the `PATH`. It refuses to run as root.
#![expect(clippy::disallowed_methods, reason = "a test may wait for its server")]

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Run, Running, free_port, installed, loopback};

/// The user of the server if the tests run as root.
const RUN: Run<'_> = Run::AsUser("postgres");
/// The password, percent-encoded for a URL, and plain.
const PASSWORD: [&str; 2] = ["se%2Fcret%23word%40%25", "se/cret#word@%"];

/// The timeout of the recovery from a crash.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server with its data in a temporary folder. It ends with this value.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    address: SocketAddr,
    running: Option<Running>,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server with one database. `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// The server does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub fn start() -> Option<Self> {
        let program = installed("postgresql", &["postgres", "/usr/lib/postgresql/15/bin/postgres"])?;
        // The other programs are in the program's real folder, not in that of a link to it.
        let program = fs::canonicalize(program).expect("the program that was found");
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The server's user makes its own folder in it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("a folder for all");
        let mut postgres = Self {
            programs: program.parent().unwrap_or(Path::new("/")).to_owned(),
            address: loopback(free_port().expect("a free port")),
            running: None,
            folder,
        };
        let password = postgres.folder.path().join("password");
        fs::write(&password, PASSWORD[1]).expect("a file");
        let mut initdb = postgres.command("initdb");
        initdb.args([
            "--username=resizer",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        succeed(initdb.arg(format!("--pwfile={}", password.display())));
        postgres.restart();
        Some(postgres)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection string of its database, with the server at this address.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://resizer:{}@{address}/postgres", PASSWORD[0])
    }

    /// The connection string of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address)
    }

    /// The plain password.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD[1]
    }

    /// Ends it like a crash. If only the main process were killed, the others would remain for a while and keep a new
    /// server from starting.
    pub fn kill(&mut self) {
        if self.running.is_some() {
            succeed(self.command("pg_ctl").args(["stop", "--mode=immediate", "--silent"]));
        }
        self.running = None;
    }

    /// Starts it again, on the same port with the same data.
    ///
    /// # Panics
    /// The server does not start.
    pub fn restart(&mut self) {
        self.kill();
        let mut server = self.command("postgres");
        server.args([
            "-h",
            &self.address.ip().to_string(),
            "-p",
            &self.address.port().to_string(),
        ]);
        server.args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
            "-c",
            "shared_buffers=32MB",
        ]);
        server.args(["-c", "log_min_messages=fatal"]);
        self.running = Some(Running::start(server, self.address));
        // The server listens before it serves, and after a crash it first recovers its data.
        let mut ready = self.command("pg_isready");
        ready.args(["--quiet", "--host", &self.address.ip().to_string()]);
        ready.args(["--port", &self.address.port().to_string()]);
        let since = Instant::now();
        while !ready.status().is_ok_and(|status| status.success()) {
            assert!(since.elapsed() < TIMEOUT, "the server on {} gets ready", self.address);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// One of PostgreSQL's programs, with the data folder set.
    fn command(&self, program: &str) -> Command {
        let mut command = RUN.command(self.programs.join(program));
        command.env("PGDATA", self.folder.path().join("data"));
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end.
#[expect(clippy::panic, reason = "a test that cannot run fails")]
fn succeed(command: &mut Command) {
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{command:?}: {error}"),
    }
}
