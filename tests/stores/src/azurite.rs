//! Azurite, Microsoft's own emulator of Azure Blob Storage, and a client of it that shares no code with the readers:
//! requests written by hand, authorised by shared access signatures of the account.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use sha2::Sha256;

use crate::by_hand::{escaped, send};
use crate::process::{Run, Running, free_port, installed, loopback};

/// The account of Azurite.
pub const ACCOUNT: &str = "devstoreaccount1";
/// The account's key, which is public.
pub const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running, empty Azurite.
#[derive(Debug)]
pub struct Azurite {
    /// Behind a lock because only one thread at a time may watch the program.
    running: Mutex<Running>,
    program: PathBuf,
    address: SocketAddr,
}

impl Azurite {
    /// Starts Azurite on a free port. `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// Azurite does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub fn start() -> Option<Self> {
        let program = installed("azurite", &["azurite/node_modules/.bin/azurite-blob", "azurite-blob"])?;
        let address = loopback(free_port().expect("a free port"));
        let running = Mutex::new(run(&program, address));
        Some(Self {
            program,
            running,
            address,
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it at once, like a crash. Its contents are lost.
    pub fn kill(&self) {
        self.running.lock().kill();
    }

    /// Starts it again after that, empty, at the same address.
    ///
    /// # Panics
    /// Azurite does not start.
    pub fn restart(&self) {
        *self.running.lock() = run(&self.program, self.address);
    }

    /// Creates a container, which may be read without credentials if `public`.
    ///
    /// # Panics
    /// Azurite refuses.
    pub async fn create(&self, container: &str, public: bool) {
        let access = if public {
            "x-ms-blob-public-access: blob\r\n"
        } else {
            ""
        };
        let target = format!("/{ACCOUNT}/{container}?restype=container&{}", admin());
        self.done("PUT", &target, access, b"").await;
    }

    /// Creates a blob or replaces it.
    ///
    /// # Panics
    /// Azurite refuses.
    pub async fn put(&self, container: &str, blob: &str, bytes: &[u8]) {
        let target = format!("/{ACCOUNT}/{container}/{}?{}", escaped(blob), admin());
        self.done("PUT", &target, "x-ms-blob-type: BlockBlob\r\n", bytes).await;
    }

    /// Removes a blob.
    ///
    /// # Panics
    /// Azurite refuses.
    pub async fn remove(&self, container: &str, blob: &str) {
        let target = format!("/{ACCOUNT}/{container}/{}?{}", escaped(blob), admin());
        self.done("DELETE", &target, "", b"").await;
    }

    #[expect(clippy::panic, reason = "a test whose store cannot be filled fails")]
    async fn done(&self, method: &str, target: &str, headers: &str, body: &[u8]) {
        let headers = format!("x-ms-version: 2021-10-04\r\n{headers}");
        match send(self.address, method, target, &headers, body).await {
            Ok(answer) if answer.starts_with("HTTP/1.1 20") => {}
            other => panic!("{method} {target}: {other:?}"),
        }
    }
}

/// A shared access signature of the account with these permissions, until this time (`2099-01-01T00:00:00Z`).
#[must_use]
pub fn signature(permissions: &str, until: &str) -> String {
    let version = "2021-10-04";
    let signed = format!("{ACCOUNT}\n{permissions}\nb\nsco\n\n{until}\n\nhttps,http\n{version}\n\n");
    let signature = BASE64_STANDARD.encode(hmac(signed.as_bytes()));
    let mut query = format!("sv={version}&ss=b&srt=sco&sp={permissions}&spr=https,http");
    // Writing to a text cannot fail.
    let _ = write!(query, "&se={}&sig={}", escaped(until), escaped(&signature));
    query
}

fn admin() -> String {
    signature("rwdlac", "2099-01-01T00:00:00Z")
}

#[expect(
    clippy::expect_used,
    reason = "the key is a constant, and an HMAC takes a key of any length"
)]
fn hmac(text: &[u8]) -> Vec<u8> {
    let key = BASE64_STANDARD.decode(KEY).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn run(program: &Path, address: SocketAddr) -> Running {
    let mut command = Run::AsSelf.command(program);
    command.args(["--blobHost", "127.0.0.1", "--blobPort", &address.port().to_string()]);
    command.args([
        "--inMemoryPersistence",
        "--silent",
        "--disableTelemetry",
        "--skipApiVersionCheck",
    ]);
    Running::start(command, address)
}
