//! Fuzzing, `cargo xtask fuzz`: runs the targets of `tests/fuzz` under libFuzzer, with the stable compiler.
//!
//! Inputs that reach new code are kept in `target/fuzz/corpus`, inputs that break a promise in `target/fuzz/found`.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{self, cargo};
use crate::workspace;

/// Coverage for libFuzzer, and checks that a release build lacks. `--cap-lints`: the entry point that the macro of
/// libfuzzer-sys writes has an attribute that counts as unsafe code.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks \
                     -Ccodegen-units=1 --cap-lints=allow";

/// An input that takes longer is a finding.
const SECONDS: u32 = 10;

/// A process that takes more is a finding, in megabytes.
const MEMORY: u32 = 1024;

/// Runs one target, or each in turn, for so many minutes. Ends with the first finding of a target.
pub(crate) fn run(only: Option<&str>, minutes: u32) -> Result<()> {
    let mut names: Vec<String> = Vec::new();
    let seeds = workspace::root().join("tests/fuzz/seeds");
    for folder in fs::read_dir(&seeds).with_context(|| format!("{} cannot be read", seeds.display()))? {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    if let Some(only) = only {
        ensure!(
            names.iter().any(|name| name == only),
            "there is no target `{only}`; there are {}",
            names.join(", ")
        );
        names.retain(|name| name == only);
    }

    let target = workspace::target()?.join("fuzz");
    // Its own folder, and a named target: build scripts and macros are then built without the flags.
    let triple = command::read(&mut command::program("rustc", "--print host-tuple"))?;
    let build = format!(
        "build --release --locked -p resizer-fuzz --features libfuzzer --target {}",
        triple.trim()
    );
    command::run(cargo(&build).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", &target))?;
    let binary = target.join(triple.trim()).join("release/resizer-fuzz");

    let mut failed = Vec::new();
    for name in names {
        let corpus = target.join("corpus").join(&name);
        let found = target.join("found").join(&name);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let limits =
            format!("-timeout={SECONDS} -rss_limit_mb={MEMORY} -max_len=65536 -print_final_stats=1 -verbosity=1");
        let mut fuzzer = command::program(&binary, &limits);
        fuzzer
            .arg(format!("-max_total_time={}", 60 * minutes))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .arg(corpus)
            .arg(seeds.join(&name))
            .env("RESIZER_FUZZ_TARGET", &name);
        if let Err(error) = command::run(&mut fuzzer) {
            eprintln!("{error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!(
            "a promise is broken in {}; the inputs are in {}",
            failed.join(", "),
            target.join("found").display()
        );
    }
    Ok(())
}
