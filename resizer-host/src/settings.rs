//! Host settings: the part of `[server]` about the HTTP server, the log, start and stop.
//! [`resizer_engine::load_with`] reads them from the same table as the engine's own settings. The doc comment of each
//! field is its row in `docs/server.md`.

mod address;
mod log;
mod origin;
mod response_header;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use resizer_engine::{Environment, HostSettings, Loaded, Problems, SettingFault};
use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{ByteSize, Metrics, Seconds, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::linked::KNOWN_PLUGINS;

pub use address::{AdminListen, ListenAddress};
pub use log::{LogFilter, LogFormat};
pub use origin::CorsOrigin;
pub use resizer_plugin_api::Network;
pub use response_header::{ExtraHeaderName, ExtraHeaderValue};

/// The host's part of `[server]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The address and port that images are served on. In a container this is usually `0.0.0.0:8080`. A change needs a
    /// restart.
    pub listen: ListenAddress,
    /// The address and port of the admin listener (metrics, plan, purges), or `"off"`. Keep it away from the
    /// public. A change needs a restart.
    pub admin_listen: AdminListen,
    /// The token that a client of the admin listener sends as `Authorization: Bearer …`. Required where `admin_listen`
    /// is not a loopback address; on a loopback address the listener is open without a token. A reload may change the
    /// token; removing it needs a restart.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "never")]
    pub admin_token: Option<Secret>,
    /// Threads that read requests and write responses; `0` is one per core. A change needs a restart.
    pub workers: usize,
    /// How long a connection may be idle between a response and the next request. Keep it above the idle timeout of the
    /// balancer in front, or requests are lost on connections that both sides close at once. A change needs a restart.
    pub keep_alive: Seconds,
    /// How long a new connection may take until the head of its first request is complete; `"0s"` is no limit. A later
    /// head has `keep_alive`, as a connection with a part of a head is taken for idle. A change needs a restart.
    pub head_timeout: Seconds,
    /// The timeout for a client that reads nothing of a response; `"0s"` is no limit. A change needs a restart.
    pub body_timeout: Seconds,
    /// Fewest bytes of a response that a client has to read in a second, on average; `0` is no limit. A client that
    /// has been slower, for as long as `body_timeout` allows to read nothing, is closed, so that clients that read
    /// slowly do not hold memory for ever. While other responses wait for that memory, a client has a sixth of the
    /// time. A change needs a restart.
    pub client_min_rate: ByteSize,
    /// How many connections may be open, over all workers, before those without a request are closed, the longest
    /// waiting first. Meanwhile clients have a sixth of `body_timeout` to read. As many more as `queue` are accepted,
    /// and further ones wait in the system's queue. By default as many as an eighth of `memory_limit` holds, at 212 KiB
    /// each, from 64 to 25000. A change needs a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<usize>,
    /// Proxies whose `X-Forwarded-*` and `Forwarded` headers are trusted: networks such as `"10.0.0.0/8"`, single
    /// addresses, or the names `"loopback"` and `"private"`.
    pub trusted_proxies: Vec<Network>,
    /// Origins that scripts may read the images from, such as `"https://www.example.org"`; `"*"` is any.
    pub cors_origins: Vec<CorsOrigin>,
    /// Headers added to every response, as in `headers = { X-Served-By = "resizer" }`.
    pub headers: BTreeMap<ExtraHeaderName, ExtraHeaderValue>,
    /// Whether a line is logged for each request.
    pub access_log: bool,
    /// The log filter: a level, or levels by module as in `"warn,resizer_engine=debug"`. The variable `RUST_LOG`
    /// overrules it.
    pub log: LogFilter,
    /// The format of log lines. A change needs a restart.
    pub log_format: LogFormat,
    /// The delay between SIGTERM and closing the listener. Meanwhile the server is not ready and still accepts
    /// requests, so that a balancer notices. Ctrl-C (SIGINT) skips it.
    pub drain_delay: Seconds,
    /// How long running requests may take to finish once the listener is closed.
    pub grace_period: Seconds,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: ListenAddress::loopback(8080),
            admin_listen: AdminListen::loopback(8081),
            admin_token: None,
            workers: 0,
            // Above 60 s, the idle timeout of the common balancers.
            keep_alive: seconds(75),
            head_timeout: seconds(5),
            body_timeout: seconds(30),
            // The slowest mobile networks give more. A photograph of half a megabyte takes two minutes.
            client_min_rate: ByteSize(4 << 10),
            max_connections: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            headers: BTreeMap::new(),
            access_log: true,
            log: LogFilter::default(),
            log_format: LogFormat::Text,
            drain_delay: seconds(5),
            grace_period: seconds(30),
        }
    }
}

const fn seconds(seconds: u64) -> Seconds {
    Seconds(Duration::from_secs(seconds))
}

/// Reads a configuration with the environment of this process.
pub(crate) fn load(
    path: &Path,
    text: &str,
    resources: &Resources,
    metrics: &Metrics,
) -> (Option<(Loaded, ServerSettings)>, Problems) {
    resizer_engine::load_with(path, text, &Environment::process(), KNOWN_PLUGINS, resources, metrics)
}

/// A secret is not written anywhere, and the default is none.
fn never<S: serde::Serializer>(_: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

impl HostSettings for ServerSettings {
    fn faults(&self) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        let mut fault = |settings, message, help| {
            faults.push(SettingFault {
                settings,
                message,
                help,
            });
        };
        let admin = self.admin_listen.0;
        match &self.admin_token {
            Some(token) if token.expose().trim().is_empty() => fault(
                &["admin_token"],
                "setting `admin_token` of `[server]` is empty",
                "give it a long random text, or remove it",
            ),
            None if admin.is_some_and(|address| !address.ip().to_canonical().is_loopback()) => fault(
                &["admin_listen"],
                "the admin listener is open to other machines, and there is no `admin_token`",
                "add `admin_token = \"${ADMIN_TOKEN}\"`, or listen on 127.0.0.1",
            ),
            _ => {}
        }
        // Port 0 is a free port, another one each time.
        if admin == Some(self.listen.0) && self.listen.0.port() != 0 {
            fault(
                &["admin_listen", "listen"],
                "`listen` and `admin_listen` are the same address",
                "give the admin listener a port of its own",
            );
        }
        if self.max_connections == Some(0) {
            fault(
                &["max_connections"],
                "setting `max_connections` of `[server]` is 0, so that no request could be served",
                "give it a value above 0, or remove it",
            );
        }
        faults
    }
}
