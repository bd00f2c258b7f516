//! Image id from the path of a URL. Called by `source` for each request. An id never becomes part of a query's text:
//! the drivers send it as a parameter.

use std::fmt;

use resizer_plugin_api::SourcePath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::types::Uuid;

/// The type of an image's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdType {
    /// A whole number of at most 64 bits, with its sign.
    #[default]
    Integer,
    /// A UUID, in any of its usual spellings.
    Uuid,
    /// Any text.
    Text,
}

/// An image's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Integer(i64),
    Uuid(Uuid),
    Text(String),
}

impl IdType {
    /// The id that a path names. `None` if the path has no id of this type, so that no image can exist.
    pub(crate) fn parse(self, path: &SourcePath, extension_part_of_id: bool) -> Option<Id> {
        let path = path.as_str();
        let bare = without_extension(path);
        match self {
            Self::Integer => bare.parse().ok().map(Id::Integer),
            Self::Uuid => Uuid::try_parse(bare).ok().map(Id::Uuid),
            Self::Text => {
                let text = if extension_part_of_id { path } else { bare };
                (!text.is_empty()).then(|| Id::Text(text.to_owned()))
            }
        }
    }

    /// An id to try a query with. Such an image need not exist.
    pub(crate) fn sample(self) -> Id {
        match self {
            Self::Integer => Id::Integer(-1),
            Self::Uuid => Id::Uuid(Uuid::nil()),
            Self::Text => Id::Text("-".to_owned()),
        }
    }
}

/// The path up to the last dot of its last segment.
fn without_extension(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((bare, extension)) if !extension.contains('/') => bare,
        _ => path,
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_names_an_id_of_its_type_or_none() {
        let check = |id_type: IdType, with_extension: bool, path: &str, expected: Option<&str>| {
            let id = id_type.parse(&SourcePath::parse(path).unwrap(), with_extension);
            assert_eq!(id.map(|id| id.to_string()).as_deref(), expected, "{id_type:?} {path:?}");
        };
        use IdType::{Integer, Text, Uuid};
        for with_extension in [false, true] {
            check(Integer, with_extension, "42.jpg", Some("42"));
            check(Integer, with_extension, "42", Some("42"));
            check(Integer, with_extension, "-7.png", Some("-7"));
            check(Integer, with_extension, "0042.jpg", Some("42"));
            check(
                Integer,
                with_extension,
                "9223372036854775807.jpg",
                Some("9223372036854775807"),
            );
            for wrong in [
                "9223372036854775808.jpg",
                "4 2.jpg",
                " 42.jpg",
                "42/.jpg",
                "a/42.jpg",
                "42.1.jpg",
                "0x2a.jpg",
                "1e3.jpg",
                "42'.jpg",
                "\u{664}\u{662}.jpg",
                ".jpg",
                "jpg",
                "42 OR 1=1.jpg",
            ] {
                check(Integer, with_extension, wrong, None);
            }
            let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
            for spelling in [
                format!("{uuid}.jpg"),
                uuid.to_owned(),
                format!("{}.jpg", uuid.to_uppercase()),
                format!("{}.jpg", uuid.replace('-', "")),
                format!("{{{uuid}}}.jpg"),
            ] {
                check(Uuid, with_extension, &spelling, Some(uuid));
            }
            for wrong in [
                "42.jpg",
                ".jpg",
                "67e55044-10b1-426f-9247.jpg",
                "a/67e55044-10b1-426f-9247-bb680e5fe0c8",
            ] {
                check(Uuid, with_extension, wrong, None);
            }
        }
        check(Text, false, "cat.jpg", Some("cat"));
        check(Text, true, "cat.jpg", Some("cat.jpg"));
        check(Text, false, "a.b/cat", Some("a.b/cat"));
        check(Text, false, "a.b/cat.tar.gz", Some("a.b/cat.tar"));
        check(
            Text,
            false,
            "\u{65e5}\u{672c}/\u{1f431}.jpg",
            Some("\u{65e5}\u{672c}/\u{1f431}"),
        );
        check(Text, false, ".jpg", None);
        check(Text, true, ".jpg", Some(".jpg"));
    }
}
