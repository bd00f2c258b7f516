//! Error: the one that crosses plugin, engine and host. Its kind decides the status and who is to blame, its message is
//! for the client, and its cause goes to the log only. Plugins keep private enums and convert them at their edge.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;

/// A failure, cheap to clone because every client waiting on one piece of work receives it.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The kind of a failure, which decides the response's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request asks for something impossible.
    BadRequest,
    /// An authorizer or an allow-list says no.
    Forbidden,
    /// The store says that there is no such source.
    NotFound,
    /// A limit forbids it, found before anything large is allocated.
    TooLarge,
    /// Nothing here decodes these bytes.
    Unsupported,
    /// A decoder found the bytes damaged.
    Corrupt,
    /// No place in the queue, or no memory left in the budget: the client may try again in a second.
    Overloaded,
    /// A store failed, or refused this server's credentials.
    Upstream,
    /// A deadline passed.
    Timeout,
    /// The last client left before the work was done.
    Cancelled,
    /// A bug, or a panic.
    Internal,
}

/// The side that has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The author of the URL, or of the file.
    Client,
    /// A store behind this server.
    Upstream,
    /// This server or its operator.
    Us,
}

impl ErrorKind {
    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge | Self::Corrupt => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Upstream => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Cancelled | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The side that has to act.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::BadRequest
            | Self::Forbidden
            | Self::NotFound
            | Self::TooLarge
            | Self::Unsupported
            | Self::Corrupt
            | Self::Cancelled => Blame::Client,
            Self::Upstream | Self::Timeout => Blame::Upstream,
            Self::Overloaded | Self::Internal => Blame::Us,
        }
    }

    /// One word for logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Corrupt => "corrupt",
            Self::Overloaded => "overloaded",
            Self::Upstream => "upstream",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl Error {
    /// An error with its message to the client: a sentence without secrets, without paths of this machine, and without
    /// a library's words.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
        }
    }

    /// Adds the cause, which goes to the log only.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message to the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The causes for the log, outermost first, joined by colons.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let first = self.cause.as_deref()?;
        let mut text = first.to_string();
        let mut next = first.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        Some(text)
    }

    /// The error for a source that does not exist.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "There is no image at this address.")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_in_the_log_and_not_in_the_message() {
        let disk = std::io::Error::other("disk on fire");
        let error = Error::new(ErrorKind::Upstream, "The store failed.").because(disk);
        assert_eq!(error.to_string(), "The store failed.");
        assert_eq!(error.cause().as_deref(), Some("disk on fire"));
        assert_eq!(error.kind().status(), 502);
    }
}
