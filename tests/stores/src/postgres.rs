//! A PostgreSQL server, version 15 as Debian packages it or whatever is on the `PATH`. It refuses to run as root. Used
//! by the tests of the SQL reader and of the whole server.
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

/// Whom it runs as if the tests run as root.
const RUN: Run<'_> = Run::AsUser("postgres");
/// As it is written into a URL, and as it is.
const PASSWORD: [&str; 2] = ["se%2Fcret%23word%40%25", "se/cret#word@%"];

/// How long it may take to recover from a crash.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server whose data lie in a temporary folder, and which ends with this value.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    address: SocketAddr,
    running: Option<Running>,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server with one database; `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub fn start() -> Option<Self> {
        let program = installed("postgresql", &["postgres", "/usr/lib/postgresql/15/bin/postgres"])?;
        // The other programs lie where it lies itself, not where a link to it may lie.
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

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection string of its database, as if the server were at this address.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://resizer:{}@{address}/postgres", PASSWORD[0])
    }

    /// The connection string of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address)
    }

    /// The password, as it is.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD[1]
    }

    /// Ends it as a crash would. Killing it alone would leave its other processes for a while, which keep a new server
    /// from starting.
    pub fn kill(&mut self) {
        if self.running.is_some() {
            succeed(self.command("pg_ctl").args(["stop", "--mode=immediate", "--silent"]));
        }
        self.running = None;
    }

    /// Starts it again, on the same port with the same data.
    ///
    /// # Panics
    /// It does not start.
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
        // It listens before it serves, and after a crash it first puts its data in order.
        let mut ready = self.command("pg_isready");
        ready.args(["--quiet", "--host", &self.address.ip().to_string()]);
        ready.args(["--port", &self.address.port().to_string()]);
        let since = Instant::now();
        while !ready.status().is_ok_and(|status| status.success()) {
            assert!(since.elapsed() < PATIENCE, "the server on {} gets ready", self.address);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// One of its programs, which finds the data.
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
