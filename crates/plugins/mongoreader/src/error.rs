//! Store errors, and their forms for the client and for the log.

use std::error::Error as _;

use mongodb::error::{Error, ErrorKind};
use resizer_plugin_api as api;

/// The server's codes for an action without the right to it, and for a failed login.
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
/// The server's code for its own timeout.
const MAX_TIME_EXPIRED: i32 = 50;

/// The reason why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// There is no such file.
    #[error("the bucket has no file of this name or id")]
    Absent,
    /// The requested range begins at the end of the file or behind it.
    #[error("the range begins behind the end of the file")]
    RangeBehindEnd,
    /// The contents of the bucket are not valid GridFS.
    #[error("{0}")]
    Damaged(String),
    /// The server did not answer in time. The driver may know more.
    #[error("no answer in time{}", .0.as_ref().map(|error| format!(": {}", describe(error))).unwrap_or_default())]
    Silent(Option<Error>),
    /// The driver or the server failed.
    #[error("{}", describe(.0))]
    Driver(Error),
}

/// The driver's message, without its many empty fields.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = error.kind.to_string();
    let mut next = error.source();
    while let Some(cause) = next.and_then(|cause| cause.downcast_ref::<Error>()) {
        text = format!("{text}: {}", cause.kind);
        next = cause.source();
    }
    text
}

impl StoreError {
    /// Whether the store refuses the user, or its login.
    pub(crate) fn is_refusal(&self) -> bool {
        let Self::Driver(error) = self else { return false };
        match &*error.kind {
            ErrorKind::Authentication { .. } => true,
            ErrorKind::Command(command) => [UNAUTHORIZED, AUTHENTICATION_FAILED].contains(&command.code),
            _ => false,
        }
    }

    /// Whether it is a timeout.
    fn is_timeout(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Driver(error) => {
                matches!(&*error.kind, ErrorKind::Command(command) if command.code == MAX_TIME_EXPIRED)
            }
            _ => false,
        }
    }

    /// The error for the client. Its cause, for the log, names the bucket.
    pub(crate) fn into_answer(self, database: &str, bucket: &str) -> api::Error {
        use api::ErrorKind::{BadRequest, Timeout, Upstream};
        let (kind, message) = match &self {
            Self::Absent => return api::Error::not_found().because(self),
            Self::RangeBehindEnd => (BadRequest, "The range begins behind the end."),
            Self::Damaged(_) => (Upstream, "The image is not whole in its store, MongoDB."),
            error if error.is_timeout() => (Timeout, "The image's store, MongoDB, did not answer in time."),
            error if error.is_refusal() => (Upstream, "The image's store, MongoDB, does not let this server read."),
            _ => (Upstream, "The image's store, MongoDB, failed or cannot be reached."),
        };
        api::Error::new(kind, message).because(format!("bucket {bucket} of database {database}: {self}"))
    }
}
