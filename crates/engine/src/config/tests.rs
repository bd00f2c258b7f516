//! Cases that no real plugin has: inner tables, secrets of a plugin, an `install` that fails, settings of a host.

use std::path::Path;

use resizer_plugin_api::engine::{Registration, Resources};
use resizer_plugin_api::{Error, ErrorKind, Hooks, InstallError, Metrics, Plugin, Secret, register};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Environment, HostSettings, Loaded, SettingFault, load, load_with, registered_twice};
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

#[derive(Debug, Deserialize, JsonSchema)]
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
fn problems_of_inner_tables_are_reported() {
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
fn secret_is_never_shown() {
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
fn interpolated_value_is_coerced_and_keeps_its_position() {
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
fn install_error_is_shown_at_the_setting_or_at_the_entry() {
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
    // A problem that may only follow from a removed setting is not reported.
    check(
        "door = \"shut\"\nrules = 5",
        &[(
            "wrong type for setting `rules` of plugin `vault`: expected a list, found a whole number",
            "5",
        )],
    );
}

#[test]
fn later_error_is_shown_at_its_setting() {
    let text = "[[plugin]]\nname = \"vault\"\npin = \"hunter2\"\n\n[[plugin]]\nname = \"vault\"\nenabled = false\n";
    let file = read(text).0.unwrap().file;
    let problem = file.problem(0, &InstallError::setting("pin", "hunter2 was refused"));
    let rendered = Problems(vec![problem]).render(file.path(), file.text());
    let expected = "error: wrong value for setting `pin` of plugin `vault`: … was refused\n  --> p.toml:3:7\n   |\n 3 | pin = ***\n   \
                    |       ^^^\n   = see docs/plugins/vault.md\n";
    assert_eq!(rendered, expected);
}

#[test]
fn query_keys_of_disabled_plugins_are_left_out() {
    let keys = |text: &str| read(text).0.unwrap().table.query_keys;
    assert_eq!(
        keys("[[plugin]]\nname = \"vault\"\n[[plugin]]\nname = \"vault\"\n"),
        ["door", "vault"]
    );
    assert!(keys("[[plugin]]\nname = \"vault\"\nenabled = false\n").is_empty());
}

#[test]
fn two_plugins_of_one_name_are_an_error_of_the_build() {
    let vault = Registration::of::<Vault>("");
    assert!(registered_twice(&[&vault]).is_empty());
    let rendered = Problems(registered_twice(&[&vault, &vault])).render(Path::new("p.toml"), "");
    let expected =
        "error: this build holds two plugins called `vault`\n  --> p.toml\n   = rename one of them and build again\n";
    assert_eq!(rendered, expected);
}

/// Settings of a host.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Host {
    door: Option<Door>,
    ports: Vec<u16>,
}

impl HostSettings for Host {
    fn faults(&self) -> Vec<SettingFault> {
        let closed = self.ports.is_empty() && self.door.is_some();
        let fault = SettingFault {
            settings: &["ports", "door"],
            message: "a door without ports",
            help: "add ports",
        };
        Vec::from_iter(closed.then_some(fault))
    }
}

fn read_with_host(text: &str, environment: &Environment) -> (Option<(Loaded, Host)>, Problems) {
    let (path, resources, metrics) = (Path::new("p.toml"), Resources::default(), Metrics::default());
    load_with(path, text, environment, &[], &resources, &metrics)
}

#[test]
fn server_table_is_divided_between_host_and_engine() {
    let environment = Environment::of([("RESIZER__SERVER__PORTS", "80,81"), ("RESIZER__SERVER__QUEUE", "9")]);
    let text = "[server]\nqueue = 7\ndoor = \"open\"\nwork_threads = 2\n";
    let (loaded, problems) = read_with_host(text, &environment);
    assert!(problems.is_empty(), "{problems:?}");
    let (loaded, host) = loaded.unwrap();
    assert_eq!((loaded.server.queue, loaded.server.work_threads), (9, 2));
    assert_eq!(host.ports, [80, 81]);
    assert!(matches!(host.door, Some(Door::Open)));
}

#[test]
fn problems_of_host_and_engine_are_reported_together_in_order() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let (loaded, problems) = read_with_host(text, &Environment::default());
        assert!(loaded.is_none(), "{text}");
        let found: Vec<(&str, &str)> = problems
            .0
            .iter()
            .map(|problem| (&*problem.message, underlined(problem, text)))
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        "[server]\nqueue = \"a\"\nports = [\"b\"]\nqeue = 1\nprots = 2\n",
        &[
            (
                "wrong type for setting `queue` of `[server]`: expected a whole number, 0 or more, found a string",
                "\"a\"",
            ),
            (
                "wrong type for setting `ports[0]` of `[server]`: expected a whole number from 0 to 65535, found a string",
                "\"b\"",
            ),
            ("unknown setting `qeue` of `[server]`", "qeue"),
            ("unknown setting `prots` of `[server]`", "prots"),
        ],
    );
    check("[server]\ndoor = \"open\"\n", &[("a door without ports", "\"open\"")]);
    let (_, problems) = read_with_host("[server]\nqeue = 1\nprots = 2\n", &Environment::default());
    let help: Vec<_> = problems.0.iter().map(|problem| problem.help.as_deref()).collect();
    assert_eq!(help, [Some("did you mean `queue`?"), Some("did you mean `ports`?")]);
}

#[test]
fn host_setting_is_unknown_without_the_host() {
    let (loaded, problems) = read("[server]\nports = [80]\n");
    assert!(loaded.is_none());
    assert_eq!(problems.0[0].message, "unknown setting `ports` of `[server]`");
}
