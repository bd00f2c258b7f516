//! CDNs before the server: Varnish, which strips queries, and Apache Traffic Server with its plugin `uri_signing`,
//! which verifies tokens of RFC 9246 itself. Both end with the test.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use resizer_test_stores::process::{free_port, installed, loopback};
use tempfile::TempDir;

use super::super::client::{Client, Response};
use super::super::server::eventually;

/// A running proxy, with its files.
struct Proxy {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Proxy {
    /// Starts a program that listens at this address, and waits until it does.
    fn start(command: &mut Command, address: SocketAddr, folder: TempDir) -> Self {
        let log = folder.path().join("log");
        let output = std::fs::File::create(&log).unwrap();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        eventually("the proxy listens", || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", std::fs::read_to_string(&log).unwrap());
            std::net::TcpStream::connect(address).ok()
        });
        Self {
            child,
            address,
            _folder: folder,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Varnish that cuts each query off.
pub(super) struct Varnish(Proxy);

impl Varnish {
    pub(super) fn start(server: SocketAddr) -> Option<Self> {
        let program = installed("varnish", &["varnishd", "/usr/sbin/varnishd"])?;
        let folder = tempfile::tempdir().unwrap();
        let (address, file) = (loopback(free_port().unwrap()), folder.path().join("rules.vcl"));
        let rules = format!(
            "vcl 4.1;
             backend default {{ .host = \"{}\"; .port = \"{}\"; }}
             sub vcl_recv {{ set req.url = regsub(req.url, \"\\?.*$\", \"\"); }}
             sub vcl_deliver {{ set resp.http.X-Hits = obj.hits; }}",
            server.ip(),
            server.port()
        );
        std::fs::write(&file, rules).unwrap();
        let mut command = Command::new(program);
        command
            .args(["-F", "-j", "none", "-s", "malloc,16m", "-p", "thread_pool_min=5"])
            .arg("-n")
            .arg(folder.path().join("work"))
            .arg("-a")
            .arg(address.to_string())
            .arg("-f")
            .arg(file);
        Some(Self(Proxy::start(&mut command, address, folder)))
    }

    pub(super) fn get(&self, target: &str) -> Response {
        Client::connect(self.0.address).get(target)
    }
}

/// Traffic Server that lets through only tokens of the key `k1`, for `http://images.example`.
pub(super) struct TrafficServer(Proxy);

impl TrafficServer {
    pub(super) fn start(server: SocketAddr) -> Option<Self> {
        let plugin = installed("trafficserver", &["/usr/lib/trafficserver/modules/uri_signing.so"])?;
        let program = installed("trafficserver", &["traffic_server", "/usr/bin/traffic_server"])?;
        let folder = tempfile::tempdir().unwrap();
        let address = loopback(free_port().unwrap());
        let root = folder.path();
        for name in ["etc", "cache", "runtime", "log.d"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let write = |name: &str, text: String| std::fs::write(root.join(name), text).unwrap();
        let (shown, modules) = (root.display(), plugin.parent().unwrap_or(Path::new("/")).display());
        write(
            "runroot.yaml",
            format!(
                "prefix: {shown}\nexec_prefix: {shown}\nbindir: /usr/bin\nsbindir: /usr/bin\n\
                 sysconfdir: {shown}/etc\ndatadir: {shown}/cache\nincludedir: /usr/include\n\
                 libdir: /usr/lib/trafficserver\nlibexecdir: {modules}\nlocalstatedir: {shown}\n\
                 runtimedir: {shown}/runtime\nlogdir: {shown}/log.d\ncachedir: {shown}/cache\n"
            ),
        );
        // Without threads for each core, a log and a cache. `#-1` is the user who starts it.
        write(
            "etc/records.config",
            format!(
                "CONFIG proxy.config.http.server_ports STRING {}:ip-in=127.0.0.1\n\
                 CONFIG proxy.config.admin.user_id STRING #-1\n\
                 CONFIG proxy.config.exec_thread.autoconfig INT 0\n\
                 CONFIG proxy.config.exec_thread.limit INT 1\n\
                 CONFIG proxy.config.log.logging_enabled INT 0\n\
                 CONFIG proxy.config.http.cache.http INT 0\n",
                address.port()
            ),
        );
        write("etc/storage.config", String::new());
        write(
            "etc/ip_allow.yaml",
            "ip_allow:\n  - apply: in\n    ip_addrs: 127.0.0.1\n    action: allow\n    methods: ALL\n".to_owned(),
        );
        // The secret of `k1`, "correct horse battery staple", in base64url.
        write(
            "etc/keys.json",
            r#"{"shop": {"renewal_kid": "k1", "keys": [
                {"alg": "HS256", "kid": "k1", "kty": "oct", "k": "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ"}
            ]}}"#
                .to_owned(),
        );
        write(
            "etc/remap.config",
            format!(
                "map http://images.example/ http://{server}/ @plugin=uri_signing.so @pparam={shown}/etc/keys.json\n"
            ),
        );
        let mut command = Command::new(program);
        command.arg(format!("--run-root={shown}/runroot.yaml"));
        Some(Self(Proxy::start(&mut command, address, folder)))
    }

    pub(super) fn get(&self, target: &str) -> Response {
        let mut client = Client::connect(self.0.address);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: images.example\r\n\r\n"));
        client.response(false)
    }
}
