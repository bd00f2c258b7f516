//! What went wrong between us and a store, and what the engine shall make of it. The texts are our own: those of the
//! client library hold addresses, and for some credentials the credential.

use std::error::Error as StdError;
use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};
use resizer_plugin_api::{Error, ErrorKind};

use crate::credentials::NoCredentials;
use crate::refusal::Refusal;

/// What went wrong. Its text is for the log and for operators; it holds no secret.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of which kind it is.
    pub kind: FailureKind,
    text: String,
}

/// The kinds of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The store answered, but with a refusal.
    Refused(Refusal),
    /// Nothing listens there, or not with the expected certificate.
    Unreachable,
    /// No answer in time.
    Silent,
    /// There are no credentials to ask with.
    Credentials,
    /// The connection broke, or the answer makes no sense.
    Broken,
}

/// How one kind of store refuses.
#[derive(Debug)]
pub struct Dialect {
    /// What clients may hear the store called.
    pub store: &'static str,
    /// What the store's codes mean.
    pub codes: &'static [(&'static str, ErrorKind)],
    /// What a 403 means whose code says nothing.
    pub forbidden: ErrorKind,
}

impl Failure {
    /// What an error of the client library was.
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

    /// The same in the middle of a download, where the client library asks for the rest of what broke off. That it is
    /// refused, because the object is gone or has become shorter, is no answer to what was asked for in the beginning.
    pub(crate) fn midway(mut self) -> Self {
        if let FailureKind::Refused(_) = self.kind {
            self.kind = FailureKind::Broken;
        }
        self
    }

    /// The client library panicked.
    pub(crate) fn panic() -> Self {
        Self {
            kind: FailureKind::Broken,
            text: "the client of the store panicked".to_owned(),
        }
    }

    /// What the store refused with, if it did.
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

/// The first cause of all, which alone says what happened and repeats no address.
pub(crate) fn deepest(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and its causes, outermost first.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

impl Dialect {
    /// What the engine shall answer, with the failure at this place as the cause.
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
