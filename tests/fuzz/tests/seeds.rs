//! Replays the committed seeds, among them every input that once broke a promise. One test, since a target counts the
//! allocations of the whole process.
#![allow(clippy::disallowed_methods, reason = "a test may wait for a file")]

use std::fs;
use std::path::Path;

#[test]
fn every_seed_keeps_the_promises() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, target) in resizer_fuzz::TARGETS {
        let folder = seeds.join(name);
        let mut seen = 0;
        for file in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = file.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
            seen += 1;
        }
        assert!(seen > 0, "{} is empty", folder.display());
    }
}
