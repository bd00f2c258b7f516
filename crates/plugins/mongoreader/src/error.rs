//! What goes wrong between the reader and its store, and what of it the client and the log hear.

use std::error::Error as _;

use mongodb::error::{Error, ErrorKind};
use resizer_plugin_api as api;

/// The server does not know who asks: an action without the right to it, and a login that fails.
const UNAUTHORIZED: i32 = 13;
const AUTHENTICATION_FAILED: i32 = 18;
/// The server itself gave up on an answer in time.
const MAX_TIME_EXPIRED: i32 = 50;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// There is no such file.
    #[error("the bucket has no file of this name or id")]
    Absent,
    /// The wanted range begins at the end of the file or behind it.
    #[error("the range begins behind the end of the file")]
    RangeBehindEnd,
    /// What the bucket holds is not what GridFS puts there.
    #[error("{0}")]
    Damaged(String),
    /// The server did not answer in time; perhaps the driver knows more.
    #[error("no answer in time{}", .0.as_ref().map(|error| format!(": {}", describe(error))).unwrap_or_default())]
    Silent(Option<Error>),
    /// The driver or the server failed.
    #[error("{}", describe(.0))]
    Driver(Error),
}

/// What the driver says, without the many fields in which it says nothing.
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
    /// Whether the store does not know who asks, or does not let them.
    pub(crate) fn is_refusal(&self) -> bool {
        let Self::Driver(error) = self else { return false };
        match &*error.kind {
            ErrorKind::Authentication { .. } => true,
            ErrorKind::Command(command) => [UNAUTHORIZED, AUTHENTICATION_FAILED].contains(&command.code),
            _ => false,
        }
    }

    /// Whether it took too long.
    fn is_timeout(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Driver(error) => {
                matches!(&*error.kind, ErrorKind::Command(command) if command.code == MAX_TIME_EXPIRED)
            }
            _ => false,
        }
    }

    /// What the client hears, and the log: there with the bucket that it happened in.
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
