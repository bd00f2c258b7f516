//! Listener: binds an address, and serves what comes in on it through actix-web's `HttpServer`. Called by `serve.rs`
//! for the public listener and for that of the operator.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{KeepAlive, Request};
use actix_web::HttpServer;
use actix_web::dev::{Server, fn_service};
use actix_web::rt::net::TcpStream;

use crate::complaint::Complaint;
use crate::connections::Connections;
use crate::conversion::{self, Handler};

/// Connections that wait in the system's queue while all workers are at their limit; the system may allow fewer.
const BACKLOG: i32 = 1024;
/// Bytes of requests that the system keeps for a connection before they are read. By itself it would keep megabytes, of
/// memory that no budget counts.
const RECEIVE_BUFFER: usize = 32 * 1024;
/// Seconds; a day.
const LONGER_THAN_ANY_GRACE: u64 = 86_400;
/// How long a connection that is to be closed goes on reading what the client is still sending. Closed at once, it
/// would take the response with it.
const LINGER: Duration = Duration::from_secs(1);

/// Listens on the address that this setting of `[server]` names.
pub(crate) fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, Complaint> {
    let listener = TcpListener::bind(address).map_err(|error| {
        let (reason, hint) = match error.kind() {
            std::io::ErrorKind::AddrInUse => ("address already in use", "another program has it; "),
            std::io::ErrorKind::AddrNotAvailable => ("this machine has no such address", ""),
            std::io::ErrorKind::PermissionDenied => ("permission denied", "low ports are for privileged programs; "),
            _ => return Complaint::new(format!("cannot listen on {address}: {error}")),
        };
        Complaint::new(format!(
            "cannot listen on {address}: {reason} ({hint}change `{setting}` in [server])"
        ))
    })?;
    // The standard library asks for a queue of 128; asking again changes it. A shorter queue does no harm.
    let _ = rustix::net::listen(&listener, BACKLOG);
    // Connections have it from their listener. If the system refuses, it keeps more for a client that sends much.
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&listener, RECEIVE_BUFFER);
    Ok(listener)
}

/// How many connections and workers a listener has.
pub(crate) struct Size {
    pub(crate) workers: usize,
    /// Connections over all workers. Further ones wait in the system's queue, where nothing sees them.
    pub(crate) connections: usize,
    /// Whether connections are kept for further requests.
    pub(crate) keep_alive: bool,
}

/// Serves what comes in on `listener` once the server is awaited or spawned.
pub(crate) fn start<H: Handler>(
    handler: &Arc<H>,
    listener: TcpListener,
    size: &Size,
    connections: &Arc<Connections>,
) -> std::io::Result<Server> {
    let (handler, connections) = (Arc::clone(handler), Arc::clone(connections));
    let keep_alive = if size.keep_alive {
        KeepAlive::Os
    } else {
        KeepAlive::Disabled
    };
    HttpServer::new(move || {
        let handler = Arc::clone(&handler);
        fn_service(move |request: Request| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(conversion::serve(request, handler).await) }
        })
    })
    .workers(size.workers)
    .max_connections(size.connections.div_ceil(size.workers))
    // `Connections` has timers for these two, and for more. actix-web would say 408 to a client that sent nothing.
    .keep_alive(keep_alive)
    .client_request_timeout(Duration::ZERO)
    // A client that closed its side counts as gone, and its work is cancelled.
    .h1_allow_half_closed(false)
    .client_disconnect_timeout(LINGER)
    .h1_write_buffer_size(conversion::WRITE_BUFFER)
    .tcp_nodelay(true)
    // `stop` counts the grace period itself, as the configuration in force has it then, and logs when it is over.
    .shutdown_timeout(LONGER_THAN_ANY_GRACE)
    .disable_signals()
    .on_connect(move |stream, extensions| {
        let stream = stream.downcast_ref::<TcpStream>();
        if let Some(connection) = stream.and_then(|stream| connections.watch(stream)) {
            extensions.insert(connection);
        }
    })
    .listen(listener)
    .map(HttpServer::run)
}
