//! What the real plugins have no occasion to show: inner tables, secrets of a plugin, and an `install` that says no.

use std::path::Path;

use resizer_plugin_api::engine::{Registration, Resources};
use resizer_plugin_api::{Error, ErrorKind, Hooks, InstallError, Metrics, Plugin, Secret, register};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Environment, Loaded, load, registered_twice};
use crate::diagnostic::{Problem, Problems};

register!(Vault);

struct Vault;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    pin: Option<Secret>,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    door: Option<Door>,
    #[serde(default)]
    fail: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only their presence matters here")]
struct Rule {
    from: String,
    #[serde(default)]
    codes: Vec<Secret>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Door {
    Open,
    Shut,
}

impl Plugin for Vault {
    const NAME: &'static str = "vault";
    const SUMMARY: &'static str = "A plugin of these tests.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        hooks.query_key("door");
        hooks.query_key("vault");
        let pin = config.pin.as_ref().map(Secret::expose).unwrap_or_default();
        if matches!(config.door, Some(Door::Open | Door::Shut)) && config.rules.is_empty() {
            return Err(InstallError::setting("door", "a door needs `rules`"));
        }
        match config.fail.as_str() {
            "setting" => Err(InstallError::setting("pin", format!("{pin} is too short"))),
            "absent" => Err(InstallError::setting(
                "rules",
                format!("at least {} are needed", 2 + config.ports.len()),
            )),
            "whole" => Err(InstallError::Failed(
                Error::new(ErrorKind::Internal, "It broke.").because(format!("by {pin}")),
            )),
            _ => Ok(()),
        }
    }
}

fn read(text: &str) -> (Option<Loaded>, Problems) {
    let environment = Environment::of([("PIN", "hunter2"), ("PORTS", "1,x,3"), ("PORT", "99999")]);
    load(
        Path::new("p.toml"),
        text,
        &environment,
        &[],
        &Resources::default(),
        &Metrics::default(),
    )
}

/// Message and underlined text of each problem of an entry with these settings.
fn check(settings: &str, expected: &[(&str, &str)]) {
    let text = format!("[[plugin]]\nname = \"vault\"\n{settings}");
    let (loaded, problems) = read(&text);
    assert_eq!(loaded.is_some(), expected.is_empty(), "{settings}");
    let found: Vec<(&str, &str)> = problems
        .0
        .iter()
        .map(|problem| (&*problem.message, underlined(problem, &text)))
        .collect();
    assert_eq!(found, expected, "{settings}");
    assert!(
        !problems.render(Path::new("p.toml"), &text).contains("hunter2"),
        "{settings}"
    );
}

fn underlined<'t>(problem: &Problem, text: &'t str) -> &'t str {
    match &problem.place {
        crate::diagnostic::Place::Span(span) => &text[span.clone()],
        place => panic!("{place:?}"),
    }
}

#[test]
fn inner_tables_are_checked_like_outer_ones() {
    check("[[plugin.rules]]\nfrom = \"a\"\n", &[]);
    check(
        "rules = [{ from = \"a\" }, { form = \"b\", from = 1, x = 2 }]",
        &[
            ("unknown setting `rules[1].form` of plugin `vault`", "form"),
            (
                "wrong type for setting `rules[1].from` of plugin `vault`: expected a string, found a whole number",
                "1",
            ),
            ("unknown setting `rules[1].x` of plugin `vault`", "x"),
        ],
    );
    check(
        "[[plugin.rules]]\n[[plugin.rules]]\nfrom = 5\n",
        &[
            (
                "required setting `from` of plugin `vault` is missing",
                "[[plugin.rules]]",
            ),
            (
                "wrong type for setting `rules[1].from` of plugin `vault`: expected a string, found a whole number",
                "5",
            ),
        ],
    );
    check(
        "ports = [80, \"a\", 443, 99999]\ndoor = \"opn\"",
        &[
            (
                "wrong type for setting `ports[1]` of plugin `vault`: expected a whole number from 0 to 65535, found a string",
                "\"a\"",
            ),
            (
                "wrong value for setting `ports[3]` of plugin `vault`: expected a whole number from 0 to 65535",
                "99999",
            ),
            (
                "wrong value for setting `door` of plugin `vault`: expected \"open\" or \"shut\"",
                "\"opn\"",
            ),
        ],
    );
}

#[test]
fn secrets_stay_secret_wherever_they_stand() {
    check(
        "pin = true\n",
        &[(
            "wrong type for setting `pin` of plugin `vault`: expected a string, found a boolean",
            "true",
        )],
    );
    check(
        "pin = \"hunter2\"\nfail = \"setting\"",
        &[(
            "wrong value for setting `pin` of plugin `vault`: … is too short",
            "\"hunter2\"",
        )],
    );
    check(
        "pin = \"${PIN}\"\nfail = \"setting\"",
        &[(
            "wrong value for setting `pin` of plugin `vault`: … is too short",
            "\"${PIN}\"",
        )],
    );
    check(
        "rules = [{ from = \"a\", codes = [\"hunter2\"], x = 1 }]",
        &[("unknown setting `rules[0].x` of plugin `vault`", "x")],
    );
    check(
        "pni = \"hunter2\"",
        &[("unknown setting `pni` of plugin `vault`", "pni")],
    );
    check(
        "pin = \"${NOT_SET:-hunter2}\"\nfail = 1",
        &[(
            "wrong type for setting `fail` of plugin `vault`: expected a string, found a whole number",
            "1",
        )],
    );
}

#[test]
fn what_comes_from_elsewhere_is_read_as_what_is_wanted_and_keeps_its_place() {
    check("ports = [\"${NOT_SET:-5}\"]", &[]);
    check("ports = \"${NOT_SET:-1,2}\"", &[]);
    check(
        "ports = \"${PORTS}\"",
        &[(
            "wrong type for setting `ports` of plugin `vault`: expected a whole number from 0 to 65535, found a string",
            "\"${PORTS}\"",
        )],
    );
    check(
        "ports = [1, \"${PORT}\"]",
        &[(
            "wrong value for setting `ports[1]` of plugin `vault`: expected a whole number from 0 to 65535",
            "\"${PORT}\"",
        )],
    );
}

#[test]
fn install_is_shown_at_the_setting_or_at_the_entry() {
    check(
        "fail = \"absent\"",
        &[(
            "wrong value for setting `rules` of plugin `vault`: at least 2 are needed",
            "[[plugin]]",
        )],
    );
    check(
        "pin = \"hunter2\"\nfail = \"whole\"",
        &[("plugin `vault` does not work: It broke.", "[[plugin]]")],
    );
    // A complaint that may only come from what was taken out is not made.
    check(
        "door = \"shut\"\nrules = 5",
        &[(
            "wrong type for setting `rules` of plugin `vault`: expected a list, found a whole number",
            "5",
        )],
    );
}

#[test]
fn later_errors_find_their_place_too() {
    let text = "[[plugin]]\nname = \"vault\"\npin = \"hunter2\"\n\n[[plugin]]\nname = \"vault\"\nenabled = false\n";
    let file = read(text).0.unwrap().file;
    let problem = file.problem(0, &InstallError::setting("pin", "hunter2 was refused"));
    let rendered = Problems(vec![problem]).render(file.path(), file.text());
    let expected = "error: wrong value for setting `pin` of plugin `vault`: … was refused\n  --> p.toml:3:7\n   |\n 3 | pin = ***\n   \
                    |       ^^^\n   = see docs/plugins/vault.md\n";
    assert_eq!(rendered, expected);
}

#[test]
fn query_keys_are_those_of_enabled_plugins() {
    let keys = |text: &str| read(text).0.unwrap().table.query_keys;
    assert_eq!(
        keys("[[plugin]]\nname = \"vault\"\n[[plugin]]\nname = \"vault\"\n"),
        ["door", "vault"]
    );
    assert!(keys("[[plugin]]\nname = \"vault\"\nenabled = false\n").is_empty());
}

#[test]
fn two_plugins_of_one_name_are_a_fault_of_the_build() {
    let vault = Registration::of::<Vault>("");
    assert!(registered_twice(&[&vault]).is_empty());
    let rendered = Problems(registered_twice(&[&vault, &vault])).render(Path::new("p.toml"), "");
    let expected =
        "error: this build holds two plugins called `vault`\n  --> p.toml\n   = rename one of them and build again\n";
    assert_eq!(rendered, expected);
}
