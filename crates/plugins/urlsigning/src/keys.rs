//! Keys of signatures and tokens: found by their names, each valid until it retires.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use resizer_plugin_api::{Secret, text_setting};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::Sha256;

use crate::refusal::Refusal;

/// The fewest bytes of a secret.
const LEAST_BYTES: usize = 16;
/// The same for Imageflow Server, which has no rule, and whose sites have short ones.
pub(crate) const LEAST_IMAGEFLOW_BYTES: usize = 8;
const MOST_ID_BYTES: usize = 64;

/// One key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// The name that signed addresses call it by in `kid`: 1 to 64 letters, digits, `-`, `.` and `_`.
    pub id: String,
    /// The secret, at least 16 bytes: `openssl rand -base64 32` makes one.
    pub secret: Secret,
    /// When the key is refused from, in UTC: `"2027-01-31"` or `"2027-01-31T12:00:00Z"`. By default never.
    pub retires: Option<Retirement>,
}

/// A time of UTC, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement(u64);

text_setting!(Retirement, "a date such as \"2027-01-31\"", schema = { "type": "string" });

/// All keys, ready to sign.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    retires: Option<Retirement>,
    /// Holds the secret, as two states of SHA-256.
    mac: Hmac<Sha256>,
}

impl Keys {
    /// Adds a key.
    ///
    /// # Errors
    /// A sentence, if the name or the secret cannot be one. It does not show the secret.
    pub(crate) fn add(&mut self, config: KeyConfig) -> Result<(), String> {
        let id = config.id;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if id.is_empty() || id.len() > MOST_ID_BYTES || !id.bytes().all(is_plain) {
            return Err(format!("`{id}` is no name of a key: write letters, digits, -, . and _"));
        }
        if self.keys.iter().any(|key| key.id == id) {
            return Err(format!("there are two keys `{id}`"));
        }
        let mac = mac_of(&config.secret, LEAST_BYTES).map_err(|fault| format!("the secret of `{id}` {fault}"))?;
        self.keys.push(Key {
            id,
            retires: config.retires,
            mac,
        });
        Ok(())
    }

    /// The HMAC of the key with this name, before its first byte.
    ///
    /// # Errors
    /// `UnknownKey` or `RetiredKey`.
    pub(crate) fn find(&self, id: &str, now: u64) -> Result<Hmac<Sha256>, Refusal> {
        let key = self.keys.iter().find(|key| key.id == id).ok_or(Refusal::UnknownKey)?;
        match key.retires {
            Some(Retirement(time)) if now >= time => Err(Refusal::RetiredKey),
            _ => Ok(key.mac.clone()),
        }
    }
}

/// The HMAC of a secret's text.
///
/// # Errors
/// The end of a sentence, for a secret that could be guessed.
pub(crate) fn mac_of(secret: &Secret, least_bytes: usize) -> Result<Hmac<Sha256>, String> {
    let bytes = secret.expose().as_bytes();
    if bytes.len() < least_bytes {
        return Err(format!(
            "has fewer than {least_bytes} bytes: `openssl rand -base64 32` makes a good one"
        ));
    }
    Hmac::new_from_slice(bytes).map_err(|_| "is no key of an HMAC".to_owned())
}

/// Whether these are the first bytes of the HMAC of a message, at least 16 of them. Takes the same time wherever they
/// differ.
pub(crate) fn is_genuine(mut mac: Hmac<Sha256>, message: &[u8], claimed: &[u8]) -> bool {
    mac.update(message);
    (16..=32).contains(&claimed.len()) && mac.verify_truncated_left(claimed).is_ok()
}

impl TryFrom<String> for Retirement {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        seconds_of(&text)
            .map(Self)
            .ok_or("write a date of UTC after 1970, as in \"2027-01-31\" or \"2027-01-31T12:00:00Z\"")
    }
}

/// The seconds from 1970 to a date, with or without a time. The day's number is the one of the Gregorian calendar, with
/// years that begin in March so that the leap day is their last.
fn seconds_of(text: &str) -> Option<u64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time.strip_suffix('Z')?)),
        None => (text, None),
    };
    let number = |text: &str, digits: usize| -> Option<u64> {
        let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok())?
    };
    let mut parts = date.split('-');
    let (year, month, day) = (
        number(parts.next()?, 4)?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    );
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || year < 1970 || day < 1 || day > days_of_month {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days_since_0000_03_01 = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    let days = days_since_0000_03_01.checked_sub(719_468)?;
    let seconds = match time {
        None => 0,
        Some(time) => {
            let mut parts = time.split(':');
            let (hour, minute, second) = (
                number(parts.next()?, 2)?,
                number(parts.next()?, 2)?,
                number(parts.next()?, 2)?,
            );
            if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
                return None;
            }
            hour * 3600 + minute * 60 + second
        }
    };
    Some(days * 86_400 + seconds)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("retires", &self.retires)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_the_seconds_that_the_program_date_counts() {
        // The numbers are those of `date -u -d … +%s`.
        let check = |text: &str, expected: Option<u64>| assert_eq!(seconds_of(text), expected, "{text}");
        check("1970-01-01", Some(0));
        check("2000-02-29", Some(951_782_400));
        check("2000-03-01", Some(951_868_800));
        check("2027-01-31T12:00:00Z", Some(1_801_396_800));
        check("2100-03-01", Some(4_107_542_400));
        check("9999-12-31T23:59:59Z", Some(253_402_300_799));
        for wrong in [
            "",
            "2027",
            "2027-13-01",
            "2027-02-29",
            "2100-02-29",
            "2027-1-1",
            "1969-12-31",
            "2027-01-31T24:00:00Z",
            "2027-01-31T12:00:00",
            "2027-01-31 12:00:00Z",
            "2027-01-31-01",
            "+027-01-31",
        ] {
            check(wrong, None);
        }
    }
}
