//! MariaDB server for the tests of the SQL reader and of the whole server. It refuses to run as root.
#![expect(clippy::disallowed_methods, reason = "a test may wait for its server")]

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Run, Running, free_port, installed, loopback};

/// The user of the server if the tests run as root.
const RUN: Run<'_> = Run::AsUser("mysql");
/// The password, percent-encoded for a URL, and plain.
const PASSWORD: [&str; 2] = ["se%2Fcret%23word%40%25", "se/cret#word@%"];

/// A server with its data in a temporary folder. It ends with this value.
#[derive(Debug)]
pub struct MariaDb {
    program: PathBuf,
    address: SocketAddr,
    running: Option<Running>,
    folder: TempDir,
}

impl MariaDb {
    /// Starts a server with one database. `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// The server does not start.
    #[must_use]
    #[expect(clippy::expect_used, clippy::panic, reason = "a test that cannot run fails")]
    pub fn start() -> Option<Self> {
        let program = installed("mariadb", &["mariadbd", "/usr/sbin/mariadbd"])?;
        let install = installed("mariadb", &["mariadb-install-db"])?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The server's user makes its own folder in it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("a folder for all");
        let first_statements = format!(
            "CREATE DATABASE IF NOT EXISTS images;\n\
             CREATE USER IF NOT EXISTS resizer@'127.0.0.1' IDENTIFIED BY '{}';\n\
             GRANT ALL ON *.* TO resizer@'127.0.0.1';\n",
            PASSWORD[1]
        );
        fs::write(folder.path().join("first.sql"), first_statements).expect("a file");
        let mut install = RUN.command(install);
        apart(&mut install, &folder);
        install.args([
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]);
        install.arg(format!("--datadir={}", folder.path().join("data").display()));
        match install.output() {
            Ok(output) if output.status.success() => {}
            other => panic!("{install:?}: {other:?}"),
        }
        let mut mariadb = Self {
            program,
            address: loopback(free_port().expect("a free port")),
            running: None,
            folder,
        };
        mariadb.restart();
        Some(mariadb)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection string of its database, with the server at this address.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("mysql://resizer:{}@{address}/images", PASSWORD[0])
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

    /// Ends it like a crash.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again, on the same port with the same data.
    pub fn restart(&mut self) {
        self.kill();
        let folder = self.folder.path().display();
        let mut server = RUN.command(&self.program);
        apart(&mut server, &self.folder);
        server.args([
            "--no-defaults",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--log-warnings=0",
            "--silent-startup",
        ]);
        server.arg(format!("--datadir={folder}/data"));
        server.arg(format!("--init-file={folder}/first.sql"));
        server.arg(format!("--socket={folder}/socket"));
        server.arg(format!("--pid-file={folder}/data/pid"));
        server.arg(format!("--bind-address={}", self.address.ip()));
        server.arg(format!("--port={}", self.address.port()));
        // Images of 50 MB arrive in one packet. Written data survives a crash of the server, but not of the machine.
        server.args(["--max-allowed-packet=256M", "--innodb-flush-log-at-trx-commit=2"]);
        server.args(["--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync"]);
        self.running = Some(Running::start(server, self.address));
    }
}

/// Lets a program put its temporary files where no other server removes them, since each server tidies up at its start.
fn apart(command: &mut Command, folder: &TempDir) {
    command.env("TMPDIR", folder.path()).current_dir(folder.path());
}
