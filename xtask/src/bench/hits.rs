//! Requests per second for an image that is in the caches, with the shipped `plugins.toml` and every event running, beside
//! nginx serving the same bytes as a file. Both servers have core 0 in turn, the clients (wrk) core 1.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::http::get;
use super::server::{Server, on_core, start_resizer};
use super::{median, verdict};
use crate::command::{self, cargo, read};
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
    // The shipped configuration in a folder of its own; only the ports are others.
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
    let mut server = Server::of(child);
    server.address = address;
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
