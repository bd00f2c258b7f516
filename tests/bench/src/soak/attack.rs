//! Attack soak: the server in 256 MB with default settings, under one attack after the other, each beside ten ordinary
//! clients. The process lives, ordinary requests are served, and the memory comes back.

mod attackers;
mod tiff;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::attackers::{Attack, Target};
use super::ceiling::{sources, thumbnail};
use super::group::Group;
use super::load::{Outcome, closed, quantile};
use super::{admin_address, at_most, is_short};

const LIMIT: u64 = 256 << 20;
const CLIENTS: usize = 10;
/// The share of ordinary requests that may be refused, and only with an honest status.
const REFUSED_BAR: f64 = 0.01;
/// How much more memory than before the attack may be resident a while after it, in bytes.
const LEFT_BAR: u64 = 32 << 20;

pub(super) fn run() -> Result<()> {
    let folder = sources("attack")?;
    let hung = TcpListener::bind("127.0.0.1:0")?;
    prepare(&folder, hung.local_addr()?.port())?;
    let mut met = true;
    for attack in Attack::ALL {
        met &= survive(&folder, &hung, attack).with_context(|| attack.name())?;
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// Adds the hostile files, and an origin that never answers.
fn prepare(folder: &Path, hung_port: u16) -> Result<()> {
    let samples = folder.join("samples");
    tiff::write(&samples.join("entries.tif"), 9_000_000, 1)?;
    tiff::write(&samples.join("pages.tif"), 1_000_000, 1_000)?;
    let mut settings = fs::read_to_string(folder.join("plugins.toml"))?;
    settings.push_str(&format!(
        "\n[[plugin]]\n\
         name = \"remotereader\"\n\
         prefix = \"/far/\"\n\
         allow = [{{ domain = \"127.0.0.1\" }}]\n\
         allow_addresses = [\"127.0.0.1\"]\n\
         schemes = [\"http\"]\n\
         ports = [{hung_port}]\n"
    ));
    fs::write(folder.join("plugins.toml"), settings)?;
    Ok(())
}

fn survive(folder: &Path, hung: &TcpListener, attack: Attack) -> Result<bool> {
    let seconds = |long, short| Duration::from_secs(if is_short() { short } else { long });
    let group = Group::new(LIMIT)?;
    let mut server = group.start(folder)?;
    let target = Target {
        address: server.address.clone(),
        admin: admin_address(folder)?,
        hung: hung.local_addr()?.port(),
    };
    let fresh = AtomicU64::new(0);
    let ordinary = |time| {
        let outcomes = Mutex::new(Vec::new());
        let next = |_| thumbnail(fresh.fetch_add(1, Ordering::Relaxed));
        closed(&target.address, CLIENTS, time, next, |_, mut outcome: Outcome| {
            outcome.body = Vec::new();
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes.push(outcome);
            }
        });
        outcomes.into_inner().unwrap_or_default()
    };
    let before = ordinary(seconds(10, 3));
    let resident = Group::resident(&server)?;

    let over = AtomicBool::new(false);
    let (during, attacked) = scope(|scope| {
        let attacker = scope.spawn(|| attack.run(&target, &over));
        sleep(Duration::from_secs(1));
        let during = ordinary(seconds(120, 10));
        over.store(true, Ordering::Relaxed);
        (during, attacker.join().unwrap_or_default())
    });

    let alive = server.runs() && group.kills()? == 0;
    // Connections that were left open time out meanwhile, and freed memory returns to the system.
    sleep(seconds(30, 12));
    let after = ordinary(seconds(10, 3));
    sleep(Duration::from_secs(3));
    println!("{}: {attacked}", attack.name());
    for (when, outcomes) in [("before", &before), ("during", &during), ("after", &after)] {
        println!(
            "    ordinary requests {when}: {} good of {}, p50 {:.0} ms, p99 {:.0} ms",
            outcomes.iter().filter(|outcome| outcome.is_good()).count(),
            outcomes.len(),
            quantile(outcomes, 0.5).as_secs_f64() * 1000.0,
            quantile(outcomes, 0.99).as_secs_f64() * 1000.0
        );
    }
    let now = Group::resident(&server)?;
    println!(
        "    resident: {} MB before, {} MB at most, {} MB after",
        resident / 1_000_000,
        Group::peak(&server)? / 1_000_000,
        now / 1_000_000
    );
    let mut met = at_most("attack, processes killed", f64::from(u8::from(!alive)), 0.0);
    let not_good: Vec<&Outcome> = during.iter().filter(|outcome| !outcome.is_good()).collect();
    let dishonest = not_good.iter().filter(|outcome| !outcome.is_honest()).count();
    met &= at_most("attack, answers neither good nor honest", dishonest as f64, 0.0);
    let share = not_good.len() as f64 / during.len().max(1) as f64;
    met &= at_most("attack, share of ordinary requests refused", share, REFUSED_BAR);
    let left = now.saturating_sub(resident) as f64 / 1e6;
    met &= at_most("attack, memory that stays, MB", left, LEFT_BAR as f64 / 1e6);
    Ok(met)
}
