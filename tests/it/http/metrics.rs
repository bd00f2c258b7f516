//! Metrics page: a strict reader of Prometheus' text format (version 0.0.4) reads `/metrics`, and the docs name each
//! metric.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::photographs::thumbnail;
use super::server::Server;

/// One sample: its labels, but for a histogram's `le`, then `le`, then the value.
type Sample = (BTreeMap<String, String>, Option<String>, f64);

/// A family of samples as the text has them.
#[derive(Default)]
struct Family {
    kind: String,
    /// By the name of the sample, which for histograms is longer than the family's.
    samples: BTreeMap<String, Vec<Sample>>,
}

/// Reads the whole page, or says what is wrong with it.
fn read(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    if !text.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    for line in text.lines() {
        let wrong = |what: &str| format!("{what}: {line}");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').ok_or_else(|| wrong("no help"))?;
            let plain = help.matches('\\').count() == help.matches("\\\\").count() * 2 + help.matches("\\n").count();
            if help.is_empty() || !plain || families.contains_key(name) {
                return Err(wrong("help that is none, or a second one"));
            }
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or_else(|| wrong("no type"))?;
            let known = ["counter", "gauge", "histogram"].contains(&kind);
            if !is_name(name, true) || !known || families.contains_key(name) {
                return Err(wrong("no name, an unknown type, or a second one"));
            }
            current = name.to_owned();
            let kind = kind.to_owned();
            families.insert(
                current.clone(),
                Family {
                    kind,
                    samples: BTreeMap::new(),
                },
            );
        } else {
            let (name, sample) = sample(line).ok_or_else(|| wrong("no sample"))?;
            let family = families
                .get_mut(&current)
                .ok_or_else(|| wrong("a sample without a type"))?;
            let suffix = name
                .strip_prefix(current.as_str())
                .ok_or_else(|| wrong("another family's sample"))?;
            let fits = match family.kind.as_str() {
                "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                "counter" => suffix.is_empty() && name.ends_with("_total") && sample.2 >= 0.0,
                _ => suffix.is_empty(),
            };
            if !fits || (sample.1.is_some() != (suffix == "_bucket")) {
                return Err(wrong("no sample of such a family"));
            }
            let samples = family.samples.entry(name.to_owned()).or_default();
            if samples.iter().any(|known| known.0 == sample.0 && known.1 == sample.1) {
                return Err(wrong("a second sample"));
            }
            samples.push(sample);
        }
    }
    for (name, family) in &families {
        if family.kind == "histogram" {
            adds_up(name, family)?;
        }
        if family.samples.is_empty() {
            return Err(format!("{name} has no samples"));
        }
    }
    Ok(families)
}

/// `NAME{LABEL="VALUE",…} NUMBER`
fn sample(line: &str) -> Option<(&str, Sample)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(list) = rest.strip_prefix('{') {
        rest = list;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let mut value = String::new();
            let mut letters = after.char_indices();
            let end = loop {
                match letters.next()? {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match letters.next()?.1 {
                        'n' => '\n',
                        letter @ ('\\' | '"') => letter,
                        _ => return None,
                    }),
                    (_, letter) => value.push(letter),
                }
            };
            if !is_name(label, false) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            rest = &after[end + 1..];
            match rest.split_at_checked(1)? {
                (",", after) => rest = after,
                ("}", after) => break rest = after,
                _ => return None,
            }
        }
    }
    let number = rest.strip_prefix(' ')?.parse().ok()?;
    let le = labels.remove("le");
    is_name(name, true).then_some((name, (labels, le, number)))
}

fn is_name(name: &str, colons: bool) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':'))
}

/// Buckets rise, by their ends and by what they count, up to one without an end that holds all.
fn adds_up(name: &str, family: &Family) -> Result<(), String> {
    let of = |suffix: &str| {
        family
            .samples
            .get(&format!("{name}{suffix}"))
            .map_or(&[][..], Vec::as_slice)
    };
    let mut seen = 0;
    for (labels, _, count) in of("_count") {
        let wrong = |what: &str| Err(format!("{name} {labels:?}: {what}"));
        let buckets: Vec<_> = of("_bucket").iter().filter(|bucket| bucket.0 == *labels).collect();
        seen += buckets.len();
        let ends: Vec<f64> = buckets
            .iter()
            .filter_map(|bucket| bucket.1.as_ref()?.parse().ok())
            .collect();
        if ends.len() != buckets.len() || !ends.is_sorted_by(|one, other| one < other) {
            return wrong("ends that do not rise");
        }
        if !buckets.is_sorted_by(|one, other| one.2 <= other.2) {
            return wrong("counts that fall");
        }
        let last = buckets.last().map(|bucket| (bucket.1.as_deref(), bucket.2));
        if last != Some((Some("+Inf"), *count)) {
            return wrong("the last bucket is not all");
        }
        let sums: Vec<_> = of("_sum").iter().filter(|sum| sum.0 == *labels).collect();
        if !matches!(sums[..], [sum] if sum.2 >= 0.0 && (*count > 0.0 || sum.2 == 0.0)) {
            return wrong("no sum");
        }
    }
    if seen == of("_bucket").len() && of("_sum").len() == of("_count").len() {
        Ok(())
    } else {
        Err(format!("{name} has buckets or sums without a count"))
    }
}

#[test]
fn reader_of_prometheus_text_refuses_what_is_malformed() {
    let histogram = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3.5\nh_count 2\n";
    for right in [
        "# HELP a_total As.\n# TYPE a_total counter\na_total 1\n",
        "# TYPE g gauge\ng{a=\"x\\\"y\\\\\",b=\"\"} -1.5\ng 2\n",
        histogram,
    ] {
        assert_eq!(read(right).err(), None, "{right}");
    }
    for wrong in [
        "# TYPE g gauge\ng 1".to_owned(),
        "g 1\n".to_owned(),
        "# TYPE g gauge\n".to_owned(),
        "# TYPE g dial\ng 1\n".to_owned(),
        "# TYPE g gauge\ng  1\n".to_owned(),
        "# TYPE g gauge\ng one\n".to_owned(),
        "# TYPE g gauge\ng{a=\"1\",} 1\n".to_owned(),
        "# TYPE g gauge\ng{a=\"1\"b=\"2\"} 1\n".to_owned(),
        "# TYPE g gauge\ng{a=\"1\",a=\"2\"} 1\n".to_owned(),
        "# TYPE g gauge\ng{a=\"\\x\"} 1\n".to_owned(),
        "# TYPE g gauge\ng{1=\"\"} 1\n".to_owned(),
        "# TYPE g gauge\ng 1\ng 2\n".to_owned(),
        "# TYPE g gauge\ng 1\n# TYPE g gauge\n".to_owned(),
        "# TYPE g gauge\ng 1\n# TYPE f gauge\nf 1\ng{a=\"1\"} 1\n".to_owned(),
        "# TYPE c counter\nc 1\n".to_owned(),
        "# TYPE c_total counter\nc_total -1\n".to_owned(),
        histogram.replace("h_count 2", "h_count 1"),
        histogram.replace("h_sum 3.5\n", ""),
        histogram.replace("h_count 2\n", ""),
        histogram.replace("le=\"1\"} 1", "le=\"1\"} 3"),
        histogram.replace("+Inf", "2"),
        histogram.replace("le=\"1\"", "le=\"one\""),
    ] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}

/// A server with every cache, and after requests of all kinds.
fn busy() -> Server {
    let configuration = "\
        [server]\n\
        [[plugin]]\nname = \"sourcememcache\"\nprefixes = [\"/\"]\n\
        [[plugin]]\nname = \"sourcediskcache\"\nfolder = \"originals\"\nprefixes = [\"/\"]\nmax_size = \"100MB\"\n\
        [[plugin]]\nname = \"memcache\"\nmax_size = \"10MB\"\n\
        [[plugin]]\nname = \"diskcache\"\nfolder = \"results\"\nmax_size = \"100MB\"\n\
        [[plugin]]\nname = \"filereader\"\nfolder = \"images\"\n";
    let server = Server::start(configuration, &[("a.jpg", thumbnail()), ("b.jpg", b"no image")]);
    for (target, status) in [
        ("/a.jpg?width=20", 200),
        ("/a.jpg?width=20", 200),
        ("/a.jpg", 200),
        ("/b.jpg?width=20", 415),
        ("/none.jpg", 404),
        ("/elsewhere", 404),
    ] {
        assert_eq!(server.get(target).status, status, "{target}");
    }
    server
}

#[test]
fn metrics_of_a_busy_server_are_well_formed() {
    let server = busy();
    let page = server.admin("/metrics", &[]);
    let families = read(page.text()).unwrap_or_else(|wrong| panic!("{wrong}"));
    let value = |name: &str, labels: &[(&str, &str)]| {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let labels: BTreeMap<_, _> = labels.collect();
        let samples = families
            .values()
            .filter_map(|family| family.samples.get(name))
            .flatten();
        let mut found = samples.filter(|sample| sample.0 == labels && sample.1.is_none());
        found.next().map_or(0.0, |sample| sample.2)
    };
    for (name, labels, expected) in [
        (
            "resizer_responses_total",
            &[("status", "200"), ("plugin", "filereader")][..],
            3.0,
        ),
        (
            "resizer_responses_total",
            &[("status", "415"), ("plugin", "filereader")],
            1.0,
        ),
        // Below `/` all is the folder's; what is no name of an image does not come as far as a source.
        (
            "resizer_responses_total",
            &[("status", "404"), ("plugin", "filereader")],
            1.0,
        ),
        ("resizer_responses_total", &[("status", "404"), ("plugin", "none")], 1.0),
        ("resizer_errors_total", &[("kind", "not_found")], 2.0),
        ("resizer_request_seconds_count", &[("cache", "hit")], 1.0),
        ("resizer_stage_seconds_count", &[("stage", "encode")], 1.0),
        (
            "resizer_cache_lookups_total",
            &[("plugin", "memcache"), ("outcome", "hit")],
            1.0,
        ),
        (
            "resizer_cache_lookups_total",
            &[("plugin", "diskcache"), ("outcome", "hit")],
            0.0,
        ),
        ("resizer_work_queued", &[], 0.0),
        ("resizer_admitted_bytes", &[("for", "pixels")], 0.0),
        ("resizer_refusals_total", &[("reason", "queue_full")], 0.0),
        ("resizer_config_generation", &[], 1.0),
    ] {
        assert_eq!(value(name, labels), expected, "{name} {labels:?}");
    }
}

#[test]
fn openmetrics_where_accept_asks_for_it_has_its_type_and_end() {
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    let page = busy().admin("/metrics", &[("Accept", accept)]);
    let content_type = page.header("content-type").unwrap();
    assert_eq!(
        content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = page.text();
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    for line in [
        "# TYPE resizer_decodes counter",
        "resizer_decodes_total 1",
        "resizer_config_generation 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[test]
fn docs_name_each_metric_and_no_other() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let named = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names = words.filter(|word| word.starts_with("resizer_"));
        names.map(str::to_owned).collect()
    };
    let operating = fs::read_to_string(docs.join("operating.md")).unwrap();
    let (_, operating) = operating.split_once("\n## Metrics\n").unwrap();
    let operating = named(operating.split("\n## ").next().unwrap());
    let mut all = operating.clone();
    for page in fs::read_dir(docs.join("plugins")).unwrap() {
        all.extend(named(&fs::read_to_string(page.unwrap().path()).unwrap()));
    }
    let families = read(busy().admin("/metrics", &[]).text()).unwrap();
    let shown: BTreeSet<String> = families.into_keys().collect();
    let unnamed: Vec<_> = shown.difference(&all).collect();
    assert!(unnamed.is_empty(), "in no page of docs/: {unnamed:?}");
    let gone: Vec<_> = operating.difference(&shown).collect();
    assert!(gone.is_empty(), "in docs/operating.md, but not in /metrics: {gone:?}");
}
