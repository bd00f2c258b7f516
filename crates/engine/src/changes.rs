//! Changes by plugins: the handlers of a request's events, and the part of the request that each of them changed. A
//! trail records them for [`crate::explain`] alone, as it takes copies of query and headers.

use http::HeaderMap;
use resizer_plugin_api::Query;
use serde::Serialize;

/// One handler's changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The event, as `resizer-host plan` names it.
    pub event: &'static str,
    /// The plugin.
    pub plugin: &'static str,
    /// The changes, in a few words each. Empty for a handler that changed nothing.
    pub changes: Vec<String>,
}

/// The difference between two texts under one name.
pub(crate) fn of_text(name: &str, before: &str, after: &str) -> Option<String> {
    (before != after).then(|| format!("{name} {before} becomes {after}"))
}

/// The keys whose values are new, different, or gone.
pub(crate) fn of_query(before: &Query, after: &Query) -> Vec<String> {
    let values = |query: &Query, key: &str| -> Vec<String> {
        let pairs = query.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        pairs.map(|(_, value)| value.to_owned()).collect()
    };
    let came = after.iter().enumerate().filter_map(|(index, (key, _))| {
        let is_first = !after.iter().take(index).any(|(name, _)| name.eq_ignore_ascii_case(key));
        let (old, new) = (values(before, key), values(after, key));
        let change = match old.is_empty() {
            true => format!("{key}={} is added", new.join(", ")),
            false => format!("{key}={} becomes {}", old.join(", "), new.join(", ")),
        };
        (is_first && old != new).then_some(change)
    });
    let gone = before
        .iter()
        .filter(|(key, _)| !after.contains(key))
        .map(|(key, value)| format!("{key}={value} is removed"));
    came.chain(gone).collect()
}

/// The headers whose values are new, different, or gone.
pub(crate) fn of_headers(before: &HeaderMap, after: &HeaderMap) -> Vec<String> {
    let values = |headers: &HeaderMap, name: &http::HeaderName| -> Vec<String> {
        let values = headers.get_all(name).into_iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    };
    let came = after.keys().filter_map(|name| {
        let value = values(after, name);
        (value != values(before, name)).then(|| format!("header {name}: {}", value.join(", ")))
    });
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    came.chain(gone.map(|name| format!("header {name} is removed")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_a_query_are_told_by_key() {
        let check = |before: &str, after: &str, expected: &[&str]| {
            assert_eq!(of_query(&Query::parse(before), &Query::parse(after)), expected);
        };
        check("width=1&height=2", "WIDTH=1&height=2", &[]);
        check("width=1&width=2", "width=1&width=2", &[]);
        check("width=1", "width=2", &["width=1 becomes 2"]);
        check("width=1&width=3", "width=2", &["width=1, 3 becomes 2"]);
        check(
            "width=1&preset=a",
            "width=1&height=5",
            &["height=5 is added", "preset=a is removed"],
        );
    }
}
