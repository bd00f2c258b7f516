//! Store failure: its kind, and the engine's error for it. The texts are this crate's own. Those of the client library
//! hold addresses, and for some credentials the credential.

use std::error::Error as StdError;
use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};
use resizer_plugin_api::{Error, ErrorKind};

use crate::credentials::NoCredentials;
use crate::refusal::Refusal;

/// A failure of a request. Its text is for the log and for operators, and holds no secret.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind of the failure.
    pub kind: FailureKind,
    text: String,
}

/// The kinds of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The store answered with a refusal.
    Refused(Refusal),
    /// Nothing listens there, or not with the expected certificate.
    Unreachable,
    /// There was no answer in time.
    Silent,
    /// There are no credentials.
    Credentials,
    /// The connection broke, or the answer is invalid.
    Broken,
}

/// The refusals of one kind of store.
#[derive(Debug)]
pub struct Dialect {
    /// The name of the store in messages to clients.
    pub store: &'static str,
    /// The meaning of the store's error codes.
    pub codes: &'static [(&'static str, ErrorKind)],
    /// The meaning of a 403 whose code is not in the list.
    pub forbidden: ErrorKind,
}

impl Failure {
    /// The failure behind an error of the client library.
    pub(crate) fn of(error: &object_store::Error) -> Self {
        let mut kind = FailureKind::Broken;
        for cause in causes(error) {
            if let Some(none) = cause.downcast_ref::<NoCredentials>() {
                let text = none.to_string();
                let kind = FailureKind::Credentials;
                return Self { kind, text };
            }
            if let Some(refusal) = cause.downcast_ref::<Refusal>() {
                kind = FailureKind::Refused(refusal.clone());
            } else if let Some(error) = cause.downcast_ref::<HttpError>() {
                kind = match error.kind() {
                    HttpErrorKind::Connect => FailureKind::Unreachable,
                    HttpErrorKind::Timeout => FailureKind::Silent,
                    _ => FailureKind::Broken,
                };
            }
        }
        let text = deepest(error);
        Self { kind, text }
    }

    /// The failure in the middle of a download, where the client library asks for the rest of an interrupted response.
    /// A refusal of the rest, because the object is gone or has become shorter, does not answer the original request.
    pub(crate) fn midway(mut self) -> Self {
        if let FailureKind::Refused(_) = self.kind {
            self.kind = FailureKind::Broken;
        }
        self
    }

    /// The failure for a panic of the client library.
    pub(crate) fn panic() -> Self {
        Self {
            kind: FailureKind::Broken,
            text: "the client of the store panicked".to_owned(),
        }
    }

    /// The store's refusal, if the store refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.kind {
            FailureKind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The root cause, which alone says what happened and repeats no address.
pub(crate) fn deepest(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and its causes, outermost first.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

impl Dialect {
    /// The engine's error, with the failure at this place as its cause.
    pub(crate) fn error(&self, place: &str, failure: &Failure) -> Error {
        let kind = match &failure.kind {
            FailureKind::Refused(refusal) => self.meaning(refusal),
            FailureKind::Silent => ErrorKind::Timeout,
            FailureKind::Unreachable | FailureKind::Credentials | FailureKind::Broken => ErrorKind::Upstream,
        };
        let store = self.store;
        let error = match (kind, &failure.kind) {
            (ErrorKind::NotFound, _) => Error::not_found(),
            (ErrorKind::BadRequest, _) => Error::new(kind, "The range begins behind the end of the image."),
            (ErrorKind::Forbidden, _) => Error::new(kind, "This image may not be read."),
            (ErrorKind::Timeout, _) => Error::new(kind, format!("The image's store ({store}) did not answer in time.")),
            (_, FailureKind::Refused(_)) => Error::new(kind, format!("The image's store ({store}) refused.")),
            (_, FailureKind::Broken) => Error::new(kind, format!("The image's store ({store}) broke off.")),
            _ => Error::new(kind, format!("The image's store ({store}) cannot be reached.")),
        };
        error.because(format!("{place}: {failure}"))
    }

    fn meaning(&self, refusal: &Refusal) -> ErrorKind {
        let known = |code: &str| self.codes.iter().find(|(name, _)| *name == code).map(|(_, kind)| *kind);
        match (refusal.status, refusal.code.as_deref().and_then(known)) {
            (_, Some(kind)) => kind,
            (404, None) => ErrorKind::NotFound,
            (403, None) => self.forbidden,
            (416, None) => ErrorKind::BadRequest,
            _ => ErrorKind::Upstream,
        }
    }
}
