//! Building blocks of the chores that `tests/bench` shares: child processes, tools, places in the tree. `manifests` is
//! here because `workspace` reads the names of the plugins with it.
#![allow(clippy::disallowed_methods, reason = "a chore may wait for a file")]

pub mod command;
pub mod manifests;
pub mod tools;
pub mod workspace;
