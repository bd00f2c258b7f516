//! A listener and the workers that serve it: actix-web's server and its HTTP/1, put together by hand, because its
//! ready-made `HttpServer` knows only bare sockets, and responses leave on a [`Wire`]. Called by `serve.rs`, once for the
//! public listener and once for the admin one.

use std::convert::Infallible;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Request};
use actix_service::ServiceFactoryExt as _;
use actix_web::dev::{Server, fn_service};
use actix_web::rt::net::TcpStream;

use crate::connections::Connections;
use crate::http::{Answer, serve};
use crate::settings::ServerSettings;
use crate::wire::Wire;

/// Seconds; a day.
const LONGER_THAN_ANY_GRACE: u64 = 86_400;

/// How long a connection that is to be closed goes on taking what the client is still sending: closed at once, it would
/// take the response with it.
const LINGER: Duration = Duration::from_secs(1);

/// Serves what comes in on `listener` once the server is awaited or spawned. Without `connections` slow clients are not
/// closed.
pub(crate) fn start<A: Answer>(
    answers: Arc<A>,
    listener: TcpListener,
    settings: &ServerSettings,
    workers: usize,
    connections_per_worker: usize,
    connections: Option<Arc<Connections>>,
) -> std::io::Result<Server> {
    let keep_alive = match &connections {
        Some(_) if !settings.keep_alive.0.is_zero() => KeepAlive::Os,
        _ => at_least(settings.keep_alive.0).into(),
    };
    let head_timeout = at_least(settings.head_timeout.0);
    let address = listener.local_addr()?;
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections_per_worker)
        // `stop` counts the grace period itself, as the configuration in force then has it, and says when it is over.
        .shutdown_timeout(LONGER_THAN_ANY_GRACE)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let each_worker = move || {
        let (answers, connections, stopping) = (answers.clone(), connections.clone(), stopping.clone());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_timeout)
            // A client that closed its side counts as gone, and its work is called off.
            .h1_allow_half_closed(false)
            .client_disconnect_timeout(LINGER)
            // Whatever is written goes to the wire before the body is asked for more.
            .h1_write_buffer_size(1)
            .local_addr(address)
            .on_connect_ext(|wire: &Wire, extensions| {
                extensions.insert(Rc::clone(wire.outbox()));
            })
            .h1(fn_service(move |request: Request| {
                let answers = Arc::clone(&answers);
                async move { Ok::<_, Infallible>(serve(request, answers).await) }
            }));
        fn_service(move |socket: TcpStream| {
            let connection = connections.as_ref().and_then(|connections| connections.watch(&socket));
            async move {
                // Where it fails the connection is gone, which reading from it tells.
                let _ = socket.set_nodelay(true);
                let peer = socket.peer_addr().ok();
                Ok((Wire::new(socket, connection), peer))
            }
        })
        .and_then(http)
    };
    Ok(builder.listen(address.to_string(), listener, each_worker)?.run())
}

/// A timeout as actix-web has to be told it: its clock for these ticks every half second, so that it may count up to that
/// much too early. None stays none.
fn at_least(timeout: Duration) -> Duration {
    const TICK: Duration = Duration::from_millis(500);
    if timeout.is_zero() { timeout } else { timeout + TICK }
}
