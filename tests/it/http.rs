//! Tests of the real binary over real sockets. `server` starts it and `client` talks to it; each other file is one
//! subject.

mod client;
mod photographs;
pub(crate) mod server;

mod cdn;
mod clients;
mod commands;
mod connections;
mod delivery;
mod images;
mod lifecycle;
mod metrics;
mod purge;
mod reload;
mod responses;
mod rewriting;
mod signing;
mod stores;
mod urls;
mod watermark;
mod work;
