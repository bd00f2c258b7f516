//! "Did you mean": finds the valid name nearest to an unknown one.

/// Least similarity of two near names, from 0 to 1: one edit in three letters. A lower bound takes `max` for `min`, a
/// higher one misses two swapped letters of a short name.
const NEAR: f64 = 0.6;

/// The candidate nearest to the wanted name, if any is near. Case and the kind of dash do not count.
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let wanted = plain(wanted);
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&wanted, &plain(name));
    candidates
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_name_is_near_and_another_word_is_not() {
        let names = ["buckets", "prefix", "max_size", "s3reader", "filereader", "name"];
        let check = |wanted: &str, expected: Option<&str>| assert_eq!(nearest(wanted, names), expected, "{wanted}");
        check("bukets", Some("buckets"));
        check("max-size", Some("max_size"));
        check("S3Reader2", Some("s3reader"));
        check("FileReader", Some("filereader"));
        check("nmae", Some("name"));
        check("quality", None);
        check("port", None);
        check("", None);
    }
}
