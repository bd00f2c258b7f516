//! Child processes of tests: finds the programs of stores, starts them on free ports, and ends them together with the
//! tests. Used by every store that is a program of its own.
#![expect(clippy::disallowed_methods, reason = "a test may wait")]

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The environment variable with the names, separated by commas, of stores that may be missing.
const MAY_BE_MISSING: &str = "RESIZER_TEST_WITHOUT";
/// The timeout until a server listens. Azurite takes ten seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(90);

/// A running program. It ends with this value, or with the process that holds it, whichever ends first.
#[derive(Debug)]
pub struct Running {
    pid: rustix::process::Pid,
    ended: mpsc::Receiver<()>,
}

/// The folder of the programs that `cargo xtask test` downloads: `target/stores` of the workspace.
#[must_use]
pub fn folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    workspace.unwrap_or(Path::new(".")).join("target/stores")
}

/// The program of a store: at this path below [`folder`], under one of these names on the `PATH`, or at an absolute
/// path. If it is missing, the result is `None` with a message if the environment allows that, and otherwise a failed
/// test.
///
/// # Panics
/// The program is missing.
#[must_use]
#[expect(clippy::panic, reason = "a test that cannot run fails")]
pub fn installed(name: &str, places: &[&str]) -> Option<PathBuf> {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let candidates = places.iter().flat_map(|place| {
        let on_path = std::env::split_paths(&search).map(move |folder| folder.join(place));
        std::iter::once(folder().join(place)).chain(on_path.filter(|_| !place.contains('/')))
    });
    if let Some(found) = candidates.into_iter().find(|path| path.is_file()) {
        return Some(found);
    }
    let may_be_missing = std::env::var(MAY_BE_MISSING).unwrap_or_default();
    if may_be_missing.split(',').any(|missing| missing == name) {
        eprintln!("SKIPPED: {name} is not installed");
        return None;
    }
    panic!("{name} is not installed; `cargo xtask test` installs it, {MAY_BE_MISSING}={name} leaves its tests out")
}

/// A port of the loopback interface on which nothing listens.
///
/// # Errors
/// The system has none left.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The address of a port of the loopback interface.
#[must_use]
pub fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// The user that a server runs as, since some refuse to run as root.
#[derive(Clone, Copy, Debug)]
pub enum Run<'u> {
    /// The user of the tests.
    AsSelf,
    /// This user if the tests run as root, otherwise the user of the tests.
    AsUser(&'u str),
}

impl Run<'_> {
    /// The beginning of a command line that runs the rest as this user and ends it with the thread that started it.
    #[must_use]
    pub fn command(self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Self::AsUser(user) = self
            && rustix::process::geteuid().is_root()
        {
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        }
        command.arg("--").arg(program);
        command
    }
}

impl Running {
    /// Starts a command and waits until a server listens at the address.
    ///
    /// # Panics
    /// The program does not start, ends at once, or listens too late. The message has its output.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot run fails")]
    pub fn start(mut command: Command, address: SocketAddr) -> Self {
        let line = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let (started, starting) = mpsc::channel();
        let (ended_sender, ended) = mpsc::channel::<()>();
        // The server ends with the thread that started it, and this thread lasts.
        thread::spawn(move || match command.spawn() {
            Ok(child) => {
                // The receiver is gone only if the test has failed already.
                let _ = started.send(Ok(child.id()));
                watch(child);
                drop(ended_sender);
            }
            Err(error) => drop(started.send(Err(error))),
        });
        let pid = match starting.recv() {
            Ok(Ok(pid)) => pid,
            other => panic!("{line} does not start: {other:?}"),
        };
        let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else {
            panic!("{line} has no process id")
        };
        let running = Self { pid, ended };
        let since = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            assert!(running.runs(), "{line} ended before it listened");
            assert!(since.elapsed() < TIMEOUT, "{line} does not listen on {address}");
            thread::sleep(Duration::from_millis(20));
        }
        running
    }

    fn runs(&self) -> bool {
        matches!(self.ended.try_recv(), Err(mpsc::TryRecvError::Empty))
    }

    /// Ends it at once, like a crash, and waits for its end.
    pub fn kill(&self) {
        if !self.runs() {
            return;
        }
        // An error means that it has just ended.
        let _ = rustix::process::kill_process(self.pid, rustix::process::Signal::KILL);
        let _ = self.ended.recv_timeout(TIMEOUT);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Passes on a server's output and waits for its end.
fn watch(mut child: Child) {
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            eprintln!("{line}");
        }
    }
    let _ = child.wait();
}
