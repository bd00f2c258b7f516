//! Tests of the size limiting plugin: the limits that it gives to a request, and what is wrong in its settings. Tests of
//! the layout show the image that results.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroU32;

use resizer_engine::testing::Installer;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::imaging::SizeLimits;
use resizer_plugin_api::{Query, RequestHead, RewriteEvent};
use resizer_sizelimiting::SizeLimiting;

/// The limits of a request after these entries: image and total, across and down.
fn limits(entries: &[&str]) -> [u32; 4] {
    let head = RequestHead::get("/", "");
    let (mut path, mut query) = ("/a.jpg".to_owned(), Query::parse("width=5"));
    let (mut any, mut state) = (false, Extensions::new());
    for settings in entries {
        let table = Installer::default().install::<SizeLimiting>(settings).unwrap();
        let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
        (table.on_post_rewrite[0].value)(&mut event).unwrap();
    }
    assert_eq!(query.to_string(), "width=5", "the URL's own words stay");
    let limits: SizeLimits = *state.get().unwrap();
    let sides = [
        limits.image_width,
        limits.image_height,
        limits.total_width,
        limits.total_height,
    ];
    sides.map(|side| side.map_or(0, NonZeroU32::get))
}

#[test]
fn limits_are_those_of_the_settings() {
    let check = |settings: &str, expected: [u32; 4]| assert_eq!(limits(&[settings]), expected, "{settings}");
    // ImageResizer's defaults.
    check("", [0, 0, 3200, 3200]);
    check("image_width = 800", [800, 0, 3200, 3200]);
    check("image_height = 600\ntotal_width = 900", [0, 600, 900, 3200]);
    for ignored in ["ignore", "ignorelimits", "IgnoreLimits"] {
        let settings = format!("total_width = 0\ntotal_behavior = '{ignored}'\nimage_width = 7");
        check(&settings, [7, 0, 0, 0]);
    }
    check("total_behavior = 'throwexception'", [0, 0, 3200, 3200]);
}

#[test]
fn smaller_limit_of_two_entries_holds() {
    let wide = "image_width = 800\ntotal_height = 100";
    let high = "image_width = 900\nimage_height = 50";
    assert_eq!(limits(&[wide, high]), [800, 50, 3200, 100]);
}

#[test]
fn total_of_zero_is_refused_with_the_way_out() {
    for setting in ["total_width", "total_height"] {
        let refused = Installer::default().install::<SizeLimiting>(&format!("{setting} = 0"));
        let message = refused.unwrap_err().to_string();
        assert!(message.contains(setting) && message.contains("ignore"), "{message}");
    }
    let message = Installer::default()
        .install::<SizeLimiting>("total_behavior = 'shrink'")
        .unwrap_err()
        .to_string();
    assert!(message.contains("shrink") && message.contains("refuse"), "{message}");
}
