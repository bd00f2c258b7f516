//! nginx in front of the server, as a CDN: which tier is asked at each step of an image's life, and two instances that
//! answer alike.

mod rewritten;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::client::{Client, Response};
use super::photographs::lake;
use super::server::{Server, eventually, folder};

/// How long the CDN keeps an image before it asks again.
const KEPT: Duration = Duration::from_secs(1);

/// The server of these tests, with all that the shipped configuration has.
const ORIGIN: &str = r#"
[[plugin]]
name = "cloudfront"

[[plugin]]
name = "filereader"
folder = "images"

[[plugin]]
name = "diskcache"
folder = "cache"
max_size = "64MiB"

[[plugin]]
name = "clientcache"
"#;

/// A running nginx.
struct Cdn {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Cdn {
    /// nginx before these servers, in turn; `None` where it is not installed, which CI does not accept.
    fn start(servers: &[SocketAddr], cache: bool) -> Option<Self> {
        let program = [
            "/usr/sbin/nginx",
            "/usr/bin/nginx",
            "/usr/local/bin/nginx",
            "/opt/homebrew/bin/nginx",
        ];
        let Some(program) = program.into_iter().find(|path| std::path::Path::new(path).is_file()) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "nginx is not installed; `cargo xtask test` installs it for root"
            );
            eprintln!("SKIPPED: nginx is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (root, kept) = (folder.path().display(), KEPT.as_secs());
        let servers: String = servers.iter().map(|server| format!("server {server};")).collect();
        let cache = if cache { "proxy_cache cdn;" } else { "" };
        let configuration = format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/log; events {{}}
             http {{
               access_log off;
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
               uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
               proxy_cache_path {root}/cache keys_zone=cdn:1m;
               upstream origin {{ {servers} }}
               server {{
                 listen {address};
                 location / {{
                   proxy_pass http://origin;
                   proxy_http_version 1.1;
                   proxy_set_header Connection \"\";
                   {cache}
                   proxy_cache_revalidate on;
                   proxy_cache_lock on;
                   proxy_cache_use_stale error timeout;
                   proxy_ignore_headers Cache-Control Expires;
                   proxy_cache_valid 200 {kept}s;
                   add_header X-Cdn $upstream_cache_status;
                 }}
               }}
             }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let mut child = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("nginx listens", || {
            assert!(child.try_wait().unwrap().is_none(), "nginx ended: {}", log(&folder));
            TcpStream::connect(address).ok()
        });
        Some(Self {
            child,
            address,
            _folder: folder,
        })
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        Client::connect(self.address).request("GET", target, headers)
    }
}

fn log(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
}

impl Drop for Cdn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often each of those behind the CDN was asked: the server itself, the folder of originals, the decoder.
fn asked(server: &Server) -> (i64, i64, i64) {
    let metrics = server.admin("/metrics", &[]);
    let answers = metrics
        .text()
        .lines()
        .filter(|line| line.starts_with("resizer_responses_total{"));
    let answers = answers
        .map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
        .sum();
    (
        answers,
        server.metric("resizer_fetches_total"),
        server.metric("resizer_decodes_total"),
    )
}

#[test]
fn image_behind_a_cdn_costs_each_tier_only_what_it_must() {
    let server = Server::start(ORIGIN, &[("a.jpg", lake())]);
    let Some(cdn) = Cdn::start(&[server.public()], true) else {
        return;
    };
    let photograph = "/a.jpg;width=200";
    let state = |response: &Response| response.header("x-cdn").unwrap_or_default().to_owned();
    let expire = || std::thread::sleep(KEPT + Duration::from_millis(1100));

    // 1. Nobody has it: CDN, server, folder and decoder are asked once each, and all keep what they can.
    let first = cdn.get(photograph, &[]);
    assert_eq!(
        (first.status, state(&first).as_str(), first.header("x-cache")),
        (200, "MISS", Some("miss"))
    );
    assert_eq!(first.header("cache-control"), Some("public, max-age=86400"));
    assert_eq!(asked(&server), (1, 1, 1));

    // 2. The CDN has it: nobody behind it is asked.
    let second = cdn.get(photograph, &[]);
    assert_eq!((state(&second).as_str(), &second.body), ("HIT", &first.body));
    assert_eq!(asked(&server), (1, 1, 1));

    // 3. The same image by another spelling is new to the CDN; the server finds it in its cache.
    let spelled = cdn.get("/a.jpg?W=200", &[]);
    assert_eq!(
        (state(&spelled).as_str(), spelled.header("x-cache")),
        ("MISS", Some("hit"))
    );
    assert_eq!(
        (&spelled.body, spelled.header("etag")),
        (&first.body, first.header("etag"))
    );
    assert_eq!(asked(&server), (2, 1, 1));

    // 4. Another size is another image: all are asked.
    assert_eq!(cdn.get("/a.jpg;width=100", &[]).status, 200);
    assert_eq!(asked(&server), (3, 2, 2));

    // 5. The CDN's time is over: it asks whether its copy is still good, and nothing is sent or made.
    expire();
    let again = cdn.get(photograph, &[]);
    assert_eq!((state(&again).as_str(), &again.body), ("REVALIDATED", &first.body));
    assert_eq!(asked(&server), (4, 2, 2));

    // 6. A client that has it asks with its ETag, and the CDN answers by itself.
    let etag = first.header("etag").unwrap();
    assert_eq!(cdn.get(photograph, &[("If-None-Match", etag)]).status, 304);
    assert_eq!(asked(&server), (4, 2, 2));

    // 7. The photograph is replaced: once the CDN's time is over, all are asked and the new one is sent.
    let new = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/dusk.jpg")).unwrap();
    std::fs::write(server.folder().join("images/a.jpg"), new).unwrap();
    expire();
    let replaced = cdn.get(photograph, &[]);
    assert_eq!((replaced.status, state(&replaced).as_str()), (200, "EXPIRED"));
    assert_ne!(replaced.body, first.body);
    assert_ne!(replaced.header("etag"), first.header("etag"));
    assert_eq!(asked(&server), (5, 3, 3));

    // 8. The server is gone: the CDN goes on with what it has.
    drop(server);
    expire();
    let stale = cdn.get(photograph, &[]);
    assert_eq!(
        (stale.status, state(&stale).as_str(), &stale.body),
        (200, "STALE", &replaced.body)
    );
}

#[test]
fn two_instances_behind_one_name_answer_the_same_bytes_and_etag() {
    let images = folder("", &[("a.jpg", lake())]);
    let source = images.path().join("images");
    let origin = ORIGIN.replace(
        "folder = \"images\"",
        &format!("folder = {:?}", source.to_str().unwrap()),
    );
    let servers = [Server::start(&origin, &[]), Server::start(&origin, &[])];
    let Some(cdn) = Cdn::start(&servers.each_ref().map(Server::public), false) else {
        return;
    };
    let answers: Vec<Response> = (0..4).map(|_| cdn.get("/a.jpg?width=200", &[])).collect();
    let etag = answers[0].header("etag").unwrap();
    for answer in &answers {
        assert_eq!((answer.status, answer.header("etag")), (200, Some(etag)));
        assert!(answer.body == answers[0].body, "not the same bytes");
    }
    for server in &servers {
        assert_eq!(asked(server), (2, 1, 1), "in turn, and each made it for itself");
    }
    for _ in 0..2 {
        assert_eq!(cdn.get("/a.jpg?width=200", &[("If-None-Match", etag)]).status, 304);
    }
    for server in &servers {
        assert_eq!(asked(server), (3, 1, 1), "a 304 from either");
    }
}
