//! Reader of `[server]`: reads the file's table strictly into the engine's and the host's settings, replaces settings
//! by `RESIZER__SERVER__*` variables, and reports settings that contradict each other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use resizer_imaging::is_trigger;
use resizer_plugin_api::{ByteSize, InstallError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Override;
use super::explain::{Owner, Section};
use super::nearest::nearest;
use super::schema;
use super::settings::Settings;
use crate::diagnostic::{Place, Problem, Severity};
use crate::server_settings::EngineSettings;

const DOCS: &str = "docs/server.md";

/// The part of `[server]` that the program around the engine reads: a type of that program's own, filled from the same
/// table as the engine's settings.
pub trait HostSettings: DeserializeOwned + JsonSchema {
    /// Faults of settings that are right by themselves.
    fn faults(&self) -> Vec<SettingFault>;
}

/// A fault of a setting that reads well, such as an address that two settings name.
#[derive(Clone, Copy, Debug)]
pub struct SettingFault {
    /// Names of settings; the fault is shown at the first that is given.
    pub settings: &'static [&'static str],
    /// The fault, in a sentence.
    pub message: &'static str,
    /// The way out, in a few words.
    pub help: &'static str,
}

/// The settings of a program that has none of its own in `[server]`.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoHostSettings {}

impl HostSettings for NoHostSettings {
    fn faults(&self) -> Vec<SettingFault> {
        Vec::new()
    }
}

/// The JSON schema of `[server]`: the host's settings, then the engine's.
pub(crate) fn server_schema<H: HostSettings>() -> Value {
    let mut schema = schema::inlined(schemars::schema_for!(EngineSettings));
    let mut properties = host_properties::<H>();
    properties.extend(schema::properties(&schema));
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), "`[server]`.".into());
        object.insert("properties".to_owned(), properties.into());
    }
    schema
}

fn host_properties<H: HostSettings>() -> Map<String, Value> {
    schema::properties(&schema::inlined(schemars::schema_for!(H)))
}

/// Divides the table between the two types, and fills both.
fn make<H: HostSettings>(
    table: Spanned<DeTable<'_>>,
    of_host: &Map<String, Value>,
) -> Result<(EngineSettings, H), InstallError> {
    let header = table.span();
    let (host, engine): (DeTable<'_>, DeTable<'_>) = table
        .into_inner()
        .into_iter()
        .partition(|(name, _)| of_host.contains_key(name.get_ref().as_ref()));
    let read = |table| toml::de::Deserializer::from(Spanned::new(header.clone(), table));
    let host = H::deserialize(read(host)).map_err(InstallError::Shape)?;
    let engine = EngineSettings::deserialize(read(engine)).map_err(InstallError::Shape)?;
    Ok((engine, host))
}

/// The typed settings, and the position of each setting. `plugin_keys` are the query keys of all enabled plugins.
pub(crate) fn read<'i, H: HostSettings>(
    mut settings: Settings<'i>,
    schema: &Value,
    overrides: &'i [Override],
    plugin_keys: &[Cow<'static, str>],
    problems: &mut Vec<Problem>,
) -> (Option<(EngineSettings, H)>, Section) {
    let of_host = host_properties::<H>();
    settings.take_unknown(schema, problems);
    let from_file = settings.read(|table| make::<H>(table, &of_host), problems);
    let mut variables = BTreeMap::new();
    for given in overrides {
        match check(given, schema, |table| make::<H>(table, &of_host)) {
            Ok((name, value)) => {
                settings.insert(name, value);
                variables.insert(name, &given.variable);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    // Each variable was tried by itself, so nothing new can be wrong here.
    let both = from_file.and_then(|_| settings.read(|table| make::<H>(table, &of_host), &mut Vec::new()));
    if let Some((server, host)) = &both {
        let place = |name: &str| match (variables.get(name), settings.section.places.get(name)) {
            (Some(variable), _) => Some(Place::Variable((*variable).clone())),
            (None, Some(setting)) => Some(setting.value.clone().into()),
            (None, None) => None,
        };
        let found = together(server, &host.faults(), plugin_keys, place);
        problems.extend(found.into_iter().map(|problem| problem.docs(DOCS)));
    }
    (both, settings.section)
}

/// `memory_limit` alone: plugins are installed before the rest is read, and their defaults are shares of it. [`read`]
/// reports its problems.
pub(crate) fn memory_limit(settings: &Settings<'_>, overrides: &[Override]) -> Option<u64> {
    let given = overrides.iter().find(|given| given.key == "server.memory_limit");
    let text = given.map(|given| given.value.clone());
    let text = text.or_else(|| settings.text("memory_limit"))?;
    text.parse::<ByteSize>().ok().map(|size| size.0)
}

/// Tries a variable by itself.
fn check<'i, T>(
    given: &'i Override,
    schema: &Value,
    make: impl FnMut(Spanned<DeTable<'i>>) -> Result<T, InstallError>,
) -> Result<(&'i str, DeValue<'i>), Box<Problem>> {
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

/// Faults of settings that are right by themselves.
fn together(
    server: &EngineSettings,
    of_host: &[SettingFault],
    plugin_keys: &[Cow<'static, str>],
    place: impl Fn(&str) -> Option<Place>,
) -> Vec<Problem> {
    // A setting that is nowhere given has its default, which is never wrong by itself.
    let place = |names: &[&str]| names.iter().find_map(|name| place(name)).unwrap_or(Place::File);
    let of_host = of_host.iter();
    let mut problems: Vec<Problem> = of_host
        .map(|fault| Problem::error(place(fault.settings), fault.message).help(fault.help))
        .collect();
    for (name, is_zero) in [
        ("deadline", server.deadline.0.is_zero()),
        ("max_source_bytes", server.max_source_bytes.0 == 0),
    ] {
        if is_zero {
            let message = format!("setting `{name}` of `[server]` is 0, so that no request could be served");
            problems.push(Problem::error(place(&[name]), message).help("give it a value above 0, or remove it"));
        }
    }
    let triggers = |key: &str| is_trigger(key) || plugin_keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    if let Some((key, _)) = server.default_commands.query().iter().find(|(key, _)| triggers(key)) {
        let message = format!("setting `default_commands` of `[server]` has `{key}`, so that every image is processed");
        let problem = Problem::error(place(&["default_commands"]), message);
        problems.push(Problem {
            severity: Severity::Warning,
            ..problem.help("keep to keys that only say how, such as `mode`, `scale` and `anchor`")
        });
    }
    problems
}
