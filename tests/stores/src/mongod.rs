//! A real MongoDB server: `mongod` on a free port, its data in a temporary folder. Tests write their files with the
//! driver's own GridFS bucket, which shares no code with what the reader does. The driver is given to them whole;
//! nothing here hides it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use futures_util::AsyncWriteExt as _;
use mongodb::bson::{Bson, doc};
use mongodb::options::GridFsBucketOptions;
use mongodb::{Client, Database};
use tokio::sync::Mutex;

use crate::process::{Run, Running, free_port, installed, loopback};

/// Where `cargo xtask test` puts the program.
const DOWNLOADED: &str = "mongod/bin/mongod";
/// The user whom [`Mongod::start_with_users`] creates, who may do everything.
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
    /// The server that all tests share that run just now, without users. `None` if it is not installed and need not be.
    pub async fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().await;
        if let Some(living) = shared.upgrade() {
            return Some(living);
        }
        let started = Arc::new(Self::start(&[])?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// A server of one's own with these arguments, without users. `None` if it is not installed and need not be.
    ///
    /// # Panics
    /// It does not start.
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

    /// A server of one's own that lets nobody in but its users, of whom there is one: see [`Self::administrator`].
    /// `None` if it is not installed and need not be.
    ///
    /// # Panics
    /// It does not start, or the user cannot be created.
    #[expect(clippy::expect_used, reason = "a test that cannot run fails")]
    pub async fn start_with_users() -> Option<Self> {
        let server = Self::start(&["--auth"])?;
        let client = client(&server.connection_string()).await;
        let (name, password) = ADMINISTRATOR;
        // The server lets anybody on its own machine create the first user.
        let create = doc! { "createUser": name, "pwd": password, "roles": ["root"] };
        client
            .database("admin")
            .run_command(create)
            .await
            .expect("the first user");
        Some(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// How to connect to it without a user.
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

    /// One of its databases, through a client of its own. Begun anew by each test, since a client lives no longer than
    /// the runtime it was made on.
    pub async fn database(&self, name: &str) -> Database {
        client(&self.connection_string()).await.database(name)
    }

    /// Ends it at once, as a crash would. What it acknowledged is not lost.
    pub fn kill(&self) {
        self.running().kill();
    }

    /// Starts it again, on the same port with the same data, and ends it first if it runs.
    ///
    /// # Panics
    /// It does not start.
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

/// Writes a new revision of a file into a bucket, as any application would. The older ones stay.
///
/// # Panics
/// The server does not take it.
pub async fn upload(database: &Database, bucket: &str, name: &str, bytes: &[u8]) -> Bson {
    let id = Bson::ObjectId(mongodb::bson::oid::ObjectId::new());
    upload_as(database, bucket, id.clone(), name, bytes).await;
    id
}

/// Writes a file with an id of one's own into a bucket.
///
/// # Panics
/// The server does not take it.
#[expect(clippy::expect_used, reason = "a test that cannot run fails")]
pub async fn upload_as(database: &Database, bucket: &str, id: Bson, name: &str, bytes: &[u8]) {
    let options = GridFsBucketOptions::builder().bucket_name(bucket.to_owned()).build();
    let bucket = database.gridfs_bucket(options);
    let mut stream = bucket.open_upload_stream(name).id(id).await.expect("an upload begins");
    stream.write_all(bytes).await.expect("an upload goes on");
    stream.close().await.expect("an upload ends");
}
