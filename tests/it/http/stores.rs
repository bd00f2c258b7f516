//! Tests with real stores. Each file named after a store starts the store and runs the same scenes with it: `shown` is
//! a photograph as a visitor sees it, `replaced` a photograph that changes, `away` a store that fails, and `large` an
//! object larger than the memory it may take. A proxy in front of each store counts connections and cuts them.

mod away;
mod azure;
mod large;
mod mongo;
mod pixels;
mod remote;
mod replaced;
mod s3;
mod shown;
mod sql;

use std::net::SocketAddr;
use std::sync::LazyLock;

use resizer_engine::testing::FaultyProxy;
use tokio::runtime::Runtime;

use super::client::Response;
use super::server::Server;

/// A real store with objects that the server finds by name.
pub(crate) trait Store {
    /// Where it listens; the same after every start.
    fn address(&self) -> SocketAddr;
    /// The lines of an entry in `plugins.toml` that name the plugin and say how to reach the store at this address.
    fn entry(&self, address: SocketAddr) -> String;
    /// The part of a URL behind the prefix, for an object with this name in a store at this address.
    fn path(&self, address: SocketAddr, name: &str) -> String;
    /// Creates an object or replaces it.
    fn put(&self, name: &str, bytes: &[u8]);
    /// Ends it without notice; one that lives in this process is cut off by the proxy instead.
    fn kill(&mut self, proxy: &FaultyProxy);
    /// Starts it again after that, with its objects or without.
    fn start(&mut self);
}

/// The runtime of what is asynchronous in tests: the proxies and the stores' own clients.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Waits for what is asynchronous.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// A server that reads from a store through a proxy.
struct Stage {
    server: Server,
    proxy: FaultyProxy,
}

impl Stage {
    /// With an entry for each of these prefixes, which has these further settings; and a cache in memory.
    fn before(store: &dyn Store, entries: &[(&str, &str)]) -> Self {
        let proxy = wait(FaultyProxy::before(store.address())).unwrap();
        let reader = store.entry(proxy.address());
        let mut configuration = "[[plugin]]\nname = \"memcache\"\n".to_owned();
        for (prefix, settings) in entries {
            configuration += &format!("[[plugin]]\n{reader}\nprefix = \"{prefix}\"\n{settings}\n");
        }
        Self {
            server: Server::start(&configuration, &[]),
            proxy,
        }
    }

    /// The URL of an object below a prefix.
    fn url(&self, store: &dyn Store, prefix: &str, name: &str) -> String {
        format!("{prefix}{}", store.path(self.proxy.address(), name))
    }
}

/// A name as it stands in a URL's path, every byte escaped that is no letter, digit, dot or slash.
pub(crate) fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_".contains(&byte);
    let escape = |byte: u8| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    name.bytes().map(escape).collect()
}

/// The summary of a response, short enough for a message.
fn said(response: &Response) -> String {
    let body = String::from_utf8_lossy(&response.body[..response.body.len().min(200)]);
    format!("{}: {body}", response.status)
}
