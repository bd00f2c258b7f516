//! Refusals: folders and settings that are errors of the configuration.

use std::path::Path;
use std::sync::Arc;

use resizer_engine::testing::{Installer, unusable_folders_are_refused};
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{ImageRequest, Query, RequestHead};
use resizer_sourcediskcache::SourceDiskCache;

#[test]
fn folder_that_cannot_be_used_is_refused() {
    unusable_folders_are_refused::<SourceDiskCache>("refusals::folder_that_cannot_be_used_is_refused");
}

#[test]
fn settings_that_are_wrong_are_refused_with_a_hint() {
    let installer = Installer::default();
    let table = installer.install::<SourceDiskCache>("").unwrap();
    assert_eq!(
        (table.source_caches.len(), table.result_caches.len()),
        (1, 0),
        "it keeps originals and no results"
    );
    assert_eq!((table.on_start.len(), table.on_connect.len()), (1, 1));
    assert!(!Path::new("sourcecache").exists(), "installing touches no disk");
    let check = |settings: &str, part: &str| {
        let refused = installer.install::<SourceDiskCache>(settings);
        let message = refused.map(drop).unwrap_err().to_string();
        assert!(message.contains(part), "{settings}: {message}");
    };
    check("folder = ''", "folder");
    check("max_size = 'lots'", "as in \"512MB\"");
    check(
        "max_size = '15MB'",
        "`max_size`: 15000000B is too little to work with; give it 16MiB or more",
    );
    check("prefixes = ['s3']", "a prefix begins with \"/\"");
    check("prefix = '/s3/'", "prefix");
}

#[test]
fn original_is_accepted_where_the_url_or_a_prefix_says_so() {
    let check = |settings: &str, url: &str, expected: bool| {
        let table = Installer::default().install::<SourceDiskCache>(settings).unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let request = ImageRequest::new(
            Arc::new(RequestHead::get(path, query)),
            path.to_owned(),
            Query::parse(query),
            Instructions::default(),
            Default::default(),
        );
        assert_eq!(
            table.source_caches[0].value.accepts(&request),
            expected,
            "{settings} {url}"
        );
    };
    check("", "/s3/a.jpg?w=100", false);
    check("", "/s3/a.jpg?w=100&SCache=Disk", true);
    check("", "/s3/a.jpg?scache=mem", false);
    let prefixes = "prefixes = ['/s3/']";
    check(prefixes, "/s3/a.jpg", true);
    check(prefixes, "/photos/a.jpg", false);
    check(prefixes, "/s3/a.jpg?scache=mem", false);
    check(prefixes, "/s3/a.jpg?scache=no", false);
    check(prefixes, "/s3/a.jpg?scache=tape", true);
}
