//! Release build, `cargo xtask dist`: a binary with exactly the plugins that one `plugins.toml` enables. The new binary
//! lists its plugins and checks the file before it is laid out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::command::{self, cargo, program, read};
use crate::{enabled, workspace};

pub(crate) fn run(config: &Path, out: &Path) -> Result<()> {
    let start = Instant::now();
    let plugins = enabled::read(config)?;
    let names = plugins.iter().map(String::as_str).collect::<Vec<_>>();

    let features = enabled::features(&plugins);
    command::run(&mut cargo(&format!(
        "build -p resizer-host --locked --profile dist {features}"
    )))?;
    let file = format!("resizer-host{}", std::env::consts::EXE_SUFFIX);
    let binary = workspace::target()?.join("dist").join(&file);
    prove(&binary, &config.canonicalize()?, &plugins)?;

    let pages = out.join("docs/plugins");
    fs::create_dir_all(&pages).with_context(|| format!("{} cannot be made", pages.display()))?;
    copy(&binary, &out.join(&file))?;
    copy(config, &out.join("plugins.toml"))?;
    for name in &names {
        let page = format!("{name}.md");
        copy(&workspace::root().join("docs/plugins").join(&page), &pages.join(&page))?;
    }
    let megabytes = fs::metadata(&binary)?.len() as f64 / 1e6;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {megabytes:.1} MB with {}, in {seconds:.0} s",
        out.display(),
        names.join(", ")
    );
    Ok(())
}

/// Asks the new binary itself: it holds these plugins and no other, and it finds nothing wrong with the file.
fn prove(binary: &Path, config: &Path, plugins: &BTreeSet<String>) -> Result<()> {
    let printed = read(&mut program(binary, "plugins"))?;
    let held: BTreeSet<String> = printed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    ensure!(
        held == *plugins,
        "the new binary holds {held:?}, but the file enables {plugins:?}"
    );
    command::run(program(binary, "check").arg(config))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))?;
    Ok(())
}
