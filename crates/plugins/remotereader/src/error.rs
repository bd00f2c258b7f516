//! Errors: what the log says and what the client is told. Clients are never told a host, because redirects lead to
//! hosts that a client need not know.

use reqwest::StatusCode;
use resizer_plugin_api::{Error, ErrorKind};
use url::Url;

use crate::address::ForbiddenAddress;
use crate::rules::Refusal;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("not a URL with a host")]
    NoUrl,
    #[error("a signed URL, but `signing_key` is not set")]
    NoSigningKey,
    #[error("the signature is not ours")]
    WrongSignature,
    #[error("{place} is not allowed: {refusal}")]
    Refused { place: String, refusal: Refusal },
    #[error("redirected to {place}, which is not allowed: {refusal}")]
    ForbiddenRedirect { place: String, refusal: Refusal },
    #[error("{place}: {cause}")]
    Address { place: String, cause: ForbiddenAddress },
    #[error("{place} redirects to what is no URL")]
    BadRedirect { place: String },
    #[error("{place} redirects for the {count}th time; `allowed_redirects` says how often it may")]
    TooManyRedirects { place: String, count: u32 },
    #[error("{place} answered with status {status}")]
    Status { place: String, status: StatusCode },
    #[error("{place} answered with a part that was not asked for: Content-Range {found:?}")]
    WrongPart { place: String, found: String },
    #[error(
        "{place} sent the image in the coding {coding:?}, which cannot be decoded here, though asked not to code it"
    )]
    Coded { place: String, coding: String },
    #[error("{place} sent the image in a coding that cannot be decoded: {source}")]
    WrongCoding { place: String, source: std::io::Error },
    #[error("the range begins behind the end")]
    BehindEnd,
    #[error("more than the {0} bytes that `max_bytes` allows")]
    TooLarge(u64),
    #[error("{place} ended the image early")]
    Incomplete { place: String },
    #[error("{place} cannot be asked")]
    Unreachable { place: String, source: reqwest::Error },
    #[error("{place} broke off")]
    BrokenOff { place: String, source: reqwest::Error },
}

/// Scheme, host and port, for the log; the rest of the URL may hold keys.
pub(crate) fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl RemoteError {
    pub(crate) fn refused(url: &Url, refusal: Refusal) -> Self {
        Self::Refused {
            place: place(url),
            refusal,
        }
    }

    /// The error of a request without a response. The cause may be a forbidden address that the resolver found.
    pub(crate) fn unreachable(url: &Url, error: reqwest::Error) -> Self {
        let place = place(url);
        let source = error.without_url();
        match forbidden(&source) {
            Some(cause) => Self::Address { place, cause },
            None => Self::Unreachable { place, source },
        }
    }
}

/// The refusal of the guard, if it is among the causes.
fn forbidden(error: &reqwest::Error) -> Option<ForbiddenAddress> {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| (*cause).source());
    causes.filter_map(|cause| cause.downcast_ref().copied()).next()
}

impl From<RemoteError> for Error {
    fn from(error: RemoteError) -> Self {
        use RemoteError as E;
        let not_here = "This server does not read images from there.";
        let slow = "The image's store did not answer in time.";
        let (kind, message) = match &error {
            E::NoUrl => (
                ErrorKind::BadRequest,
                "This address names no URL to read an image from.",
            ),
            E::NoSigningKey | E::WrongSignature => (ErrorKind::Forbidden, "The signature of this address is wrong."),
            E::Refused { .. } | E::Address { .. } => (ErrorKind::Forbidden, not_here),
            E::ForbiddenRedirect { .. } => (
                ErrorKind::Forbidden,
                "The image's store redirects to where this server does not read images from.",
            ),
            E::Status { status, .. } => match status.as_u16() {
                404 | 410 => return Self::not_found().because(error),
                401 | 403 => (ErrorKind::Forbidden, "The image's store does not give this image out."),
                _ => (ErrorKind::Upstream, "The image's store failed."),
            },
            E::BadRedirect { .. } | E::TooManyRedirects { .. } => {
                (ErrorKind::Upstream, "The image's store redirects too often.")
            }
            E::WrongPart { .. } => (
                ErrorKind::Upstream,
                "The image's store sent another part than was asked for.",
            ),
            E::Coded { .. } => (
                ErrorKind::Upstream,
                "The image's store sent the image in a coding of its own.",
            ),
            E::WrongCoding { .. } => (ErrorKind::Upstream, "The image's store sent the image wrongly coded."),
            E::BehindEnd => (ErrorKind::BadRequest, "The range begins behind the end."),
            E::TooLarge(_) => (
                ErrorKind::TooLarge,
                "The source file is larger than `max_bytes` allows.",
            ),
            E::Incomplete { .. } => (ErrorKind::Upstream, "The image's store sent it incompletely."),
            E::Unreachable { source, .. } | E::BrokenOff { source, .. } if source.is_timeout() => {
                (ErrorKind::Timeout, slow)
            }
            E::Unreachable { .. } => (ErrorKind::Upstream, "The image's store cannot be reached."),
            E::BrokenOff { .. } => (ErrorKind::Upstream, "The image's store sent it incompletely."),
        };
        Self::new(kind, message).because(error)
    }
}
