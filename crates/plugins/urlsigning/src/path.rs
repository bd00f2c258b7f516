//! Paths as rules and grants compare them: without empty segments, and never with segments that lead elsewhere.

/// The path without its empty segments, because stores differ in what they make of them. `None` for a path that may
/// mean another one to a store or a proxy: with a segment `.` or `..`, a backslash or a control character.
pub(crate) fn plain(path: &str) -> Option<String> {
    let mut text = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if segment == "." || segment == ".." || segment.contains(|c: char| c == '\\' || c.is_control()) {
            return None;
        }
        text.push('/');
        text.push_str(segment);
    }
    Some(text)
}

/// Whether the path is below a prefix that ends with `/`, or is the prefix itself where it does not.
pub(crate) fn covers(prefix: &str, path: &str) -> bool {
    plain(path).is_some_and(|plain| match prefix.strip_prefix('/') {
        Some(_) if prefix.ends_with('/') => plain.starts_with(prefix),
        Some(_) => plain == prefix,
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_covers_what_is_below_it_and_nothing_that_leads_out() {
        let check = |prefix: &str, path: &str, expected: bool| {
            assert_eq!(covers(prefix, path), expected, "{prefix} {path}");
        };
        check("/a/", "/a/b.jpg", true);
        check("/a/", "//a//b.jpg", true);
        check("/", "/b.jpg", true);
        check("/a/b.jpg", "/a/b.jpg", true);
        check("/a/b.jpg", "/a/b.jpg.png", false);
        check("/a", "/ab/c.jpg", false);
        check("/a/", "/ab/c.jpg", false);
        check("/a/", "/A/b.jpg", false);
        check("/a/", "/a/../b.jpg", false);
        check("/a/", "/a/./b.jpg", false);
        check("/a/", "/a/..\\b.jpg", false);
        check("/a/", "/a/\u{0}b.jpg", false);
        check("a/", "/a/b.jpg", false);
        check("", "/a/b.jpg", false);
    }
}
