//! Reads `[server]`: the file's table strictly, then `RESIZER__SERVER__*` over it, then what several settings say
//! together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use resizer_imaging::is_trigger;
use resizer_plugin_api::{ByteSize, InstallError};
use serde::Deserialize as _;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Override;
use super::explain::{Owner, Section};
use super::nearest::nearest;
use super::schema;
use super::settings::Settings;
use crate::diagnostic::{Place, Problem, Severity};
use crate::server_settings::ServerSettings;

const DOCS: &str = "docs/server.md";

/// The JSON schema of `[server]`.
pub(crate) fn server_schema() -> Value {
    schema::inlined(schemars::schema_for!(ServerSettings))
}

fn make(table: Spanned<DeTable<'_>>) -> Result<ServerSettings, InstallError> {
    ServerSettings::deserialize(toml::de::Deserializer::from(table)).map_err(InstallError::Shape)
}

/// The typed settings, and each setting's place. `plugin_keys` are the query keys of all enabled plugins.
pub(crate) fn read<'i>(
    mut settings: Settings<'i>,
    schema: &Value,
    overrides: &'i [Override],
    plugin_keys: &[Cow<'static, str>],
    problems: &mut Vec<Problem>,
) -> (Option<ServerSettings>, Section) {
    settings.take_unknown(schema, problems);
    let from_file = settings.read(make, problems);
    let mut variables = BTreeMap::new();
    for given in overrides {
        match check(given, schema) {
            Ok((name, value)) => {
                settings.insert(name, value);
                variables.insert(name, &given.variable);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    // Each variable was tried by itself, so nothing new can be wrong here.
    let both = from_file.and_then(|_| settings.read(make, &mut Vec::new()));
    if let Some(server) = &both {
        let place = |name: &str| match (variables.get(name), settings.section.places.get(name)) {
            (Some(variable), _) => Some(Place::Variable((*variable).clone())),
            (None, Some(setting)) => Some(setting.value.clone().into()),
            (None, None) => None,
        };
        let found = together(server, plugin_keys, place);
        problems.extend(found.into_iter().map(|problem| problem.docs(DOCS)));
    }
    (both, settings.section)
}

/// `memory_limit` alone: plugins are installed before the rest is read, and their defaults are shares of it. What is wrong
/// with it is reported by [`read`].
pub(crate) fn memory_limit(settings: &Settings<'_>, overrides: &[Override]) -> Option<u64> {
    let given = overrides.iter().find(|given| given.key == "server.memory_limit");
    let text = given.map(|given| given.value.clone());
    let text = text.or_else(|| settings.text("memory_limit"))?;
    text.parse::<ByteSize>().ok().map(|size| size.0)
}

/// Tries a variable by itself.
fn check<'i>(given: &'i Override, schema: &Value) -> Result<(&'i str, DeValue<'i>), Box<Problem>> {
    let place = Place::Variable(given.variable.clone());
    let properties = schema::properties(schema);
    let name = given.key.strip_prefix("server.").unwrap_or(&given.key);
    let Some(property) = properties.get(name).filter(|_| given.key.starts_with("server.")) else {
        let near = nearest(name, properties.keys().map(String::as_str)).or(properties.get(name).map(|_| name));
        let help = match near {
            Some(near) => format!("did you mean `RESIZER__SERVER__{}`?", near.to_uppercase()),
            None => "only settings of `[server]` can be given so: `RESIZER__SERVER__LISTEN`".to_owned(),
        };
        let problem = Problem::error(
            place,
            format!("`{}` stands for no setting of `[server]`", given.variable),
        );
        return Err(Box::new(problem.help(help).docs(DOCS)));
    };
    let value = schema::coerced(&given.value, property).unwrap_or_else(|| DeValue::String(given.value.as_str().into()));
    let value_place = 0..given.value.len();
    let table = DeTable::from_iter([(
        Spanned::new(0..0, name.into()),
        Spanned::new(value_place, value.clone()),
    )]);
    let mut alone = Settings::new(Owner::Server, Spanned::new(0..0, table), Some(schema));
    alone.section.hidden.values.push(given.value.clone());
    let mut problems = Vec::new();
    alone.read(make, &mut problems);
    match problems.into_iter().next() {
        Some(problem) => Err(Box::new(Problem { place, ..problem })),
        None => Ok((name, value)),
    }
}

/// What no single setting can be blamed for.
fn together(
    server: &ServerSettings,
    plugin_keys: &[Cow<'static, str>],
    place: impl Fn(&str) -> Option<Place>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    // A setting that is nowhere given has its default, which is never wrong by itself.
    let place = |name: &str| place(name).unwrap_or(Place::File);
    let admin = server.admin_listen.0;
    match &server.admin_token {
        Some(token) if token.expose().trim().is_empty() => {
            let problem = Problem::error(place("admin_token"), "setting `admin_token` of `[server]` is empty");
            problems.push(problem.help("give it a long random text, or remove it"));
        }
        None if admin.is_some_and(|address| !address.ip().to_canonical().is_loopback()) => {
            let message = "the admin listener is open to other machines, and there is no `admin_token`";
            let help = "add `admin_token = \"${ADMIN_TOKEN}\"`, or listen on 127.0.0.1";
            problems.push(Problem::error(place("admin_listen"), message).help(help));
        }
        _ => {}
    }
    // Port 0 is a free port, another one each time.
    if admin == Some(server.listen.0) && server.listen.0.port() != 0 {
        let message = "`listen` and `admin_listen` are the same address";
        let place = Some(place("admin_listen"))
            .filter(|place| *place != Place::File)
            .unwrap_or_else(|| place("listen"));
        problems.push(Problem::error(place, message).help("give the admin listener a port of its own"));
    }
    for (name, is_zero) in [
        ("deadline", server.deadline.0.is_zero()),
        ("max_connections", server.max_connections == 0),
        ("max_source_bytes", server.max_source_bytes.0 == 0),
    ] {
        if is_zero {
            let message = format!("setting `{name}` of `[server]` is 0, so that no request could be served");
            problems.push(Problem::error(place(name), message).help("give it a value above 0, or remove it"));
        }
    }
    let triggers = |key: &str| is_trigger(key) || plugin_keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    if let Some((key, _)) = server.default_commands.query().iter().find(|(key, _)| triggers(key)) {
        let message = format!("setting `default_commands` of `[server]` has `{key}`, so that every image is processed");
        let problem = Problem::error(place("default_commands"), message);
        problems.push(Problem {
            severity: Severity::Warning,
            ..problem.help("keep to keys that only say how, such as `mode`, `scale` and `anchor`")
        });
    }
    problems
}
