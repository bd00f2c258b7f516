//! Real stores for tests, each on a free port of the loopback interface, with its data in a temporary folder: what the
//! readers' contract suites and the tests of the whole server read from. `cargo xtask test` installs the programs.
#![allow(clippy::disallowed_methods, reason = "nobody is kept waiting here but the tests")]

pub mod azurite;
mod by_hand;
pub mod http_origin;
pub mod mariadb;
pub mod mongod;
pub mod moto;
pub mod nginx;
pub mod postgres;
pub mod process;
pub mod s3;
