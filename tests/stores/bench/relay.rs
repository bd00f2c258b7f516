//! Programs of `cargo xtask bench relay`, each on a core of its own: a store, a bare loop that reads from it with the
//! client library of `s3reader`, a bare server that does the same for its clients, and clients that request the same
//! objects.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "the output is the purpose of these programs"
)]

use std::env;
use std::error::Error;
use std::io::{BufRead as _, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _};
use resizer_test_stores::s3::{Key, S3, Visibility};
use rustix::net::RecvFlags;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Interest};
use tokio::net::{TcpListener, TcpStream};

const OBJECTS: usize = 1000;
const LENGTH: usize = 1_000_000;
const CONNECTIONS: usize = 64;
const REGION: &str = "eu-west-1";
const BUCKET: &str = "bench";
const KEY: (&str, &str) = ("BENCH", "secret-of-the-bench");

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["store"] => store().await,
        ["bare", endpoint] => bare(endpoint).await,
        ["bare-relay", endpoint] => bare_relay(endpoint).await,
        ["clients", address] => clients(address).await,
        _ => Err("store | bare ENDPOINT | bare-relay ENDPOINT | clients ADDRESS".into()),
    }
}

/// Serves the objects and prints the address. For each line on standard input, prints the requests so far.
async fn store() -> Outcome {
    let store = S3::start(REGION).await?;
    store.admit(&Key::lasting(KEY.0, KEY.1));
    store.create(BUCKET, Visibility::Private);
    // Overlapping windows: all objects differ, without a gigabyte of memory.
    let bytes: Vec<u8> = (0..(LENGTH + OBJECTS) as u32)
        .map(|number| (number.wrapping_mul(0x9E37_79B9) >> 24) as u8)
        .collect();
    let bytes = Bytes::from(bytes);
    for object in 0..OBJECTS {
        store.put(BUCKET, &key(object), bytes.slice(object..object + LENGTH));
    }
    println!("http://{}", store.address());
    for line in std::io::stdin().lock().lines() {
        line?;
        let asked = store.asked();
        println!("{} {} {}", asked.heads, asked.gets, asked.lists);
    }
    Ok(())
}

/// Reads every object once and prints the seconds.
async fn bare(endpoint: &str) -> Outcome {
    let store = client(endpoint)?;
    each_object(|object| {
        let store = Arc::clone(&store);
        async move {
            let mut bytes = store.get(&Path::parse(key(object))?).await?.into_stream();
            let mut length = 0;
            while let Some(piece) = bytes.next().await {
                length += piece?.len();
            }
            Ok(length)
        }
    })
    .await
}

/// Serves the objects, with nothing between the store's pieces and the client's socket, and prints the address.
async fn bare_relay(endpoint: &str) -> Outcome {
    let store = client(endpoint)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(hand_on(BufReader::new(stream), Arc::clone(&store)));
    }
}

async fn hand_on(mut client: BufReader<TcpStream>, store: Arc<dyn ObjectStore>) -> Outcome {
    let prefix = format!("GET /s3/{BUCKET}/");
    let mut line = String::new();
    while client.read_line(&mut line).await? > 0 {
        if let Some(target) = line.strip_prefix(&prefix) {
            let object = target.split(' ').next().unwrap_or_default().to_owned();
            let found = store.get(&Path::parse(object)?).await?;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", found.meta.size);
            client.get_mut().write_all(head.as_bytes()).await?;
            let mut bytes = found.into_stream();
            while let Some(piece) = bytes.next().await {
                client.get_mut().write_all(&piece?).await?;
            }
        }
        line.clear();
    }
    Ok(())
}

fn client(endpoint: &str) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_region(REGION)
        .with_bucket_name(BUCKET)
        .with_access_key_id(KEY.0)
        .with_secret_access_key(KEY.1)
        .with_client_options(ClientOptions::new().with_allow_http(true).with_timeout_disabled())
        .build()?;
    Ok(Arc::new(store))
}

/// Requests every object once from a server and prints the seconds.
async fn clients(address: &str) -> Outcome {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(BufReader::new(TcpStream::connect(address).await?));
    }
    let connections = Arc::new(tokio::sync::Mutex::new(connections));
    each_object(|object| {
        let connections = Arc::clone(&connections);
        async move {
            let Some(mut connection) = connections.lock().await.pop() else {
                panic!("there are as many connections as loops")
            };
            let request = format!("GET /s3/{BUCKET}/{} HTTP/1.1\r\nHost: bench\r\n\r\n", key(object));
            connection.get_mut().write_all(request.as_bytes()).await?;
            let length = discard_answer(&mut connection).await?;
            connections.lock().await.push(connection);
            Ok(length)
        }
    })
    .await
}

/// Runs as many loops as there are connections, until each object was requested.
async fn each_object<F>(read: impl Fn(usize) -> F) -> Outcome
where
    F: Future<Output = Result<usize, Box<dyn Error + Send + Sync>>>,
{
    let next = AtomicUsize::new(0);
    let since = Instant::now();
    let loops = (0..CONNECTIONS).map(|_| async {
        loop {
            let object = next.fetch_add(1, Ordering::Relaxed);
            if object >= OBJECTS {
                return Ok::<(), Box<dyn Error + Send + Sync>>(());
            }
            let length = read(object).await?;
            if length != LENGTH {
                return Err(format!("{length} bytes came of {LENGTH}").into());
            }
        }
    });
    try_join_all(loops).await?;
    println!("{}", since.elapsed().as_secs_f64());
    Ok(())
}

/// Reads a response with a `Content-Length` and returns the length of its body.
async fn discard_answer(connection: &mut BufReader<TcpStream>) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        connection.read_line(&mut line).await?;
        if line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.1 200") {
            return Err(line.into());
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse::<usize>()?);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let length = length.ok_or("the answer has no length")?;
    let mut left = length;
    let ahead = connection.buffer().len().min(left);
    connection.consume(ahead);
    left -= ahead;
    // The system itself discards the rest, since clients have to cost as little as possible of the core they share with
    // the store.
    let (stream, mut nothing) = (connection.get_ref(), [0; 1 << 18]);
    while left > 0 {
        stream.readable().await?;
        let room = left.min(nothing.len());
        let discard = || Ok(rustix::net::recv(stream, &mut nothing[..room], RecvFlags::TRUNC)?.0);
        match stream.try_io(Interest::READABLE, discard) {
            Ok(0) => return Err("the answer broke off".into()),
            Ok(here) => left -= here,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(length)
}

fn key(object: usize) -> String {
    format!("{object}.jpg")
}
