//! URL preprocessing, as ImageResizer's `<pipeline>`: fake extensions and default commands.

use resizer_plugin_api::Query;
use schemars::JsonSchema;
use serde::Serialize;

/// An extension that a URL may carry behind that of the image, such as `.ashx`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct FakeExtension(String);

/// Commands for every image request, written as a querystring with `;` or `&`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct DefaultCommands {
    text: String,
    query: Query,
}

resizer_plugin_api::text_setting!(FakeExtension, "an extension such as \".ashx\"");
resizer_plugin_api::text_setting!(DefaultCommands, "commands such as \"scale=both;mode=max\"");

impl FakeExtension {
    /// The path without this extension and the dots that are then at its end; `None` if it has another.
    #[must_use]
    pub fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (rest, end) = path.split_at_checked(path.len().checked_sub(self.0.len())?)?;
        end.eq_ignore_ascii_case(&self.0).then(|| rest.trim_end_matches('.'))
    }
}

impl DefaultCommands {
    /// The commands.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }
}

impl TryFrom<String> for FakeExtension {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.strip_prefix('.').unwrap_or(&text);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err("an extension is letters and digits behind a dot, as in \".ashx\"");
        }
        Ok(Self(format!(".{name}")))
    }
}

impl From<String> for DefaultCommands {
    fn from(text: String) -> Self {
        let query = Query::parse_commands(&text);
        Self { text, query }
    }
}

impl From<FakeExtension> for String {
    fn from(extension: FakeExtension) -> Self {
        extension.0
    }
}

impl From<DefaultCommands> for String {
    fn from(commands: DefaultCommands) -> Self {
        commands.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fake_extension_is_stripped_from_the_end() {
        let check = |extension: &str, path: &str, expected: Option<&str>| {
            let extension = FakeExtension::try_from(extension.to_owned()).unwrap();
            assert_eq!(extension.strip(path), expected, "{path}");
        };
        check(".ashx", "/a.jpg.ashx", Some("/a.jpg"));
        check("ashx", "/a.jpg.ASHX", Some("/a.jpg"));
        check(".ashx", "/a.jpg..ashx", Some("/a.jpg"));
        check(".ashx", "/a.jpg.ashx.ashx", Some("/a.jpg.ashx"));
        check(".ashx", "/.ashx", Some("/"));
        check(".ashx", "/a.jpgashx", None);
        check(".ashx", "/a.ashx/b.jpg", None);
        check(".ashx", "/ä", None);
        check(".ashx", "/", None);
    }

    #[test]
    fn malformed_extension_is_an_error() {
        for wrong in ["", ".", "..ashx", "a/b", "a.b", "a b", ".ä"] {
            assert!(FakeExtension::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
