//! Real stores for tests, each on a free port of the loopback interface with its data in a temporary folder. The
//! readers' contract suites and the tests of the whole server read from them. `cargo xtask test` installs the programs.
#![allow(clippy::disallowed_methods, reason = "only tests wait for these calls")]

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
