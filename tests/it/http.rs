//! The real binary over real sockets. `server` and `client` are what the tests stand on; each other file is one
//! subject.

mod client;
mod photographs;
mod server;

mod cdn;
mod commands;
mod delivery;
mod images;
mod lifecycle;
mod manners;
mod metrics;
mod purge;
mod reload;
mod stores;
mod wire;
mod work;
