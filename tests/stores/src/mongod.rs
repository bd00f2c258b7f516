//! MongoDB server: `mongod` on a free port with its data in a temporary folder. Tests write files with the driver's own
//! GridFS bucket, which shares no code with the reader, and use the driver directly.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use futures_util::AsyncWriteExt as _;
use mongodb::bson::{Bson, doc};
use mongodb::options::GridFsBucketOptions;
use mongodb::{Client, Database};
use tokio::sync::Mutex;

use crate::process::{Run, Running, free_port, installed, loopback};

/// The path of the program that `cargo xtask test` downloads.
const DOWNLOADED: &str = "mongod/bin/mongod";
/// The user that [`Mongod::start_with_users`] creates, with all rights.
const ADMINISTRATOR: (&str, &str) = ("administrator", "no secret 1");

/// A server, which ends when this is dropped.
#[derive(Debug)]
pub struct Mongod {
    running: std::sync::Mutex<Running>,
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    data: tempfile::TempDir,
}

/// The server that tests without special needs share, each with a database of its own.
static SHARED: Mutex<Weak<Mongod>> = Mutex::const_new(Weak::new());

impl Mongod {
    /// The server that all running tests share, without users. `None` if it is not installed and may be missing.
    pub async fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().await;
        if let Some(living) = shared.upgrade() {
            return Some(living);
        }
        let started = Arc::new(Self::start(&[])?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// A new server with these arguments, without users. `None` if it is not installed and may be missing.
    ///
    /// # Panics
    /// The server does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let program = installed("mongod", &[DOWNLOADED, "mongod"])?;
        let data = tempfile::tempdir().expect("a temporary folder");
        let port = free_port().expect("a free port");
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let running = run(&program, &arguments, port, &data);
        Some(Self {
            running: std::sync::Mutex::new(running),
            program,
            arguments,
            port,
            data,
        })
    }

    /// A new server that requires a login. Its only user is [`Self::administrator`]. `None` if it is not installed and
    /// may be missing.
    ///
    /// # Panics
    /// The server does not start, or the user cannot be created.
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub async fn start_with_users() -> Option<Self> {
        let server = Self::start(&["--auth"])?;
        let client = client(&server.connection_string()).await;
        let (name, password) = ADMINISTRATOR;
        // The server lets any local client create the first user.
        let create = doc! { "createUser": name, "pwd": password, "roles": ["root"] };
        client
            .database("admin")
            .run_command(create)
            .await
            .expect("the first user");
        Some(server)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// The connection string without a user.
    #[must_use]
    pub fn connection_string(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address())
    }

    /// The database `admin` as its administrator sees it.
    pub async fn administrator(&self) -> Database {
        let (name, password) = ADMINISTRATOR;
        let password = password.replace(' ', "%20");
        let connection_string = format!("mongodb://{name}:{password}@{}/?directConnection=true", self.address());
        client(&connection_string).await.database("admin")
    }

    /// One of its databases, through a new client. Each test needs its own, since a client lives no longer than the
    /// runtime it was made on.
    pub async fn database(&self, name: &str) -> Database {
        client(&self.connection_string()).await.database(name)
    }

    /// Ends it at once, like a crash. Acknowledged writes are not lost.
    pub fn kill(&self) {
        self.running().kill();
    }

    /// Starts it again, on the same port with the same data. Ends it first if it runs.
    ///
    /// # Panics
    /// The server does not start.
    pub fn restart(&self) {
        let mut running = self.running();
        running.kill();
        *running = run(&self.program, &self.arguments, self.port, &self.data);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(program: &PathBuf, arguments: &[String], port: u16, data: &tempfile::TempDir) -> Running {
    let mut command = Run::AsSelf.command(program);
    command.arg("--dbpath").arg(data.path());
    command.args(["--port", &port.to_string(), "--bind_ip", "127.0.0.1", "--nounixsocket"]);
    command.args(["--wiredTigerCacheSizeGB", "0.25"]);
    command.args(["--setParameter", "diagnosticDataCollectionEnabled=false"]);
    command.args(arguments);
    Running::start(command, loopback(port))
}

#[expect(clippy::expect_used, reason = "a test that cannot run fails")]
async fn client(connection_string: &str) -> Client {
    Client::with_uri_str(connection_string)
        .await
        .expect("a connection string of ours")
}

/// Writes a new revision of a file into a bucket, like any application. The older ones stay.
///
/// # Panics
/// The server refuses it.
pub async fn upload(database: &Database, bucket: &str, name: &str, bytes: &[u8]) -> Bson {
    let id = Bson::ObjectId(mongodb::bson::oid::ObjectId::new());
    upload_as(database, bucket, id.clone(), name, bytes).await;
    id
}

/// Writes a file with a given id into a bucket.
///
/// # Panics
/// The server refuses it.
#[expect(clippy::expect_used, reason = "a test that cannot run fails")]
pub async fn upload_as(database: &Database, bucket: &str, id: Bson, name: &str, bytes: &[u8]) {
    let options = GridFsBucketOptions::builder().bucket_name(bucket.to_owned()).build();
    let bucket = database.gridfs_bucket(options);
    let mut stream = bucket.open_upload_stream(name).id(id).await.expect("an upload begins");
    stream.write_all(bytes).await.expect("an upload goes on");
    stream.close().await.expect("an upload ends");
}
