//! Stampede bench: a thousand clients at once for an uncached image. They may cost one question, one download and one
//! decode, and all get the same bytes.
//!
//! The bench counts at the origin of the photographs and in the server's metrics; it takes no time. The origin answers
//! only when all clients wait, so that "at once" is not a matter of luck.

mod origin;

use std::collections::HashSet;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::origin::Origin;
use super::http::{answer, ask, get};
use super::server::{Server, build_resizer, start_resizer};
use crate::{tools, workspace};

const CLIENTS: usize = 1_000;
const WIDTHS: [u32; 6] = [160, 320, 480, 640, 960, 1280];
/// Longer than any working request takes, and below the `fetch_timeout` of the reader.
const TIMEOUT: Duration = Duration::from_secs(25);

pub(super) fn run() -> Result<()> {
    tools::debian(&[("util-linux", "/usr/bin/taskset")]);
    build_resizer()?;
    let folder = workspace::target()?.join("bench/stampede");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let origin = Origin::start(fs::read(workspace::root().join("samples/lake.jpg"))?)?;
    let port = origin.address.port();
    let plugins = format!(
        "[[plugin]]\nname = \"diskcache\"\nfolder = \"cache\"\nmax_size = \"100MB\"\n\
         [[plugin]]\nname = \"remotereader\"\nallow = [{{ domain = \"127.0.0.1\" }}]\n\
         allow_addresses = [\"127.0.0.1\"]\nschemes = [\"http\"]\nports = [{port}]\n"
    );
    fs::write(folder.join("plugins.toml"), plugins)?;
    let server = start_resizer(&folder)?;

    println!("{CLIENTS} clients at once");
    let mut met = true;
    for (what, image, widths) in [("one URL", "one.jpg", &WIDTHS[..1]), ("six widths", "six.jpg", &WIDTHS)] {
        let urls: Vec<String> = widths
            .iter()
            .map(|width| format!("/remote/127.0.0.1:{port}/{image}?width={width}"))
            .collect();
        let cost = stampede(&server, &origin, &urls)?;
        let results = widths.len() as u64;
        for (counted, measured, bar) in [
            ("stats at the origin", cost.stats, 1),
            ("fetches at the origin", cost.fetches, 1),
            ("decodes", cost.decodes, results),
            ("different answers", cost.bodies, results),
        ] {
            met &= exactly(&format!("{what}: {counted}"), measured, bar);
        }
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// The cost of one stampede.
struct Cost {
    stats: u64,
    fetches: u64,
    decodes: u64,
    bodies: u64,
}

/// All clients ask, each for one of the URLs; then the origin answers one thing after the other.
fn stampede(server: &Server, origin: &Origin, urls: &[String]) -> Result<Cost> {
    let begun = Counts::of(server)?;
    let since_begun = || -> Result<Counts> { Ok(Counts::of(server)?.since(&begun)) };
    origin.begin_anew();
    let clients = urls.iter().cycle().take(CLIENTS);
    let asked: Result<Vec<_>> = clients.map(|url| Ok((url, ask(&server.address, url)?))).collect();
    let mut asked = asked.context("each client takes a file descriptor: see `ulimit -n`")?;
    let all = CLIENTS as u64;
    until("all wait for the one stat", || Ok(since_begun()?.stats == all))?;
    origin.answer_stats();
    until("all wait for their results, and these for the one fetch", || {
        let counts = since_begun()?;
        Ok(counts.results == all && counts.sources == urls.len() as u64)
    })?;
    origin.answer_fetches();
    let mut bodies = HashSet::new();
    for (url, stream) in &mut asked {
        stream.set_read_timeout(Some(TIMEOUT))?;
        bodies.insert((&**url, answer(stream).with_context(|| url.to_string())?.body));
    }
    let counts = since_begun()?;
    let at_origin = origin.begin_anew();
    Ok(Cost {
        stats: at_origin.stats,
        fetches: at_origin.fetches,
        decodes: counts.decodes,
        bodies: bodies.len() as u64,
    })
}

/// A count from the server's own metrics.
struct Counts {
    /// Requests that wait for a stat, or waited; the next two likewise.
    stats: u64,
    results: u64,
    /// Results that wait for a source.
    sources: u64,
    decodes: u64,
}

impl Counts {
    fn of(server: &Server) -> Result<Self> {
        let metrics = String::from_utf8(get(&server.admin, "/metrics")?.body)?;
        // A counter appears with its first event.
        let value = |name: &str| {
            let found = metrics
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.map_or(Ok(0), |value| value.parse::<u64>().context("a count"))
        };
        let flights = |kind: &str| -> Result<u64> {
            let started = value(&format!("resizer_flights_started_total{{kind=\"{kind}\"}}"))?;
            let joined = value(&format!("resizer_flights_joined_total{{kind=\"{kind}\"}}"))?;
            Ok(started + joined)
        };
        Ok(Self {
            stats: flights("stat")?,
            results: flights("result")?,
            sources: flights("source")?,
            decodes: value("resizer_decodes_total")?,
        })
    }

    fn since(&self, begun: &Self) -> Self {
        Self {
            stats: self.stats - begun.stats,
            results: self.results - begun.results,
            sources: self.sources - begun.sources,
            decodes: self.decodes - begun.decodes,
        }
    }
}

fn until(what: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > TIMEOUT {
            bail!("it takes too long until {what}");
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Prints one line of the result; true if the bar is met.
fn exactly(what: &str, measured: u64, bar: u64) -> bool {
    let passed = measured == bar;
    let word = if passed { "PASS" } else { "FAIL" };
    println!("{what:<44} measured {measured}  bar = {bar}  {word}");
    passed
}
