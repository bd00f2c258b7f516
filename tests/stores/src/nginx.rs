//! nginx as a web server of images: a folder of files with ETags, ranges and conditional requests, as the most usual
//! server handles them.
#![expect(clippy::disallowed_methods, reason = "a test may wait for the disk")]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::process::{Run, Running, free_port, installed, loopback};

/// A running nginx and its files, which end with this value.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    folder: TempDir,
    /// The number of files put, because nginx tells versions by seconds.
    put: AtomicU64,
    /// Never locked. The lock makes the server `Sync`.
    _running: Mutex<Running>,
}

/// A certificate and its key, both as PEM.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'p> {
    /// The certificate.
    pub certificate: &'p str,
    /// Its key.
    pub key: &'p str,
}

impl Nginx {
    /// Starts nginx, with TLS if a certificate is given. `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// nginx does not start.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot run fails")]
    pub fn start(tls: Option<Certificate<'_>>) -> Option<Self> {
        let program = installed("nginx", &["/usr/sbin/nginx", "nginx"])?;
        let prepared = || -> std::io::Result<(TempDir, u16, PathBuf)> {
            let (folder, port) = (tempfile::tempdir()?, free_port()?);
            let root = folder.path().display();
            let ssl = if let Some(Certificate { certificate, key }) = tls {
                fs::write(folder.path().join("certificate"), certificate)?;
                fs::write(folder.path().join("key"), key)?;
                format!("ssl; ssl_certificate {root}/certificate; ssl_certificate_key {root}/key")
            } else {
                String::new()
            };
            // A path with an empty segment is another file than the one without, and no folder is listed.
            let configuration = format!(
                "daemon off; master_process off; pid {root}/pid; error_log {root}/log; events {{}}
                 http {{
                   access_log off;
                   client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;
                   fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
                   server {{
                     listen 127.0.0.1:{port} {ssl};
                     root {root}/files;
                     merge_slashes off;
                     absolute_redirect off;
                     location / {{}}
                     location ~ (//|/$) {{ return 404; }}
                   }}
                 }}"
            );
            fs::create_dir(folder.path().join("files"))?;
            let file = folder.path().join("nginx.conf");
            fs::write(&file, configuration)?;
            Ok((folder, port, file))
        };
        let (folder, port, file) = prepared().unwrap_or_else(|error| panic!("nginx cannot be prepared: {error}"));
        let mut command = Run::AsSelf.command(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(file);
        let address = loopback(port);
        Some(Self {
            address,
            folder,
            put: AtomicU64::new(0),
            _running: Mutex::new(Running::start(command, address)),
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a file atomically, as a version of its own.
    ///
    /// # Errors
    /// An error of the disk.
    pub fn put(&self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        let to = self.file(path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let finished = self.folder.path().join("unfinished");
        let mut file = File::create(&finished)?;
        file.write_all(bytes)?;
        let seconds = 1_000_000_000 + self.put.fetch_add(1, Ordering::Relaxed);
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))?;
        fs::rename(finished, to)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// An error of the disk.
    pub fn remove(&self, path: &str) -> std::io::Result<()> {
        fs::remove_file(self.file(path))
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join("files").join(path)
    }
}
