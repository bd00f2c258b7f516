//! Tests of the presets plugin: the query that it makes of a URL, and what is wrong in its settings.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::imaging::is_same_key;
use resizer_plugin_api::{DefaultsEvent, ErrorKind, Query, RequestHead, RewriteEvent};
use resizer_presets::Presets;

/// The example of ImageResizer's own tests, a second preset, and one whose key has another spelling.
const SETTINGS: &str = "[presets.both]\ndefaults = 'width=100'\nsettings = 'height=100'\n\
                        [presets.Later]\nsettings = 'height=7;mode=crop'\n\
                        [presets.short]\nsettings = 'h=9'\n";

fn install(settings: &str) -> HookTable {
    Installer::default().install::<Presets>(settings).unwrap()
}

/// The query after all three events, as the engine fires them.
fn expanded(table: &HookTable, query: &str) -> Result<String, ErrorKind> {
    expanded_after(table, query, |_| ())
}

/// The same after a rule of another plugin.
fn expanded_after(table: &HookTable, query: &str, rule: fn(&mut RewriteEvent<'_>)) -> Result<String, ErrorKind> {
    let head = RequestHead::get("/", "");
    let (mut path, mut query) = ("/a.jpg".to_owned(), Query::parse(query));
    let (mut any, mut state, mut defaults) = (false, Extensions::new(), Query::default());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    rule(&mut event);
    (table.on_rewrite[0].value)(&mut event).map_err(|error| error.kind())?;
    let mut event = DefaultsEvent::new(&head, &path, &query, &mut state, &mut defaults);
    (table.on_rewrite_defaults[0].value)(&mut event).map_err(|error| error.kind())?;
    for (key, value) in defaults.iter() {
        if !query.iter().any(|(given, _)| is_same_key(given, key)) {
            query.set(key, value);
        }
    }
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    (table.on_post_rewrite[0].value)(&mut event).map_err(|error| error.kind())?;
    assert_eq!(path, "/a.jpg");
    Ok(query.to_string())
}

#[test]
fn settings_overrule_the_url_and_defaults_fill_gaps() {
    let table = install(SETTINGS);
    let check = |query: &str, expected: &str| assert_eq!(expanded(&table, query).unwrap(), expected, "{query}");
    check("preset=both&width=50&height=50", "width=50&height=100");
    check("preset=both", "height=100&width=100");
    // Names compare without case; of two presets the later wins.
    check("PRESET=Both,LATER", "height=7&mode=crop&width=100");
    check("preset=later,both", "mode=crop&height=100&width=100");
    // Another spelling is the same key.
    check("preset=short&height=50&h=60", "h=9");
    check("preset=both&w=50", "w=50&height=100");
    // Nothing is named.
    check("width=50", "width=50");
    check("preset=&width=50", "width=50");
    check("preset=,&width=50", "width=50");
}

#[test]
fn unknown_preset_is_a_bad_request() {
    let table = install(SETTINGS);
    for query in ["preset=nothing", "preset=both,nothing", "preset=bo"] {
        assert_eq!(expanded(&table, query), Err(ErrorKind::BadRequest), "{query}");
    }
}

#[test]
fn client_has_no_other_commands_with_presets_only() {
    let table = install(&format!("presets_only = true\n{SETTINGS}"));
    let check = |query: &str, expected: &str| assert_eq!(expanded(&table, query).unwrap(), expected, "{query}");
    check("preset=both&width=5000&Format=png&x=1", "height=100&width=100");
    check("width=5000&w=5000", "");
}

#[test]
fn commands_of_rules_stay_with_presets_only() {
    let table = install(&format!("presets_only = true\n{SETTINGS}"));
    let check = |query: &str, rule: fn(&mut RewriteEvent<'_>), expected: &str| {
        assert_eq!(expanded_after(&table, query, rule).unwrap(), expected, "{query}");
    };
    // The client's own commands go, whether a rule has looked at them or not.
    check(
        "width=5000&height=7",
        |event| event.change_query(|query| query.set("width", "60")),
        "width=60",
    );
    // A default of the operator holds, although the client has named another value.
    let fill = |event: &mut RewriteEvent<'_>| {
        event.change_query(|query| {
            if !query.contains("quality") {
                query.set("quality", "80");
            }
        });
    };
    check("quality=1", fill, "quality=80");
    // A rule may name the preset.
    check(
        "width=5000",
        |event| event.change_query(|query| query.set("preset", "both")),
        "height=100&width=100",
    );
    // A plugin that reads the client's commands out of the path changes the query in another way.
    check("", |event| event.query.set("width", "5000"), "");
}

#[test]
fn preset_makes_a_url_an_image_request() {
    assert_eq!(install("").query_keys, ["preset"]);
}

#[test]
fn fault_in_a_preset_is_told_with_its_place() {
    let check = |settings: &str, parts: &[&str]| {
        let message = Installer::default()
            .install::<Presets>(settings)
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(message.contains(part), "{settings}: {message}");
        }
    };
    check("[presets.a]\nsettings = 'widht=5'", &["`settings` of `a`", "width"]);
    check(
        "[presets.a]\ndefaults = 'width=wide'",
        &["`defaults` of `a`", "width=wide"],
    );
    check("[presets.a]\ndefaults = 'preset=b'", &["another"]);
    check("[presets.'a,b']", &["a,b", "comma"]);
    check("[presets.a]\n[presets.A]", &["twice"]);
    check("[presets.a]\nsizes = ''", &["sizes"]);
    // Another plugin's key is nobody's typing error.
    install("[presets.a]\nsettings = 'utm_source=x'");
}
