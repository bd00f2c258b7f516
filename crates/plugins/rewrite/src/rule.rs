//! Rule: the conditions and the changes of one entry of `rules`, checked when the file is read.

use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use resizer_plugin_api::imaging::is_same_key;
use resizer_plugin_api::{ClientCommands, Error, ErrorKind, Query, Reply, RewriteEvent};

use crate::pattern::{Parts, Pattern};
use crate::template::Template;
use crate::{RuleConfig, Scheme};

/// The characters of a path that an address keeps: the unreserved ones of RFC 3986 and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

#[derive(Debug)]
pub(crate) struct Rule {
    pattern: Option<Pattern>,
    host: Option<String>,
    scheme: Option<Scheme>,
    /// A key, and the value that it has to have.
    query: Option<(String, Option<String>)>,
    path: Option<Template>,
    rename: Vec<(String, String)>,
    drop: Vec<String>,
    set: Vec<(String, Template)>,
    default: Vec<(String, Template)>,
    answer: Option<Answer>,
    last: bool,
}

#[derive(Debug)]
enum Answer {
    Redirect { to: Template, status: StatusCode },
    Refuse(StatusCode),
}

/// The result of a rule.
pub(crate) enum Outcome {
    /// The next rule is tried.
    Next,
    /// No further rule is tried.
    Stop,
    /// The client gets this.
    Respond(Box<Reply>),
}

impl Rule {
    /// Checks a rule. The fault is a sentence without its end.
    pub(crate) fn new(config: RuleConfig) -> Result<Self, String> {
        let ignore_case = config.ignore_case;
        let pattern = match (&config.prefix, &config.glob, &config.regex) {
            (Some(prefix), None, None) => Some(Pattern::prefix(rooted(prefix)?, ignore_case)),
            (None, Some(glob), None) => Some(Pattern::glob(rooted(glob)?, ignore_case)?),
            (None, None, Some(regex)) => Some(
                Pattern::new(regex, ignore_case)
                    .map_err(|error| format!("`{regex}` is no regular expression: {error}"))?,
            ),
            (None, None, None) => None,
            _ => return Err("a path is given by one of `prefix`, `glob` and `regex`".to_owned()),
        };
        if pattern.is_none() && config.host.is_none() && config.scheme.is_none() && config.query.is_none() {
            return Err(
                "it names no `prefix`, `glob`, `regex`, `host`, `scheme` or `query`; for all paths write \
                        `prefix = \"/\"`"
                    .to_owned(),
            );
        }
        let template = |text: &str| Template::parse(text, pattern.as_ref());
        let commands = |text: &str| -> Result<Vec<(String, Template)>, String> {
            let query = Query::parse_commands(text);
            query
                .iter()
                .map(|(key, value)| Ok((key.to_owned(), template(value)?)))
                .collect()
        };
        let path = config.path.as_deref().map(|path| template(rooted(path)?)).transpose()?;
        let answer = match (&config.redirect, config.redirect_status, config.refuse) {
            (Some(to), status, None) => Some(Answer::Redirect {
                to: address(template(to)?, to)?,
                status: status_of(status.unwrap_or(302), &[301, 302, 307, 308], "redirect_status")?,
            }),
            (None, None, Some(status)) => Some(Answer::Refuse(status_of(status, &[403, 404, 410], "refuse")?)),
            (None, None, None) => None,
            (None, Some(_), _) => return Err("`redirect_status` has no `redirect`".to_owned()),
            (Some(_), _, Some(_)) => return Err("it has both `redirect` and `refuse`".to_owned()),
        };
        let set = commands(&config.set)?;
        let default = commands(&config.default)?;
        let changes = path.is_some() || !set.is_empty() || !default.is_empty();
        if !changes && config.rename.is_empty() && config.drop.is_empty() && answer.is_none() && !config.last {
            return Err("it changes nothing".to_owned());
        }
        let query = config.query.map(|query| match query.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (query, None),
        });
        Ok(Self {
            pattern,
            host: config.host,
            scheme: config.scheme,
            query,
            path,
            rename: config.rename.into_iter().collect(),
            drop: config.drop,
            set,
            default,
            answer,
            last: config.last,
        })
    }

    pub(crate) fn apply(&self, event: &mut RewriteEvent<'_>) -> Result<Outcome, Error> {
        // Most rules say at once that this request is none of theirs. Only the others take a copy of the path.
        let may_match = self
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.may_match(event.path));
        if !may_match || !self.matches(event) {
            return Ok(Outcome::Next);
        }
        let before = event.path.clone();
        let parts = match &self.pattern {
            Some(pattern) => match pattern.parts(&before) {
                Some(parts) => Some(parts),
                None => return Ok(Outcome::Next),
            },
            None => None,
        };
        self.change(event, parts.as_ref())?;
        match &self.answer {
            Some(Answer::Refuse(status)) => {
                let text = status.canonical_reason().unwrap_or("Refused");
                Ok(Outcome::Respond(Box::new(Reply::text(*status, format!("{text}.\n")))))
            }
            Some(Answer::Redirect { to, status }) => {
                let location = location(to, parts.as_ref(), event.query)?;
                Ok(Outcome::Respond(Box::new(Reply::redirect(*status, &location))))
            }
            None if self.last => Ok(Outcome::Stop),
            None => Ok(Outcome::Next),
        }
    }

    /// Whether all but the path matches.
    fn matches(&self, event: &RewriteEvent<'_>) -> bool {
        let asked = event.head.host.as_ref();
        // The port follows the last colon; an IPv6 address without one ends with a bracket.
        let asked = match asked.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => asked,
        };
        let is_host = |host: &String| asked.eq_ignore_ascii_case(host);
        let is_scheme = |scheme: Scheme| {
            event.head.scheme
                == match scheme {
                    Scheme::Http => "http",
                    Scheme::Https => "https",
                }
        };
        let has = |(key, value): &(String, Option<String>)| {
            let found = event.query.iter().find(|(given, _)| is_same_key(given, key));
            found.is_some_and(|(_, given)| value.as_deref().is_none_or(|value| value == given))
        };
        self.host.as_ref().is_none_or(is_host)
            && self.scheme.is_none_or(is_scheme)
            && self.query.as_ref().is_none_or(has)
    }

    fn change(&self, event: &mut RewriteEvent<'_>, parts: Option<&Parts<'_>>) -> Result<(), Error> {
        if let Some(path) = &self.path {
            let path = path.filled(parts, str::to_owned);
            check_inside(&path)?;
            *event.path = path;
        }
        let changes = [&self.set, &self.default].iter().any(|commands| !commands.is_empty());
        if changes || !self.drop.is_empty() || !self.rename.is_empty() {
            let renamed = self.rename.iter();
            let renamed = renamed.filter_map(|(from, to)| Some((to.as_str(), event.query.get(from)?.to_owned())));
            let mut told: Vec<(&str, String)> = renamed.collect();
            event.change_query(|query| self.change_query(query, parts));
            // A value with parts of the path is the client's too.
            let filled = self
                .set
                .iter()
                .chain(&self.default)
                .filter(|(_, value)| value.has_parts());
            told.extend(filled.map(|(key, value)| (key.as_str(), value.filled(parts, str::to_owned))));
            told.retain(|(key, value)| event.query.get(key) == Some(value));
            if !told.is_empty() {
                ClientCommands::add(event.state, told.iter().map(|(key, value)| (*key, value.as_str())));
            }
        }
        Ok(())
    }

    fn change_query(&self, query: &mut Query, parts: Option<&Parts<'_>>) {
        if self.drop.iter().any(|key| key == "*") {
            *query = Query::default();
        }
        self.drop.iter().for_each(|key| remove(query, key));
        for (from, to) in &self.rename {
            if let Some(value) = query.get(from).map(str::to_owned) {
                query.remove(from);
                remove(query, to);
                query.set(to, value);
            }
        }
        for (key, value) in &self.set {
            remove(query, key);
            query.set(key, value.filled(parts, str::to_owned));
        }
        for (key, value) in &self.default {
            if !query.iter().any(|(given, _)| is_same_key(given, key)) {
                query.set(key, value.filled(parts, str::to_owned));
            }
        }
    }
}

/// Removes every spelling of a key.
fn remove(query: &mut Query, key: &str) {
    let given = query.iter().map(|(given, _)| given);
    let same: Vec<String> = given
        .filter(|given| is_same_key(given, key))
        .map(str::to_owned)
        .collect();
    same.iter().for_each(|given| _ = query.remove(given));
}

/// Refuses segments of dots: a part of the old path must not lead out of the folder that the rule names.
fn check_inside(path: &str) -> Result<(), Error> {
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        let message = "The path has a segment of dots.";
        return Err(Error::new(ErrorKind::BadRequest, message));
    }
    Ok(())
}

/// The address of a redirect. Parts of the path are encoded, so that they add neither a query nor a header.
fn location(to: &Template, parts: Option<&Parts<'_>>, query: &Query) -> Result<String, Error> {
    let mut location = to.filled(parts, |part| utf8_percent_encode(part, ESCAPED).to_string());
    // A ? of the path is encoded: the first one is the rule's own.
    check_inside(location.split('?').next().unwrap_or_default())?;
    if location.starts_with('/') {
        // Two slashes would begin a host.
        location = format!("/{}", location.trim_start_matches('/'));
    }
    if !query.is_empty() && !location.contains('?') {
        location = format!("{location}?{query}");
    }
    Ok(location)
}

/// Only a rule names a host: a part of the path may stand behind it, and not in it.
fn address(to: Template, text: &str) -> Result<Template, String> {
    let beginning = to.beginning();
    let host = beginning
        .strip_prefix("https://")
        .or_else(|| beginning.strip_prefix("http://"));
    let is_path = beginning.starts_with('/') && !beginning.starts_with("//");
    let is_url = host.is_some_and(|host| host.split_once('/').is_some_and(|(host, _)| !host.is_empty()));
    let plain = |c: char| c.is_ascii_graphic() && !"\\\"<>".contains(c);
    if (is_path || is_url) && text.chars().all(plain) {
        Ok(to)
    } else {
        Err(format!(
            "`redirect` is a path such as `/new/{{rest}}`, or a scheme and a host with a path; `{text}` is neither"
        ))
    }
}

fn rooted(path: &str) -> Result<&str, String> {
    if path.starts_with('/') {
        Ok(path)
    } else {
        Err(format!("`{path}` does not begin with a `/`"))
    }
}

fn status_of(status: u16, allowed: &[u16], setting: &str) -> Result<StatusCode, String> {
    let status = allowed
        .contains(&status)
        .then(|| StatusCode::from_u16(status).ok())
        .flatten();
    status.ok_or_else(|| {
        let allowed: Vec<String> = allowed.iter().map(u16::to_string).collect();
        format!("`{setting}` is one of {}", allowed.join(", "))
    })
}
