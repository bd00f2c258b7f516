//! Warnings: the ignored parts of a query, as `X-Resizer-Warnings` tells them with the setting `warnings`. `rewrite`
//! makes them, and `respond` writes them, so that hits of a cache carry them too.

use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use resizer_imaging::{Ignored, IgnoredReason};

use crate::site::Site;

/// The header of warnings.
pub(crate) const X_RESIZER_WARNINGS: HeaderName = HeaderName::from_static("x-resizer-warnings");

/// The value of the header, kept with the request.
#[derive(Clone, Debug)]
pub(crate) struct Warnings(pub(crate) HeaderValue);

/// The ignored pairs without those that an enabled plugin reads.
pub(crate) fn unread(site: &Site, mut ignored: Vec<Ignored>) -> Vec<Ignored> {
    ignored.retain(|pair| match pair.reason {
        IgnoredReason::Unknown { .. } | IgnoredReason::NeedsPlugin => !site.is_plugin_key(&pair.key),
        _ => true,
    });
    ignored
}

impl Warnings {
    /// One sentence for each pair, in ASCII, between ` | `, up to a thousand bytes. `None` without a pair.
    pub(crate) fn of(ignored: &[Ignored]) -> Option<Self> {
        /// Proxies refuse long headers, mostly from 4 or 8 KB on for all of them together.
        const MOST_BYTES: usize = 1000;
        /// The bytes of one sentence, and of the last words, which tell how many sentences are left out.
        const SENTENCE_BYTES: usize = 300;
        const REST_BYTES: usize = 24;
        /// Control characters and all that is not ASCII are always escaped.
        const ESCAPED: &AsciiSet = &CONTROLS.add(b'|').add(b'%');
        let mut text = String::new();
        for (index, pair) in ignored.iter().enumerate() {
            let mut sentence = utf8_percent_encode(&pair.to_string(), ESCAPED).to_string();
            if sentence.len() > SENTENCE_BYTES {
                sentence.truncate(SENTENCE_BYTES - 3);
                sentence.push_str("...");
            }
            let separator = if index == 0 { "" } else { " | " };
            if text.len() + separator.len() + sentence.len() > MOST_BYTES - REST_BYTES {
                text.push_str(&format!("{separator}and {} more", ignored.len() - index));
                break;
            }
            text.push_str(separator);
            text.push_str(&sentence);
        }
        HeaderValue::try_from(text)
            .ok()
            .filter(|value| !value.is_empty())
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use resizer_imaging::Instructions;

    use super::Warnings;

    fn header(query: &str) -> Option<String> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, ignored) = Instructions::parse(pairs);
        Warnings::of(&ignored).map(|warnings| warnings.0.to_str().unwrap().to_owned())
    }

    #[test]
    fn warnings_are_sentences_in_ascii() {
        let check = |query: &str, expected: Option<&str>| assert_eq!(header(query).as_deref(), expected, "{query}");
        check("width=100", None);
        check(
            "widht=100&height=9px",
            Some(
                "`widht` is no known key; did you mean `width`? | `height=9px`: expected a whole number of pixels \
                 above 0; did you mean `9`?",
            ),
        );
        check("ä\r\n|%=1", Some("`%C3%A4%0D%0A%7C%25` is no known key"));
    }

    #[test]
    fn warnings_of_a_long_query_are_cut_short() {
        let long = format!("{}=1", "x".repeat(5000));
        let text = header(&long).unwrap();
        assert!(text.len() == 300 && text.ends_with("..."), "{text}");
        let many: Vec<String> = (0..500).map(|number| format!("unknown{number}=1")).collect();
        let text = header(&many.join("&")).unwrap();
        assert!(text.len() <= 1000 && text.contains(" | and "), "{text}");
        let told = text.matches("is no known key").count();
        assert!(text.ends_with(&format!("and {} more", 500 - told)), "{text}");
    }
}
