//! Diagnostics: problems of `plugins.toml`, each rendered with its line, the wrong text underlined, what to do, and the
//! page to read. `config` finds them, the host prints them, `snippet` draws a line of the file.

mod snippet;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use self::snippet::Snippet;

/// All problems, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the configuration can be used in spite of it.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// The fault, in a sentence.
    pub message: String,
    /// The way out, in a few words. It stands beside the underlined text.
    pub help: Option<String>,
    /// Another position in the file that belongs to the problem, and why.
    pub related: Option<(Range<usize>, String)>,
    /// The page to read on.
    pub docs: Option<String>,
    /// Bytes of the file that are never shown.
    pub(crate) secrets: Vec<Range<usize>>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// The configuration can be used, but probably means something else.
    Warning,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file as a whole, or in this build.
    File,
    /// At these bytes of the file.
    Span(Range<usize>),
    /// In this environment variable.
    Variable(String),
}

impl From<Range<usize>> for Place {
    fn from(span: Range<usize>) -> Self {
        Self::Span(span)
    }
}

impl Problem {
    /// A problem that makes the configuration unusable.
    pub fn error(place: impl Into<Place>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            place: place.into(),
            message: message.into(),
            help: None,
            related: None,
            docs: None,
            secrets: Vec::new(),
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Shows another place of the file too.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, why: impl Into<String>) -> Self {
        self.related = Some((span, why.into()));
        self
    }

    /// Says where to read on.
    #[must_use]
    pub fn docs(mut self, page: impl Into<String>) -> Self {
        self.docs = Some(page.into());
        self
    }

    /// File first, then top to bottom, then the environment.
    pub(crate) fn position(&self) -> (u8, usize) {
        match &self.place {
            Place::File => (0, 0),
            Place::Span(span) => (1, span.start),
            Place::Variable(_) => (2, 0),
        }
    }

    fn render(&self, path: &Path, text: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let snippet = |span: &Range<usize>| Snippet::of(text, &self.secrets, span);
        let first = match &self.place {
            Place::Span(span) => Some(snippet(span)),
            Place::File | Place::Variable(_) => None,
        };
        let related = self.related.as_ref().map(|(span, why)| (snippet(span), why));
        let snippets = first.iter().chain(related.iter().map(|(snippet, _)| snippet));
        // Wide enough for the longest line number, with a space before it.
        let margin = snippets
            .map(|snippet| snippet.line.to_string().len())
            .max()
            .unwrap_or(1)
            + 1;
        let place = match (&self.place, &first) {
            (Place::Variable(name), _) => format!("environment variable {name}"),
            (_, Some(first)) => format!("{}:{}:{}", path.display(), first.line, first.column),
            (_, None) => path.display().to_string(),
        };
        let mut out = format!("{severity}: {}\n{:margin$}--> {place}\n", self.message, "");
        let help = self.help.as_deref();
        match &first {
            Some(first) => first.render(&mut out, margin, '^', help.unwrap_or_default()),
            None => help
                .into_iter()
                .for_each(|help| _ = writeln!(out, "{:margin$} = {help}", "")),
        }
        if let Some((related, why)) = related {
            related.render(&mut out, margin, '-', why);
        }
        if let Some(docs) = &self.docs {
            _ = writeln!(out, "{:margin$} = see {docs}", "");
        }
        out
    }
}

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them makes the configuration unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them as text, an empty line between two. The path is shown as it is given; the text is the file's.
    #[must_use]
    pub fn render(&self, path: &Path, text: &str) -> String {
        let rendered: Vec<String> = self.0.iter().map(|problem| problem.render(path, text)).collect();
        rendered.join("\n")
    }
}
