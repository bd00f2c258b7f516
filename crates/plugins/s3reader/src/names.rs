//! Types of single settings. They refuse text that would change a store's address, at its line of `plugins.toml`.

use resizer_plugin_api::text_setting;
use schemars::JsonSchema;

/// The name of a bucket: letters, digits, `.`, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(inline, try_from = "String")]
pub struct BucketName(String);

/// A region's name: letters, digits, `-` and `_`. The default is `us-east-1`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, serde::Serialize)]
#[schemars(inline, try_from = "String")]
pub struct Region(String);

/// The prefix of the keys of the served objects, without the trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline, try_from = "String")]
pub struct Folder(String);

text_setting!(BucketName, "a bucket such as \"photos\"");
text_setting!(Region, "a region such as \"eu-west-1\"");
text_setting!(Folder, "a folder such as \"shop/2024\"");

/// The reason why a text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It cannot be the name of a bucket.
    #[error(
        "a bucket's name has letters, digits, `.`, `-` and `_` and begins with a letter or digit, as in \"photos\""
    )]
    Bucket,
    /// It cannot be the name of a region.
    #[error("a region's name has letters, digits, `-` and `_`, as in \"eu-west-1\"")]
    Region,
    /// It cannot be a folder.
    #[error("a folder has no empty and no dot segments and no control characters, as in \"shop/2024\"")]
    Folder,
}

impl BucketName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lets a bucket be looked up by a segment of a URL.
impl std::borrow::Borrow<str> for BucketName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

impl Folder {
    /// The folder, without slashes around it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BucketName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        let fits = begins && name.len() <= 255 && name.chars().all(plain);
        if fits { Ok(Self(name)) } else { Err(NameError::Bucket) }
    }
}

impl TryFrom<String> for Region {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let fits = !name.is_empty() && name.len() <= 64 && name.chars().all(plain);
        if fits { Ok(Self(name)) } else { Err(NameError::Region) }
    }
}

impl TryFrom<String> for Folder {
    type Error = NameError;

    fn try_from(folder: String) -> Result<Self, NameError> {
        let folder = folder.strip_prefix('/').unwrap_or(&folder);
        let folder = folder.strip_suffix('/').unwrap_or(folder);
        let odd = |segment: &str| matches!(segment, "" | "." | "..");
        if folder.split('/').any(odd) || folder.chars().any(char::is_control) {
            return Err(NameError::Folder);
        }
        Ok(Self(folder.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accepted_or_refused() {
        fn check<T: TryFrom<String>>(good: &[&str], bad: &[&str]) {
            for (names, expected) in [(good, true), (bad, false)] {
                for name in names {
                    assert_eq!(T::try_from((*name).to_owned()).is_ok(), expected, "{name:?}");
                }
            }
        }
        check::<BucketName>(
            &["photos", "a.b-c", "Old_Bucket"],
            &["", ".a", "a/b", "a b", "ä", "a@b", "a?b"],
        );
        check::<Region>(&["eu-west-1", "auto", "US_EAST"], &["", "a.b", "a/b", "eu west"]);
        check::<Folder>(&["a", "/a/b/", "ä b+%"], &["", "/", "a//b", "../a", "a/.", "a\nb"]);
    }
}
