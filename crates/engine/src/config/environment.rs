//! Environment variables: values for `${NAME}`, and `RESIZER__SERVER__NAME` as an override of a setting of `[server]`.

use std::collections::BTreeMap;
use std::fmt;

use config::Source as _;

/// Environment variables, read once. Their values may be secrets, so they are never shown.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

/// A variable that overrides a setting of `[server]`, or names none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Override {
    /// Its name.
    pub(crate) variable: String,
    /// The part after `RESIZER__`, in lower case, with `.` for `__`: `server.listen`.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
}

impl Environment {
    /// The variables of this process, without those that are not Unicode.
    #[must_use]
    pub fn process() -> Self {
        Self::of(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Exactly these variables.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { variables }
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Every `RESIZER__…` variable, by key.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let variables = self.variables.clone().into_iter().collect();
        let source = config::Environment::with_prefix("RESIZER")
            .separator("__")
            .source(Some(variables));
        // Fails only on values that are not Unicode, and these are strings.
        let collected = source.collect().unwrap_or_default();
        let mut overrides: Vec<Override> = collected
            .into_iter()
            .filter_map(|(key, value)| {
                let name = format!("RESIZER__{}", key.replace('.', "__"));
                let variable = self
                    .variables
                    .keys()
                    .find(|variable| variable.eq_ignore_ascii_case(&name))
                    .cloned();
                Some(Override {
                    variable: variable.unwrap_or(name),
                    key,
                    value: value.into_string().ok()?,
                })
            })
            .collect();
        overrides.sort_by(|a, b| a.key.cmp(&b.key));
        overrides
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({})", self.variables.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_the_prefix_are_overrides() {
        let environment = Environment::of([
            ("RESIZER__SERVER__ADMIN_LISTEN", "off"),
            ("RESIZER__LISTEN", "x"),
            ("RESIZER_CONFIG", "y"),
            ("PATH", "z"),
        ]);
        let found: Vec<(String, String, String)> = environment
            .overrides()
            .into_iter()
            .map(|o| (o.variable, o.key, o.value))
            .collect();
        let expected = [
            ("RESIZER__LISTEN", "listen", "x"),
            ("RESIZER__SERVER__ADMIN_LISTEN", "server.admin_listen", "off"),
        ];
        assert_eq!(
            found,
            expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
        );
    }

    #[test]
    fn debug_of_the_environment_shows_no_value() {
        assert!(!format!("{:?}", Environment::of([("A", "hunter2")])).contains("hunter2"));
    }
}
