//! `resizer-host explain`: tells what a URL means with a configuration, which parts of it are ignored, what each plugin
//! changes, and what the answer will be. No source is fetched, and no server has to run.

use std::fmt::Write as _;

use resizer_engine::{ExplainedSource, Explanation, PicturePart};
use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{Metrics, RequestHead};

use crate::cli::{Explain, ExplainSource};
use crate::complaint::{Complaint, read_configuration};
use crate::settings;

/// Explains one URL. Without a configuration at the usual place it is explained without plugins.
#[expect(clippy::disallowed_methods, reason = "a command line tool blocks no request")]
pub(super) fn explain(arguments: Explain) -> Result<u8, Complaint> {
    let head = head(&arguments.url).map_err(Complaint::new)?;
    let is_named = arguments.config.is_named();
    let path = arguments.config.path();
    let text = if !is_named && !path.exists() {
        String::new()
    } else {
        read_configuration(&path)?
    };
    let (loaded, problems) = settings::load(&path, &text, &Resources::default(), &Metrics::default());
    let (loaded, server) = loaded.ok_or_else(|| Complaint::report(problems.render(&path, &text)))?;
    let file = match &arguments.source {
        Some(ExplainSource::File(path)) => {
            let bytes = std::fs::read(path);
            Some(bytes.map_err(|error| Complaint::new(format!("{}: {error}", path.display())))?)
        }
        _ => None,
    };
    let source = match (&arguments.source, &file) {
        (Some(ExplainSource::Size(width, height)), _) => Some(ExplainedSource::Size(*width, *height)),
        (_, Some(bytes)) => Some(ExplainedSource::Bytes(bytes)),
        _ => None,
    };
    let mut explanation = resizer_engine::explain(loaded, head, source);
    if !explanation.headers.is_empty() {
        let value = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let extra = server.headers.iter();
        let extra = extra.map(|(name, text)| (name.name().to_string(), value(text.value())));
        explanation.headers.extend(extra);
    }
    crate::print(&if arguments.json {
        format!(
            "{}\n",
            serde_json::to_string_pretty(&explanation).map_err(Complaint::new)?
        )
    } else {
        in_words(&explanation)
    })
}

/// The request for a URL: a path with a query, with or without scheme and host before it.
fn head(url: &str) -> Result<RequestHead, &'static str> {
    const EXPECTED: &str = "a URL begins with a path, as in '/album/lake.jpg?width=400', or with http:// and a host";
    let url = url.split('#').next().unwrap_or_default();
    let (scheme, rest) = if let Some(rest) = url.strip_prefix("https://") {
        ("https", rest)
    } else if let Some(rest) = url.strip_prefix("http://") {
        ("http", rest)
    } else {
        ("", url)
    };
    let (host, target) = if scheme.is_empty() {
        ("", rest)
    } else {
        rest.split_at(rest.find('/').ok_or(EXPECTED)?)
    };
    if !target.starts_with('/') {
        return Err(EXPECTED);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut head = RequestHead::get(path, query);
    if !scheme.is_empty() {
        head.scheme = if scheme == "https" { "https" } else { "http" };
        head.host = host.to_owned().into();
    }
    Ok(head)
}

/// The explanation for people: a line for each decision.
fn in_words(told: &Explanation) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| _ = writeln!(text, "{name:<20} {value}");
    line("path", &told.path);
    line("query", or_none(&told.query));
    for change in &told.changes {
        let what = if change.changes.is_empty() {
            "changes nothing".to_owned()
        } else {
            change.changes.join("; ")
        };
        line(change.event, &format!("{}: {what}", change.plugin));
    }
    if let Some(end) = &told.end {
        line("ends here", end);
    }
    line("instructions", or_none(&told.instructions));
    for pair in &told.ignored {
        line("ignored", &pair.reason);
    }
    match &told.source {
        Some(source) => line(
            "source",
            &format!("{} at {}: {}", source.plugin, source.prefix, source.key),
        ),
        None if told.end.is_none() => line("source", "none is mounted at a prefix of this path"),
        None => {}
    }
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" };
    if let Some(processed) = told.processed {
        line("processed", yes_or_no(processed));
    }
    if let Some(cached) = told.cached {
        line("cached", yes_or_no(cached));
    }
    if let Some(format) = &told.format {
        line("format", &format!("{}: {}", format.name, format.reason));
    }
    if let Some(refusal) = &told.refusal {
        line("refused", refusal);
    }
    if let Some(picture) = &told.picture {
        for (name, value) in picture_in_words(picture) {
            line(name, &value);
        }
    } else if told.format.is_some() && told.refusal.is_none() {
        line(
            "layout",
            "unknown without the source; add --source WxH or --source FILE",
        );
    }
    if let Some(key) = &told.cache_key {
        line("variant", &key.variant.join(", "));
        line(
            "cache key",
            key.digest
                .as_deref()
                .unwrap_or("needs the version of the source, which its store tells"),
        );
    }
    for (name, value) in &told.headers {
        line("header", &format!("{name}: {value}"));
    }
    text
}

fn picture_in_words(picture: &PicturePart) -> [(&'static str, String); 5] {
    let size = |(width, height): (u32, u32)| format!("{width}x{height}");
    let scale = match picture.decode_scale {
        1 => "whole".to_owned(),
        part => format!("at 1/{part} of its width and height"),
    };
    let (assumed, without) = if picture.is_assumed {
        (", assumed from its size", ", without the decoder's")
    } else {
        ("", "")
    };
    [
        (
            "picture",
            format!("{} {}{assumed}", picture.source_format, size(picture.source)),
        ),
        (
            "layout",
            format!(
                "crop {}, scaled {}, pad {:?}, result {}",
                picture.crop.map_or("none".to_owned(), |crop| format!("{crop:?}")),
                picture.scaled.map_or("no".to_owned(), size),
                picture.pad,
                size(picture.output),
            ),
        ),
        ("decoded", scale),
        ("memory", format!("{} bytes{without}", picture.memory_bytes)),
        ("time", format!("about {} ms", picture.milliseconds)),
    ]
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn url_is_split_into_host_path_and_query() {
        let check = |url: &str, expected: (&str, &str, &str, &str)| {
            let head = head(url).unwrap();
            let found = (head.scheme, &*head.host, &*head.raw_path, &*head.raw_query);
            assert_eq!(found, expected, "{url}");
        };
        check("/a.jpg?width=1", ("http", "localhost", "/a.jpg", "width=1"));
        check("/a%20b.jpg#x", ("http", "localhost", "/a%20b.jpg", ""));
        check(
            "https://example.org:81/a.jpg?w=1?2",
            ("https", "example.org:81", "/a.jpg", "w=1?2"),
        );
        for wrong in ["", "a.jpg", "width=4", "http://example.org", "ftp://a/b.jpg"] {
            assert!(head(wrong).is_err(), "{wrong}");
        }
    }
}
