//! S3 server in this process, with objects in memory. It verifies signatures, regions, tokens and conditions as
//! Amazon's does. A test puts objects, admits and expires keys, makes requests fail, and counts requests. `objects` has
//! the answers. `s3s` implements the protocol and the signatures.

mod objects;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use objects::{Bucket, Object};

/// The clients that may read a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Clients with a key.
    Private,
    /// All clients.
    Public,
}

/// A key and its secret, permanent or temporary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The id of the key.
    pub id: String,
    /// The secret that signs requests.
    pub secret: String,
    /// The token that is sent with a temporary key.
    pub token: Option<String>,
}

/// The server. It runs on the runtime it was made on, and ends when it is dropped.
#[derive(Debug)]
pub struct S3 {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// The number of requests of each kind, whatever was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Requests for an object's metadata.
    pub heads: usize,
    /// Requests for objects.
    pub gets: usize,
    /// Requests for lists of objects.
    pub lists: usize,
}

/// The state that the handlers of all connections share.
#[derive(Debug)]
struct State {
    region: &'static str,
    buckets: Mutex<HashMap<String, Bucket>>,
    keys: Mutex<HashMap<String, (Key, bool)>>,
    /// Whether an absent object is reported as absent. Without the right to list, Amazon reports it as forbidden.
    tells_absence: AtomicBool,
    slow_downs: AtomicUsize,
    heads: AtomicUsize,
    gets: AtomicUsize,
    lists: AtomicUsize,
}

impl S3 {
    /// A server without buckets and keys, in this region, on a free port.
    ///
    /// # Errors
    /// The system has no port left.
    pub async fn start(region: &'static str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            region,
            buckets: Mutex::default(),
            keys: Mutex::default(),
            tells_absence: AtomicBool::new(true),
            slow_downs: AtomicUsize::default(),
            heads: AtomicUsize::default(),
            gets: AtomicUsize::default(),
            lists: AtomicUsize::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            accepting,
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Creates an empty bucket.
    pub fn create(&self, bucket: &str, visibility: Visibility) {
        let created = Bucket {
            visibility,
            objects: HashMap::new(),
        };
        self.state.buckets.lock().insert(bucket.to_owned(), created);
    }

    /// Creates an object or replaces it.
    ///
    /// # Panics
    /// There is no such bucket.
    #[expect(clippy::panic, reason = "a test that names the wrong bucket fails")]
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let object = Object::new(bytes.into());
        match self.state.buckets.lock().get_mut(bucket) {
            Some(bucket) => drop(bucket.objects.insert(key.to_owned(), object)),
            None => panic!("there is no bucket {bucket}"),
        }
    }

    /// Removes an object.
    pub fn remove(&self, bucket: &str, key: &str) {
        if let Some(bucket) = self.state.buckets.lock().get_mut(bucket) {
            bucket.objects.remove(key);
        }
    }

    /// Accepts this key from now on.
    pub fn admit(&self, key: &Key) {
        self.state.keys.lock().insert(key.id.clone(), (key.clone(), true));
    }

    /// Refuses the key of this id as expired from now on.
    pub fn expire(&self, id: &str) {
        if let Some((_, valid)) = self.state.keys.lock().get_mut(id) {
            *valid = false;
        }
    }

    /// Sets whether clients may list, and so learn that an object does not exist.
    pub fn tell_absence(&self, tells: bool) {
        self.state.tells_absence.store(tells, Ordering::Relaxed);
    }

    /// Answers the next `requests` requests with 503 `SlowDown`.
    pub fn slow_down(&self, requests: usize) {
        self.state.slow_downs.store(requests, Ordering::Relaxed);
    }

    /// The number of requests since the start.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            heads: self.state.heads.load(Ordering::Relaxed),
            gets: self.state.gets.load(Ordering::Relaxed),
            lists: self.state.lists.load(Ordering::Relaxed),
        }
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Key {
    /// A permanent key.
    #[must_use]
    pub fn lasting(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut builder = S3ServiceBuilder::new(objects::Objects(Arc::clone(&state)));
    builder.set_auth(objects::Secrets(Arc::clone(&state)));
    builder.set_access(objects::Gate(Arc::clone(&state)));
    let service = builder.build();
    while let Ok((stream, _)) = listener.accept().await {
        // An error only delays small responses.
        let _ = stream.set_nodelay(true);
        let (state, service) = (Arc::clone(&state), service.clone());
        let answer = service_fn(move |request| answer(Arc::clone(&state), service.clone(), request));
        // The client notices by itself how a connection ends.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn answer(
    state: Arc<State>,
    service: S3Service,
    request: Request<Incoming>,
) -> Result<Response<Body>, HttpError> {
    state.count(&request);
    let less = |left: usize| left.checked_sub(1);
    if state
        .slow_downs
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
    {
        return Ok(error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", ""));
    }
    if let Some(refusal) = state.refuses(&request) {
        return Ok(refusal);
    }
    service.call(request.map(Body::from)).await
}

impl State {
    fn count(&self, request: &Request<Incoming>) {
        let an_object = request.uri().path().trim_matches('/').contains('/');
        let counter = match (request.method(), an_object) {
            (&Method::HEAD, _) => &self.heads,
            (_, true) => &self.gets,
            (_, false) => &self.lists,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The checks of Amazon that `s3s` leaves out: the region of the signature, and the token of a temporary key.
    fn refuses(&self, request: &Request<Incoming>) -> Option<Response<Body>> {
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let (_, credential) = header(AUTHORIZATION.as_str())?.split_once("Credential=")?;
        let mut scope = credential.split('/');
        let (id, _date, region) = (scope.next()?, scope.next()?, scope.next()?);
        if region != self.region {
            let region = format!("<Region>{}</Region>", self.region);
            return Some(error(StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed", &region));
        }
        let (key, valid) = self.keys.lock().get(id)?.clone();
        if !valid {
            return Some(error(StatusCode::BAD_REQUEST, "ExpiredToken", ""));
        }
        if key.token.as_deref() != header("x-amz-security-token") {
            return Some(error(StatusCode::BAD_REQUEST, "InvalidToken", ""));
        }
        None
    }
}

fn error(status: StatusCode, code: &str, more: &str) -> Response<Body> {
    let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>{more}</Error>");
    let mut response = Response::new(Body::from(document));
    *response.status_mut() = status;
    let xml = http::HeaderValue::from_static("application/xml");
    response.headers_mut().insert(CONTENT_TYPE, xml);
    response
}
