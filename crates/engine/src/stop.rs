//! Why the walk ends early: a hook answered by itself, or something failed. Lets each step of the walk use `?` for both.

use resizer_plugin_api::{Error, Reply};

/// The walk ends here.
#[derive(Debug)]
pub(crate) enum Stop {
    /// With this answer.
    Answer(Box<Reply>),
    /// With this error.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
