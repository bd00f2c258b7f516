//! Rows of [`KEYS`](super::KEYS), one file for each group: first the supported keys, in the order a reader would learn
//! them, then the others.

mod decoration;
mod filters;
mod geometry;
mod handling;
mod output;
mod scaling;

use super::{Group, Key, Read, Support};
use crate::instructions::Reading;

/// Every known key, in groups.
pub static KEYS: [&Group; 6] = [
    &geometry::GROUP,
    &decoration::GROUP,
    &filters::GROUP,
    &scaling::GROUP,
    &output::GROUP,
    &handling::GROUP,
];

type ReadFn = fn(&mut Reading, &str) -> Result<(), String>;

const fn key(
    name: &'static str,
    aliases: &'static [&'static str],
    triggers: bool,
    values: &'static str,
    doc: &'static str,
    read: ReadFn,
) -> Key {
    Key {
        name,
        aliases,
        triggers,
        values,
        doc,
        support: Support::Yes(Read(read)),
    }
}

const fn of_plugin(name: &'static str, values: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        aliases: &[],
        triggers: false,
        values,
        doc,
        support: Support::Plugin,
    }
}

const fn unsupported(
    name: &'static str,
    aliases: &'static [&'static str],
    triggers: bool,
    doc: &'static str,
    reason: &'static str,
) -> Key {
    Key {
        name,
        aliases,
        triggers,
        values: "",
        doc,
        support: Support::No { reason },
    }
}
