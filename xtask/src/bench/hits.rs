//! Requests per second for an image that is in the caches, with the shipped `plugins.toml` and every event running, beside
//! nginx serving the same bytes as a file. Both servers have core 0 in turn, the clients (wrk) core 1.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::http::get;
use super::{median, verdict};
use crate::command::{self, cargo, program, read};
use crate::{tools, workspace};

/// What the image shall weigh, near enough.
const WEIGHT: usize = 20_000;
const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
const CONNECTIONS: u32 = 32;
/// The share of nginx' requests per second that is to be reached.
const BAR: f64 = 0.5;

pub(super) fn run() -> Result<()> {
    tools::debian(&[
        ("nginx", "/usr/sbin/nginx"),
        ("wrk", "/usr/bin/wrk"),
        ("util-linux", "/usr/bin/taskset"),
    ]);
    command::run(&mut cargo("build --release --locked -p resizer-host"))?;
    let folder = workspace::target()?.join("bench/hits");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("samples"))?;
    fs::copy(workspace::root().join("plugins.toml"), folder.join("plugins.toml"))?;
    for image in fs::read_dir(workspace::root().join("samples"))? {
        let image = image?;
        fs::copy(image.path(), folder.join("samples").join(image.file_name()))?;
    }

    let ours = start_resizer(&folder)?;
    let (target, bytes) = image_of_weight(&ours.address)?;
    fs::create_dir_all(folder.join("www"))?;
    fs::write(folder.join("www/image.jpg"), &bytes)?;
    let theirs = start_nginx(&folder)?;
    println!(
        "{target}: {} bytes, {CONNECTIONS} connections, median of {ROUNDS} rounds of {SECONDS} s",
        bytes.len()
    );

    let mut met = true;
    for revalidating in [false, true] {
        let etag = |server: &Server, target: &str| -> Result<Option<String>> {
            let etag = get(&server.address, target)?
                .header("etag")
                .context("no ETag")?
                .to_owned();
            Ok(revalidating.then_some(etag))
        };
        let (our_etag, their_etag) = (etag(&ours, &target)?, etag(&theirs, "/image.jpg")?);
        let (mut our_rates, mut their_rates) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            our_rates.push(rate(&ours, &target, our_etag.as_deref())?);
            their_rates.push(rate(&theirs, "/image.jpg", their_etag.as_deref())?);
        }
        let (our_rate, their_rate) = (median(our_rates), median(their_rates));
        let status = if revalidating { 304 } else { 200 };
        println!("{status}: resizer {our_rate:.0} requests/s, nginx {their_rate:.0} requests/s");
        met &= verdict(&format!("hits, {status}, share of nginx"), our_rate / their_rate, BAR);
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// A running server; ends with this value.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shipped configuration in a folder of its own; only the ports are others.
fn start_resizer(folder: &Path) -> Result<Server> {
    let binary: PathBuf = workspace::target()?.join("release/resizer-host");
    let mut child = on_core(0)
        .arg(binary)
        .current_dir(folder)
        .env("RESIZER__SERVER__LISTEN", "127.0.0.1:0")
        .env("RESIZER__SERVER__ADMIN_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
    let mut address = None;
    while address.is_none() {
        let line = lines.next().context("the server ended before it listened")??;
        address = line
            .split_once("listening on http://")
            .map(|(_, address)| address.trim().to_owned());
    }
    // The access log is on by default and has to go somewhere.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Ok(Server {
        child,
        address: address.unwrap_or_default(),
    })
}

/// As Debian configures it where that matters: sendfile and tcp_nopush on, and with the access log that it keeps.
fn start_nginx(folder: &Path) -> Result<Server> {
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let root = folder.display();
    let configuration = format!(
        "daemon off; master_process off; pid {root}/pid; error_log {root}/log;
         events {{ worker_connections 768; }}
         http {{
           sendfile on; tcp_nopush on; keepalive_requests 1000000000; types {{ image/jpeg jpg; }}
           access_log {root}/access.log;
           server {{ listen {address}; root {root}/www; }}
         }}"
    );
    fs::write(folder.join("nginx.conf"), configuration)?;
    let child = on_core(0)
        .args(["/usr/sbin/nginx", "-p"])
        .arg(folder)
        .arg("-c")
        .arg(folder.join("nginx.conf"))
        .spawn()?;
    let server = Server { child, address };
    for _ in 0..100 {
        if get(&server.address, "/image.jpg").is_ok() {
            return Ok(server);
        }
        sleep(Duration::from_millis(50));
    }
    bail!("nginx does not answer; see {root}/log");
}

/// The sample photograph at the size that weighs most like [`WEIGHT`], made and kept.
fn image_of_weight(address: &str) -> Result<(String, Vec<u8>)> {
    let mut best: Option<(String, Vec<u8>)> = None;
    for width in (100..=800).step_by(20) {
        let target = format!("/lake.jpg?width={width}");
        let body = get(address, &target)?.body;
        let off = |bytes: &Vec<u8>| bytes.len().abs_diff(WEIGHT);
        if best.as_ref().is_none_or(|(_, bytes)| off(&body) < off(bytes)) {
            best = Some((target, body));
        }
    }
    let (target, bytes) = best.context("no image")?;
    let again = get(address, &target)?;
    if again.header("x-cache") != Some("hit") {
        bail!("{target} is not in a cache: X-Cache: {:?}", again.header("x-cache"));
    }
    Ok((target, bytes))
}

/// Requests per second as wrk counts them.
fn rate(server: &Server, target: &str, etag: Option<&str>) -> Result<f64> {
    let mut wrk = on_core(1);
    wrk.args(["/usr/bin/wrk", "-t1"])
        .arg(format!("-c{CONNECTIONS}"))
        .arg(format!("-d{SECONDS}s"));
    if let Some(etag) = etag {
        wrk.arg("-H").arg(format!("If-None-Match: {etag}"));
    }
    let output = read(wrk.arg(format!("http://{}{target}", server.address)))?;
    if let Some(line) = output
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        bail!("{}: {}", server.address, line.trim());
    }
    let rate = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    rate.context("wrk says no rate")?
        .trim()
        .parse()
        .context("wrk's rate is no number")
}

fn on_core(core: u32) -> Command {
    program("/usr/bin/taskset", &format!("-c {core}"))
}
