//! moto, an independent S3 server in Python. It accepts any signature, so it shows only that another server understands
//! the readers' requests.

use std::net::SocketAddr;

use parking_lot::Mutex;

use crate::by_hand::{escaped, send};
use crate::process::{Run, Running, free_port, installed, loopback};

/// A running, empty moto.
#[derive(Debug)]
pub struct Moto {
    address: SocketAddr,
    /// Never locked. The lock makes the server `Sync`.
    _running: Mutex<Running>,
}

impl Moto {
    /// Starts moto on a free port. `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// moto does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub fn start() -> Option<Self> {
        let program = installed("moto", &["moto/bin/moto_server", "moto_server"])?;
        let port = free_port().expect("a free port");
        let mut command = Run::AsSelf.command(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let address = loopback(port);
        Some(Self {
            address,
            _running: Mutex::new(Running::start(command, address)),
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Creates a bucket.
    ///
    /// # Panics
    /// moto refuses.
    pub async fn create(&self, bucket: &str) {
        self.done("PUT", &format!("/{bucket}"), b"").await;
    }

    /// Creates an object or replaces it.
    ///
    /// # Panics
    /// moto refuses.
    pub async fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.done("PUT", &format!("/{bucket}/{}", escaped(key)), bytes).await;
    }

    /// Removes an object.
    ///
    /// # Panics
    /// moto refuses.
    pub async fn remove(&self, bucket: &str, key: &str) {
        self.done("DELETE", &format!("/{bucket}/{}", escaped(key)), b"").await;
    }

    #[expect(clippy::panic, reason = "a test whose store cannot be filled fails")]
    async fn done(&self, method: &str, target: &str, body: &[u8]) {
        // This header tells moto which of Amazon's services is meant.
        let headers = "Authorization: AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/aws4_request, \
                       SignedHeaders=host, Signature=a\r\n";
        match send(self.address, method, target, headers, body).await {
            Ok(answer) if answer.starts_with("HTTP/1.1 20") => {}
            other => panic!("{method} {target}: {other:?}"),
        }
    }
}
