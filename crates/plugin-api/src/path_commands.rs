//! Path commands: commands that plugins read out of a request's path, as much the client's as those of the query. These
//! plugins add them to the request's state, where authorizers that look at the client's commands find them.

use http::Extensions;

use crate::Query;

/// The commands that stood in a path.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PathCommands {
    /// The commands, also those that others overruled.
    pub query: Query,
    /// Whether the path was cut at its first `;`, and the commands stood behind it.
    pub behind_semicolon: bool,
}

impl PathCommands {
    /// Adds commands to those of a request.
    pub fn add<'c>(state: &mut Extensions, commands: impl Iterator<Item = (&'c str, &'c str)>) -> &mut Self {
        let all = state.get_or_insert_default::<Self>();
        for (key, value) in commands {
            all.query.append(key, value);
        }
        all
    }
}
