//! Relay bench: throughput of unchanged objects from S3 in fast mode, beside two bare loops with the same client
//! library.
//!
//! One loop reads the same objects from the same store and has no clients, the other hands them to the same clients.
//! The store and the clients have core 1, the server and the loops core 0 in turn.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, bail};

use super::server::{Server, build_resizer, on_core, start_resizer};
use super::{median, verdict};
use crate::command::{self, cargo, read};
use crate::{tools, workspace};

const ROUNDS: usize = 5;
/// As the store holds them: see `tests/stores/bench/relay.rs`.
const MEGABYTES: f64 = 1000.0;
/// The share of the loop's throughput that is to be reached.
const BAR: f64 = 0.7;

const PLUGINS: &str = r#"
[[plugin]]
name = "s3reader"
buckets = ["bench"]
region = "eu-west-1"
access_key_id = "BENCH"
secret_access_key = "secret-of-the-bench"
path_style = true
fast = true
endpoint = "#;

pub(super) fn run() -> Result<()> {
    tools::debian(&[("util-linux", "/usr/bin/taskset")]);
    build_resizer()?;
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-test-stores --bins",
    ))?;
    let folder = workspace::target()?.join("bench/relay");
    fs::create_dir_all(&folder)?;
    let program = workspace::target()?.join("dist/relay-bench");
    let mut store = Store::start(&program)?;
    fs::write(
        folder.join("plugins.toml"),
        format!("{PLUGINS}\"{}\"\n", store.endpoint),
    )?;
    let server = start_resizer(&folder)?;
    println!("1,000 objects of 1 MB, 64 connections, median of {ROUNDS} rounds");

    let seconds = |core: u32, arguments: [&str; 2]| -> Result<f64> {
        let said = read(on_core(core).arg(&program).args(arguments))?;
        said.trim().parse().context("no number of seconds")
    };
    let bare_relay = start_bare_relay(&program, &store.endpoint)?;
    let (mut ours, mut reading, mut relaying) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        reading.push(MEGABYTES / seconds(0, ["bare", &store.endpoint])?);
        relaying.push(MEGABYTES / seconds(1, ["clients", &bare_relay.address])?);
        let before = store.asked()?;
        ours.push(MEGABYTES / seconds(1, ["clients", &server.address])?);
        let after = store.asked()?;
        let trips = [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
        if trips != [0, 1000, 0] {
            bail!("the store was asked for {trips:?} heads, objects and lists, not for 1000 objects");
        }
    }
    let (ours, reading, relaying) = (median(ours), median(reading), median(relaying));
    println!("resizer {ours:.0} MB/s; one trip an object, counted at the store");
    println!("bare loops: {reading:.0} MB/s without clients, {relaying:.0} MB/s handed to clients");
    // No bar: a server that also sends does twice the work, and cannot reach seven tenths of this.
    println!(
        "relay, share of a bare loop that only reads  measured {:.2}",
        ours / reading
    );
    if !verdict("relay, share of a bare loop", ours / relaying, BAR) {
        bail!("a bar is not met");
    }
    Ok(())
}

fn start_bare_relay(program: &Path, endpoint: &str) -> Result<Server> {
    let mut child = on_core(0)
        .arg(program)
        .args(["bare-relay", endpoint])
        .stdout(Stdio::piped())
        .spawn()?;
    let said = child.stdout.take().context("no standard output")?;
    let mut server = Server::of(child);
    BufReader::new(said).read_line(&mut server.address)?;
    server.address = server.address.trim().to_owned();
    Ok(server)
}

/// The store, in a process of its own; ends with this value.
struct Store {
    _server: Server,
    endpoint: String,
    ask: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Store {
    fn start(program: &Path) -> Result<Self> {
        let mut child: Child = on_core(1)
            .arg(program)
            .arg("store")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().context("no standard input")?;
        let mut said = BufReader::new(child.stdout.take().context("no standard output")?);
        let server = Server::of(child);
        let mut endpoint = String::new();
        said.read_line(&mut endpoint)?;
        Ok(Self {
            _server: server,
            endpoint: endpoint.trim().to_owned(),
            ask,
            said,
        })
    }

    /// Requests for heads, objects and lists so far.
    fn asked(&mut self) -> Result<[u64; 3]> {
        writeln!(self.ask)?;
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        numbers.try_into().ok().context("the store said no three numbers")
    }
}
