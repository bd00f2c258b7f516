//! Test server: the real binary on real sockets, with a `plugins.toml` of its own in a temporary folder and on ports
//! that the system picks. It ends with the test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::client::{Client, Response};

/// Timeout of a test: longer than any step that works takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A `plugins.toml` that serves the folder `images` beside it, for tests that are not about configuration.
pub(crate) const IMAGES: &str = "[[plugin]]\nname = \"filereader\"\nfolder = \"images\"\n";

/// A running server. Its working directory is a temporary folder that holds `plugins.toml` and the folder `images`.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    public: SocketAddr,
    admin: SocketAddr,
    log: Log,
}

type Log = Arc<Mutex<String>>;

/// How a process ended.
#[derive(Debug)]
pub(crate) struct End {
    /// Its exit code.
    pub(crate) code: i32,
    /// The text on standard output.
    pub(crate) output: String,
    /// The text on standard error.
    pub(crate) complaint: String,
}

/// A temporary folder with this `plugins.toml` and with these files in its folder `images`.
pub(crate) fn folder(configuration: &str, images: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plugins.toml"), configuration).unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    for (name, bytes) in images {
        std::fs::write(folder.path().join("images").join(name), bytes).unwrap();
    }
    folder
}

/// The program with these arguments in this folder, cleared of what the tester's own environment would change.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resizer-under-test"));
    command
        .current_dir(folder)
        .args(arguments)
        .env_remove("RUST_LOG")
        .env_remove("RESIZER_CONFIG")
        .env_remove("RESIZER_ADMIN_TOKEN");
    command
        .env("RESIZER__SERVER__LISTEN", "127.0.0.1:0")
        .env("RESIZER__SERVER__ADMIN_LISTEN", "127.0.0.1:0");
    command
}

/// Runs a program that ends by itself.
pub(crate) fn run(command: &mut Command) -> End {
    let output = command.output().unwrap();
    End {
        code: output
            .status
            .code()
            .unwrap_or_else(|| panic!("a signal ended it: {}", output.status)),
        output: String::from_utf8(output.stdout).unwrap(),
        complaint: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Server {
    /// Starts a server with this `plugins.toml` (which need not set `listen` nor `admin_listen`) and with these files
    /// in its folder `images`, and waits until it listens.
    pub(crate) fn start(configuration: &str, images: &[(&str, &[u8])]) -> Self {
        Self::start_in(folder(configuration, images))
    }

    /// Starts a server in a folder that holds a `plugins.toml`, and waits until it listens.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, &[])
    }

    /// The same with further environment variables.
    pub(crate) fn start_with(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let mut command = program(folder.path(), &["serve"]);
        command.envs(variables.iter().copied());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::default();
        let (lines, copy) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *copy.lock().unwrap() += &format!("{line}\n");
            }
        });
        let mut listening = || {
            let text = log.lock().unwrap().clone();
            let address = |words: &str| {
                let (_, rest) = text.split_once(words)?;
                rest.split_whitespace()
                    .next()
                    .map(|address| address.parse::<SocketAddr>().unwrap())
            };
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server did not start ({status}):\n{text}");
            }
            Some((address("listening on http://")?, address("admin on http://")?))
        };
        let (public, admin) = eventually("the server listens", &mut listening);
        Self {
            child,
            folder,
            public,
            admin,
            log,
        }
    }

    /// The folder that the server runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder().join("plugins.toml")
    }

    /// The address of the public listener.
    pub(crate) fn public(&self) -> SocketAddr {
        self.public
    }

    /// A new connection to the public listener.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.public)
    }

    /// A new connection to the admin listener.
    pub(crate) fn connect_to_admin(&self) -> Client {
        Client::connect(self.admin)
    }

    /// A GET on a connection of its own.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.request("GET", target, &[])
    }

    /// A request on a connection of its own.
    pub(crate) fn request(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        self.connect().request(method, target, headers)
    }

    /// A request to the admin listener.
    pub(crate) fn admin(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.connect_to_admin().request("GET", target, headers)
    }

    /// A counter or gauge, named with its labels as `/metrics` shows it; one that is not there yet is 0.
    pub(crate) fn metric(&self, name: &str) -> i64 {
        let metrics = self.admin("/metrics", &[]);
        assert_eq!(metrics.status, 200, "{}", metrics.text());
        let value = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| {
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name} is no whole number: {value}"))
        })
    }

    /// Waits until a counter or gauge has a value.
    pub(crate) fn wait_for_metric(&self, name: &str, value: i64) {
        eventually(&format!("{name} is {value}"), || {
            (self.metric(name) == value).then_some(())
        });
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has logged this.
    pub(crate) fn wait_for_log(&self, text: &str) {
        eventually(&format!("the log says {text:?}"), || {
            self.log().contains(text).then_some(())
        });
    }

    /// CPU time that all of its threads have used so far, in steps of 10 ms.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Fields 14 and 15, counted behind the name in parentheses, which may hold spaces; in ticks of 1/100 s.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// The most memory it has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended; the answer is its exit code.
    pub(crate) fn exit_code(&mut self) -> i32 {
        let status = eventually("the server ends", || self.child.try_wait().unwrap());
        status
            .code()
            .unwrap_or_else(|| panic!("a signal ended it: {status}\n{}", self.log()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < TIMEOUT, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
