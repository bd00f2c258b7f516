//! Types of single settings. They refuse text that would change a store's address, at its line of `plugins.toml`.

use resizer_plugin_api::text_setting;
use schemars::JsonSchema;

/// The name of a container: lower-case letters, digits and hyphens, or `$root` or `$web`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(inline, try_from = "String")]
pub struct ContainerName(String);

/// The name of a storage account: lower-case letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline, try_from = "String")]
pub struct AccountName(String);

text_setting!(ContainerName, "a container such as \"photos\"");
text_setting!(AccountName, "an account such as \"shopimages\"");

/// The reason why a text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It cannot be the name of a container.
    #[error("a container's name has 3 to 63 lower-case letters, digits and hyphens, as in \"photos\"")]
    Container,
    /// It cannot be the name of an account.
    #[error("an account's name has 3 to 24 lower-case letters and digits, as in \"shopimages\"")]
    Account,
}

impl ContainerName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lets a container be looked up by a segment of a URL.
impl std::borrow::Borrow<str> for ContainerName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AccountName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContainerName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let special = matches!(name.as_str(), "$root" | "$web");
        let fits = (3..=63).contains(&name.len()) && name.chars().all(plain);
        if special || fits {
            Ok(Self(name))
        } else {
            Err(NameError::Container)
        }
    }
}

impl TryFrom<String> for AccountName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (3..=24).contains(&name.len()) && name.chars().all(plain);
        if fits { Ok(Self(name)) } else { Err(NameError::Account) }
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
        check::<ContainerName>(
            &["photos", "a-1", "$root", "$web"],
            &["", "ab", "Photos", "a/b", "a.b", "$logs", "äöü"],
        );
        check::<AccountName>(
            &["shop1", "devstoreaccount1"],
            &["", "ab", "Shop", "shop-1", "shop.evil"],
        );
    }
}
