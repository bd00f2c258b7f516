//! Freshness of the generated pages in `docs/`. `UPDATE_DOCS=1` (or `cargo xtask docs`) writes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use resizer_engine::docs::pages;
use resizer_host::KNOWN_PLUGINS;
use resizer_host::settings::ServerSettings;

const MEND: &str = "run `cargo xtask docs` and commit what it writes";

#[test]
fn generated_pages_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let pages = pages::<ServerSettings>();
    let mut stale = Vec::new();
    for page in &pages {
        let path = folder.join(&page.path);
        if fs::read_to_string(&path).is_ok_and(|found| found == page.text) {
            continue;
        }
        stale.push(page.path.display().to_string());
        if update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &page.text).unwrap();
        }
    }
    let wanted: BTreeSet<PathBuf> = pages.iter().map(|page| folder.join(&page.path)).collect();
    let found = fs::read_dir(folder.join("plugins"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    for superfluous in found.filter(|path| !wanted.contains(path)) {
        stale.push(format!("{} (of no plugin)", superfluous.display()));
        if update {
            fs::remove_file(superfluous).unwrap();
        }
    }
    assert!(
        update || stale.is_empty(),
        "docs/ is behind the code in {}: {MEND}",
        stale.join(", ")
    );
}

#[test]
fn docs_have_a_page_for_every_plugin() {
    let pages: BTreeSet<PathBuf> = pages::<ServerSettings>().into_iter().map(|page| page.path).collect();
    for plugin in KNOWN_PLUGINS {
        assert!(pages.contains(Path::new(&format!("plugins/{plugin}.md"))), "{plugin}");
    }
}
