//! The fuzzer: libFuzzer over the target that `RESIZER_FUZZ_TARGET` names. Built and started by `cargo xtask fuzz`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("RESIZER_FUZZ_TARGET").unwrap_or_default();
    let found = resizer_fuzz::TARGETS.iter().find(|target| target.0 == name);
    let Some(target) = found else {
        eprintln!("`{name}` is no fuzz target");
        std::process::exit(2);
    };
    target.1
});

fuzz_target!(|input: &[u8]| TARGET(input));
