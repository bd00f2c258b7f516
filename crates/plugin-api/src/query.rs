//! Querystring: an ordered list of decoded pairs. Keys compare without case, and the first of two equal keys wins, as
//! plugins and image commands expect. The engine reads it from the request line; rewrite handlers change it.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters to escape in a written query: all but the unreserved ones of RFC 3986, and the few others that a
/// query may hold and that image commands use (`crop=0,0,100,100`, `404=/a/b.png`).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b'/')
    .remove(b':');

/// An ordered, decoded querystring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Splits at `&` and the first `=`, and decodes `+` and `%XX` once. Never fails: invalid UTF-8 becomes U+FFFD, and
    /// empty pairs are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pairs = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(key), decode(value))
            })
            .collect();
        Self { pairs }
    }

    /// Reads commands as ImageResizer writes them outside of a URL's query: separated by `;` or `&`, perhaps with
    /// spaces around them and a `?` before them, otherwise as [`Query::parse`] does. Of two equal keys, the last wins.
    #[must_use]
    pub fn parse_commands(text: &str) -> Self {
        let text = text.trim().trim_start_matches('?');
        let pairs: Vec<&str> = text.split([';', '&']).map(str::trim).collect();
        let mut query = Self::default();
        for (key, value) in Self::parse(&pairs.join("&")).iter() {
            query.set(key, value);
        }
        query
    }

    /// The first value under this key, in any case.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    }

    /// Whether the key stands in the query, with whatever value.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Puts one value under this key in place of all its values. A new key goes to the end.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        let value = value.into();
        match self.pairs.iter().position(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some(first) => {
                self.pairs[first].1 = value;
                let mut index = 0;
                self.pairs.retain(|(name, _)| {
                    index += 1;
                    index - 1 <= first || !name.eq_ignore_ascii_case(key)
                });
            }
            None => self.pairs.push((key.to_owned(), value)),
        }
    }

    /// Adds a pair at the end, whether or not its key stands there already.
    pub fn append(&mut self, key: &str, value: &str) {
        self.pairs.push((key.to_owned(), value.to_owned()));
    }

    /// Removes every value of this key; true if there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
        self.pairs.len() < before
    }

    /// The pairs in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// True without a single pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// Written so that [`Query::parse`] reads the same pairs again.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            write!(f, "{separator}{}", utf8_percent_encode(key, ESCAPED))?;
            // Without its sign, a pair of nothing and nothing would be no pair when it is read.
            if !value.is_empty() || key.is_empty() {
                write!(f, "={}", utf8_percent_encode(value, ESCAPED))?;
            }
        }
        Ok(())
    }
}

fn decode(text: &str) -> String {
    if !text.contains(['+', '%']) {
        return text.to_owned();
    }
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parsed_keeps_order_and_decodes_once() {
        let query = Query::parse("Width=1&&crop=(0%2c1)&a=b=c&bare&w=a+b%2520");
        let pairs: Vec<_> = query.iter().collect();
        assert_eq!(
            pairs,
            [
                ("Width", "1"),
                ("crop", "(0,1)"),
                ("a", "b=c"),
                ("bare", ""),
                ("w", "a b%20")
            ]
        );
        assert_eq!(query.get("WIDTH"), Some("1"));
    }

    #[test]
    fn commands_with_semicolons_are_separated() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Query::parse_commands(text).to_string(), expected, "{text}");
        };
        check("width=100;crop=auto", "width=100&crop=auto");
        check(" ?w=1; h=2 &mode=max;", "w=1&h=2&mode=max");
        check("w=1;W=2", "w=2");
        check("a=b%3Bc", "a=b%3Bc");
        check(" ; ", "");
    }

    #[test]
    fn key_set_again_replaces_every_spelling_in_place() {
        let mut query = Query::parse("w=1&h=2&W=3");
        query.set("w", "9");
        assert_eq!(query.to_string(), "w=9&h=2");
        assert!(query.remove("H"));
        query.set("mode", "max");
        assert_eq!(query.to_string(), "w=9&mode=max");
    }

    #[test]
    fn query_written_and_parsed_is_equal() {
        let query = Query::parse("a=%26%3D%2B%25&ü=%F0%9F%98%80&e");
        assert_eq!(Query::parse(&query.to_string()), query);
    }

    #[test]
    fn empty_key_is_written_and_read_back() {
        for text in ["=", "=&a=1", "a=1&=", "=b"] {
            let query = Query::parse(text);
            assert_eq!(query.to_string(), text);
            assert_eq!(Query::parse(&query.to_string()), query, "{text}");
        }
    }
}
