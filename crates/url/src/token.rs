//! Token: a JSON Web Token (RFC 7519, HS256) that permits a set of addresses, as `docs/signing.md` of the server defines
//! it. One token serves every size and format of a page's images, so that the browser may choose. Only the writing side
//! is here.

use serde::Serialize;

use crate::words::Format;
use crate::{Error, ImageUrl, Key, LARGEST_SIDE};

/// The parameter of a token. Servers with another `token_parameter` take the token as a command of that name.
pub(crate) const PARAMETER: &str = "URISigningPackage";

/// The latest time at which a permission may end: 12 digits.
pub(crate) const LATEST_EXPIRY: u64 = 999_999_999_999;

/// The addresses that a token permits. Commands that it does not name are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// A folder with a `/` at its end, or the path of one image, as plain text.
    pub prefix: String,
    /// When the token ends, in seconds since 1970.
    pub expires: u64,
    /// The least and the most pixels of `width` and `maxwidth`.
    pub width: Option<(u32, u32)>,
    /// The least and the most pixels of `height` and `maxheight`.
    pub height: Option<(u32, u32)>,
    /// The formats that may be asked for.
    pub formats: Vec<Format>,
    /// The presets that may be asked for.
    pub presets: Vec<String>,
    /// Other commands: `name=value`, or `name` with any value.
    pub commands: Vec<String>,
}

#[derive(Serialize)]
struct Claims<'g> {
    exp: u64,
    resizer: Granted<'g>,
}

#[derive(Serialize)]
struct Granted<'g> {
    prefix: &'g str,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    formats: Vec<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    presets: &'g [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    commands: &'g [String],
}

impl Grant {
    /// Everything below a prefix without commands, until a time in seconds since 1970.
    #[must_use]
    pub fn new(prefix: &str, expires: u64) -> Self {
        Self {
            prefix: prefix.to_owned(),
            expires,
            ..Self::default()
        }
    }

    /// The claims as JSON.
    fn claims(&self) -> Result<String, Error> {
        ImageUrl::new(&self.prefix).encoded_path()?;
        if self.expires > LATEST_EXPIRY {
            return Err(Error::Expiry(self.expires));
        }
        for (least, most) in self.width.iter().chain(&self.height) {
            if !(1..=LARGEST_SIDE).contains(most) || !(1..=*most).contains(least) {
                return Err(Error::Range(*least, *most));
            }
        }
        let claims = Claims {
            exp: self.expires,
            resizer: Granted {
                prefix: &self.prefix,
                width: self.width,
                height: self.height,
                formats: self.formats.iter().map(|format| format.word()).collect(),
                presets: &self.presets,
                commands: &self.commands,
            },
        };
        serde_json::to_string(&claims).map_err(|error| Error::Token(error.to_string()))
    }
}

impl Key {
    /// A token for these addresses.
    ///
    /// # Errors
    /// [`Error::Path`] and [`Error::Dots`] for the prefix, [`Error::Range`] for a range of sides, [`Error::Expiry`].
    pub fn token(&self, grant: &Grant) -> Result<String, Error> {
        let claims = grant.claims()?;
        Ok(self.signed_token(&claims))
    }
}
