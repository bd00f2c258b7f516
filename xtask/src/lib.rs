//! Building blocks of the chores that `tests/bench` shares: child processes, tools, places in the tree.
#![allow(
    clippy::disallowed_methods,
    reason = "a chore may wait for a file: nobody is served here"
)]

pub mod command;
pub mod tools;
pub mod workspace;
