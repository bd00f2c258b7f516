//! Hits bench: requests per second for a cached image, with the shipped `plugins.toml`, beside nginx serving the same
//! bytes as a file.
//!
//! One server answers from the disk cache's memory tier, another from its disk: that one has no memory tier and is
//! otherwise the same. The servers have core 0 in turn, the clients (wrk) core 1. `plugins` measures what plugins add.

mod plugins;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::http::get;
use super::server::{Server, build_resizer, on_core, start_resizer};
use super::wrk::{self, wrk};
use super::{median, verdict};
use crate::{tools, workspace};

/// Bytes of the image, near enough.
const WEIGHT: usize = 20_000;
/// Many and short: the speed of a machine changes from second to second, and only values measured side by side are
/// compared.
const ROUNDS: usize = 21;
const SECONDS: u32 = 1;
const CONNECTIONS: u32 = 32;
/// The tier that answers, the line that the disk cache's entry gets, and the least share of nginx' requests per second
/// for a 200. The bars are below what actix-web alone gives: more was reached only by code that knew how it writes its
/// bytes.
const TIERS: [(&str, &str, f64); 2] = [("from memory", "", 0.60), ("from disk", "memory_tier = \"0B\"\n", 0.50)];
/// The least share for a 304, from either tier.
const NOT_MODIFIED: f64 = 0.65;

/// `with_plugins` measures the plugins in place of nginx.
pub(super) fn run(with_plugins: bool) -> Result<()> {
    tools::debian(&[
        ("nginx", "/usr/sbin/nginx"),
        ("wrk", "/usr/bin/wrk"),
        ("util-linux", "/usr/bin/taskset"),
    ]);
    build_resizer()?;
    if with_plugins {
        return plugins::run();
    }
    let folder = workspace::target()?.join("bench/hits");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut ours = Vec::new();
    for (tier, setting, _) in TIERS {
        ours.push(start_resizer(&shipped(&folder.join(tier), setting)?)?);
    }
    let (target, bytes) = image_of_weight(&ours[0].address)?;
    fs::create_dir_all(folder.join("www"))?;
    fs::write(folder.join("www/image.jpg"), &bytes)?;
    let theirs = start_nginx(&folder)?;
    println!(
        "{target}: {} bytes, {CONNECTIONS} connections, medians of {ROUNDS} rounds of {SECONDS} s",
        bytes.len()
    );
    for server in &ours {
        kept(server, &target)?;
    }

    let mut met = true;
    for revalidating in [false, true] {
        let etag = |server: &Server, target: &str| -> Result<Option<String>> {
            let etag = get(&server.address, target)?
                .header("etag")
                .context("no ETag")?
                .to_owned();
            Ok(revalidating.then_some(etag))
        };
        let our_etags: Vec<_> = ours.iter().map(|server| etag(server, &target)).collect::<Result<_>>()?;
        let their_etag = etag(&theirs, "/image.jpg")?;
        let (mut our_rates, mut their_rates) = (vec![Vec::new(); TIERS.len()], Vec::new());
        for _ in 0..ROUNDS {
            for ((server, etag), rates) in ours.iter().zip(&our_etags).zip(&mut our_rates) {
                rates.push(rate(server, &target, etag.as_deref())?);
            }
            their_rates.push(rate(&theirs, "/image.jpg", their_etag.as_deref())?);
        }
        let status = if revalidating { 304 } else { 200 };
        println!("{status}: nginx {:.0} requests/s", median(their_rates.clone()));
        for ((tier, _, bar), rates) in TIERS.iter().zip(our_rates) {
            let shares = rates
                .iter()
                .zip(&their_rates)
                .map(|(ours, theirs)| ours / theirs)
                .collect();
            println!("{status}: resizer {:.0} requests/s {tier}", median(rates));
            let name = format!("hits {tier}, {status}, share of nginx");
            let bar = if revalidating { NOT_MODIFIED } else { *bar };
            met &= verdict(&name, median(shares), bar);
        }
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// A folder with the shipped configuration and samples; only the ports are others, and this line in the disk cache's
/// entry.
fn shipped(folder: &Path, setting: &str) -> Result<PathBuf> {
    fs::create_dir_all(folder.join("samples"))?;
    for image in fs::read_dir(workspace::root().join("samples"))? {
        let image = image?;
        fs::copy(image.path(), folder.join("samples").join(image.file_name()))?;
    }
    let entry = "name = \"diskcache\"\n";
    let configuration = fs::read_to_string(workspace::root().join("plugins.toml"))?;
    let (before, after) = configuration
        .split_once(entry)
        .context("plugins.toml has no diskcache")?;
    fs::write(folder.join("plugins.toml"), [before, entry, setting, after].concat())?;
    Ok(folder.to_owned())
}

/// Makes the image, and waits until a cache has it.
fn kept(server: &Server, target: &str) -> Result<()> {
    for _ in 0..20 {
        if get(&server.address, target)?.header("x-cache") == Some("hit") {
            return Ok(());
        }
        sleep(Duration::from_millis(50));
    }
    bail!("{target} is in no cache");
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
    best.context("no image")
}

fn rate(server: &Server, target: &str, etag: Option<&str>) -> Result<f64> {
    let mut wrk = wrk(CONNECTIONS, SECONDS);
    if let Some(etag) = etag {
        wrk.arg("-H").arg(format!("If-None-Match: {etag}"));
    }
    wrk::rate(wrk.arg(format!("http://{}{target}", server.address))).with_context(|| server.address.clone())
}
