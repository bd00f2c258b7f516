//! Refusals: folders and settings that are errors of the configuration.

use std::path::Path;

use resizer_diskcache::DiskCache;
use resizer_engine::testing::{Installer, unusable_folders_are_refused};

#[test]
fn folder_that_cannot_be_used_is_refused() {
    unusable_folders_are_refused::<DiskCache>("refusals::folder_that_cannot_be_used_is_refused");
}

#[test]
fn settings_that_are_wrong_are_refused_with_a_hint() {
    let installer = Installer::default();
    let table = installer.install::<DiskCache>("").unwrap();
    assert_eq!(
        (table.result_caches.len(), table.source_caches.len()),
        (1, 0),
        "it keeps results and no originals"
    );
    assert_eq!(
        (table.on_start.len(), table.on_connect.len(), table.on_stop.len()),
        (1, 1, 1)
    );
    assert!(!Path::new("imagecache").exists(), "installing touches no disk");
    let wrong = |settings: &str| {
        installer
            .install::<DiskCache>(settings)
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    for (settings, part) in [
        ("folder = ''", "folder"),
        ("max_size = 'lots'", "as in \"512MB\""),
        (
            "max_size = '15MB'",
            "`max_size`: 15000000B is too little to work with; give it 16MiB or more",
        ),
        ("write_behind = '1000KB'", "give it 1MiB or more"),
        ("memory = '1MB'", "memory"),
    ] {
        assert!(wrong(settings).contains(part), "{settings:?}: {}", wrong(settings));
    }
}
