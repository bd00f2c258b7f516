//! Generator: the settings of a site's addresses (hosts, form, key), and the address of an image under them.

use crate::markup::{Candidates, Picture};
use crate::signing::Key;
use crate::token::{LATEST_EXPIRY, PARAMETER};
use crate::{Error, ImageUrl, hosts, markup, to_semicolons};

/// The settings of addresses. Without any, an address begins with its path, has its commands behind `?`, and is not
/// signed.
#[derive(Clone, Debug, Default)]
pub struct Generator {
    bases: Vec<String>,
    semicolons: bool,
    permission: Option<Permission>,
    expires: Option<u64>,
}

#[derive(Clone, Debug)]
enum Permission {
    Key(Key),
    Token(String),
}

impl Generator {
    /// A generator without settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The beginnings of addresses, such as `https://img1.example.org`, perhaps with the beginning of a path. Of several,
    /// the path of an image chooses one, and always the same. A signature covers nothing of the base: a CDN that is
    /// asked below a path has to remove it.
    ///
    /// # Errors
    /// [`Error::Base`] for anything but `http://` or `https://`, a host, and perhaps a path.
    pub fn bases<B: AsRef<str>>(mut self, bases: impl IntoIterator<Item = B>) -> Result<Self, Error> {
        self.bases = bases
            .into_iter()
            .map(|text| base(text.as_ref()))
            .collect::<Result<_, Error>>()?;
        Ok(self)
    }

    /// Whether commands stand behind semicolons in the path, as the plugin `cloudfront` reads them.
    #[must_use]
    pub fn semicolons(mut self, semicolons: bool) -> Self {
        self.semicolons = semicolons;
        self
    }

    /// The key that signs every address, in place of a token.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.permission = Some(Permission::Key(key));
        self
    }

    /// The token that every address has, in place of a signature: one of [`Key::token`].
    ///
    /// # Errors
    /// [`Error::Token`] for other characters than letters of ASCII, digits, `-`, `_` and `.`.
    pub fn token(mut self, token: &str) -> Result<Self, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if token.is_empty() || !token.chars().all(plain) {
            return Err(Error::Token("it has other characters than a JSON Web Token".to_owned()));
        }
        self.permission = Some(Permission::Token(token.to_owned()));
        Ok(self)
    }

    /// When signatures end, in seconds since 1970. Each time makes an address of its own for caches: round it up, for
    /// example to the next midnight. Without a key it has no effect.
    #[must_use]
    pub fn expires(mut self, seconds: u64) -> Self {
        self.expires = Some(seconds);
        self
    }

    /// The address of an image.
    ///
    /// # Errors
    /// The first fault of the image; [`Error::Semicolon`] if the path cannot be said in the form with semicolons;
    /// [`Error::Unsignable`] and [`Error::Expiry`] if it is to be signed and cannot be.
    pub fn url(&self, image: &ImageUrl) -> Result<String, Error> {
        let path = image.encoded_path()?;
        let mut commands = image.encoded_commands();
        if let Some(Permission::Token(token)) = &self.permission {
            commands.push(format!("{PARAMETER}={token}"));
        }
        if let Some(Permission::Key(key)) = &self.permission {
            if path.contains("%3B") {
                return Err(Error::Unsignable(path));
            }
            if let Some(seconds) = self.expires.filter(|seconds| *seconds > LATEST_EXPIRY) {
                return Err(Error::Expiry(seconds));
            }
            key.sign(&path, &mut commands, self.expires);
        }
        let separator = if commands.is_empty() { "" } else { "?" };
        let target = format!("{path}{separator}{}", commands.join("&"));
        let target = if self.semicolons {
            to_semicolons(&target)?
        } else {
            target
        };
        Ok(format!(
            "{}{target}",
            hosts::choose(&self.bases, &path).unwrap_or_default()
        ))
    }

    /// The value of an attribute `srcset`, not yet escaped for HTML. With widths, a height of the image keeps its
    /// proportion to the width.
    ///
    /// # Errors
    /// As [`Self::url`]; and [`Error::Candidates`] for an empty list.
    pub fn srcset(&self, image: &ImageUrl, candidates: &Candidates) -> Result<String, Error> {
        markup::srcset(self, image, candidates)
    }

    /// A `<picture>` element, on one line.
    ///
    /// # Errors
    /// As [`Self::srcset`]; [`Error::Formats`] and [`Error::Attribute`] for what HTML has no place for.
    pub fn picture(&self, image: &ImageUrl, picture: &Picture) -> Result<String, Error> {
        markup::picture(self, image, picture)
    }
}

/// Checks a base, and removes the slashes at its end.
fn base(text: &str) -> Result<String, Error> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"?#;\\\"'<>".contains(c);
    match host {
        Some(host) if !host.is_empty() && !host.starts_with(['/', ':']) && host.chars().all(plain) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(Error::Base(text.to_owned())),
    }
}
