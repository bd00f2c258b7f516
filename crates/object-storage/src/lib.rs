//! Common parts of the readers of object stores. [`Bucket`] reads one bucket or container, [`Failure`] is a failure
//! without any secret, [`Connection`] and [`Endpoint`] are settings, [`Listener`] reads a store's refusals, and
//! [`Contained`] turns a panic in a credential provider into an error. Nothing here knows which store it is: a reader
//! describes its store with a [`Dialect`].

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
