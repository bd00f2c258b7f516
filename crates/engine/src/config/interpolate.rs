//! Interpolation: replaces `${NAME}`, `${NAME:-default}` and `${file:PATH}` inside the string values of `plugins.toml`.
//! It works on parsed values, so that no variable can add a line or a setting, and every position in the file stays
//! known.
//!
//! `$${` is a literal `${`. Inserted text is not interpolated again.

use std::cell::OnceCell;
use std::path::Path;

use super::environment::Environment;

/// A `${…}` that could not be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// As it is written.
    pub(crate) written: String,
    /// The fault, in a sentence.
    pub(crate) message: String,
    /// The way out, in a few words.
    pub(crate) help: String,
}

/// Arena of interpolated values, which lives as long as the table that borrows from it.
#[derive(Default)]
pub(crate) struct Expansions(OnceCell<Box<(String, Self)>>);

impl Expansions {
    /// Keeps one more text.
    pub(crate) fn keep(&self, text: String) -> &str {
        match self.0.get() {
            Some(kept) => kept.1.keep(text),
            None => &self.0.get_or_init(|| Box::new((text, Self::default()))).0,
        }
    }
}

/// The interpolated text, and the references that could not be replaced. Relative paths start at the folder.
pub(crate) fn expand(text: &str, environment: &Environment, folder: &Path) -> (String, Vec<Fault>) {
    let mut expanded = String::new();
    let mut faults = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let before = &rest[..start];
        let inside = &rest[start + 2..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = inside;
            continue;
        }
        expanded.push_str(before);
        let Some(end) = inside.find('}') else {
            faults.push(Fault {
                written: rest[start..].to_owned(),
                message: "`${` has no `}`".to_owned(),
                help: "close it, or write `$${` for a `${` that means itself".to_owned(),
            });
            return (expanded, faults);
        };
        match replacement(&inside[..end], environment, folder) {
            Ok(value) => expanded.push_str(&value),
            Err((message, help)) => {
                let written = rest[start..=start + 2 + end].to_owned();
                faults.push(Fault { written, message, help });
            }
        }
        rest = &inside[end + 1..];
    }
    expanded.push_str(rest);
    (expanded, faults)
}

/// Whether the text is one `${…}` and nothing else, without a default: it then names where a secret is, and not the
/// secret.
pub(crate) fn is_reference(text: &str) -> bool {
    let inside = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| !inside.contains(['{', '}']) && !inside.contains(":-"))
}

fn replacement(inside: &str, environment: &Environment, folder: &Path) -> Result<String, (String, String)> {
    if let Some(path) = inside.strip_prefix("file:") {
        return read(&folder.join(path));
    }
    let (name, default) = inside
        .split_once(":-")
        .map_or((inside, None), |(name, default)| (name, Some(default)));
    if !is_name(name) {
        let help = "write `${NAME}`, `${NAME:-default}` or `${file:PATH}`";
        return Err((
            "this is not the name of an environment variable".to_owned(),
            help.to_owned(),
        ));
    }
    // As in a shell: with `:-` an empty variable counts as none.
    match (environment.get(name), default) {
        (Some(""), Some(default)) | (None, Some(default)) => Ok(default.to_owned()),
        (Some(value), _) => Ok(value.to_owned()),
        (None, None) => Err((
            format!("environment variable `{name}` is not set"),
            format!("set it, or give a default: `${{{name}:-…}}`"),
        )),
    }
}

fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The file's text without the newline at its end, which editors and `echo` put there.
fn read(path: &Path) -> Result<String, (String, String)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "read at start and at reload, by the thread that reads plugins.toml"
    )]
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|error| {
        let help = "a path is relative to the folder of this file";
        (
            format!("file `{}` cannot be read: {error}", path.display()),
            help.to_owned(),
        )
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_defaults_and_escapes_are_replaced() {
        let environment = Environment::of([("A", "1"), ("EMPTY", ""), ("NESTED", "${A}"), ("LINES", "x\"\ny = 1")]);
        let check = |text: &str, expected: &str| {
            assert_eq!(
                expand(text, &environment, Path::new("")),
                (expected.to_owned(), vec![]),
                "{text}"
            );
        };
        check("", "");
        check("plain $5 }", "plain $5 }");
        check("${A}", "1");
        check("<${A}${A}>", "<11>");
        check("${B:-two}", "two");
        check("${A:-two}", "1");
        check("${B:-}", "");
        check("${EMPTY}", "");
        check("${EMPTY:-two}", "two");
        check("${B:-a:-b}", "a:-b");
        check("$${A}", "${A}");
        check("$${A} ${A}", "${A} 1");
        check("${NESTED}", "${A}");
        check("${LINES}", "x\"\ny = 1");
        check("ü${A}ü", "ü1ü");
    }

    #[test]
    fn reference_that_cannot_be_replaced_is_named() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let (_, faults) = expand(text, &Environment::default(), Path::new("/nowhere"));
            let found: Vec<_> = faults
                .iter()
                .map(|fault| (fault.written.as_str(), fault.message.as_str()))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            "a ${B} c ${D}",
            &[
                ("${B}", "environment variable `B` is not set"),
                ("${D}", "environment variable `D` is not set"),
            ],
        );
        check("${}", &[("${}", "this is not the name of an environment variable")]);
        check("${1}", &[("${1}", "this is not the name of an environment variable")]);
        check(
            "${a b}",
            &[("${a b}", "this is not the name of an environment variable")],
        );
        check("a ${B", &[("${B", "`${` has no `}`")]);
        check(
            "${file:b}",
            &[(
                "${file:b}",
                "file `/nowhere/b` cannot be read: No such file or directory (os error 2)",
            )],
        );
    }

    #[test]
    fn relative_file_is_read_beside_the_configuration_without_its_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        let check = |contents: &str, expected: &str| {
            #[expect(clippy::disallowed_methods, reason = "a test")]
            std::fs::write(folder.path().join("key"), contents).unwrap();
            assert_eq!(
                expand("<${file:key}>", &Environment::default(), folder.path()).0,
                format!("<{expected}>")
            );
        };
        check("hunter2", "hunter2");
        check("hunter2\n", "hunter2");
        check("hunter2\r\n", "hunter2");
        check("two\nlines\n\n", "two\nlines\n");
    }
}
