//! What the readers of object stores share: [`Bucket`] reads one bucket or container, [`Failure`] is what went wrong
//! without any secret, [`Connection`] and [`Endpoint`] are settings, [`Listener`] hears what a store says when it
//! refuses, and [`Contained`] makes of a panic in a credential provider an error. Nothing here knows which store it is;
//! a reader says that with its [`Dialect`].

mod bucket;
mod connection;
mod credentials;
mod endpoint;
mod failure;
mod key;
mod refusal;

pub use bucket::Bucket;
pub use connection::{Connection, fingerprint};
pub use credentials::Contained;
pub use endpoint::{Endpoint, EndpointError};
pub use failure::{Dialect, Failure, FailureKind};
pub use refusal::{Listener, Refusal};
