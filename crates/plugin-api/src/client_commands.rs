//! Client commands: commands that plugins read out of other places of an address than their keys in the query, such as
//! a part of the path. These plugins add them to the request's state, where authorizers find them that judge an address
//! by its commands.

use http::Extensions;

use crate::Query;

/// The commands of the client that do not stand in the query under their own keys.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientCommands {
    /// The commands, also those that others overruled.
    pub query: Query,
    /// Whether the path was cut at its first `;`, and commands stood behind it.
    pub behind_semicolon: bool,
}

impl ClientCommands {
    /// Adds commands to those of a request.
    pub fn add<'c>(state: &mut Extensions, commands: impl IntoIterator<Item = (&'c str, &'c str)>) -> &mut Self {
        let all = state.get_or_insert_default::<Self>();
        for (key, value) in commands {
            all.query.append(key, value);
        }
        all
    }
}
