//! Early end of a walk: a hook answered, or a step failed. One type, so that each step of the walk uses `?` for both.

use resizer_plugin_api::{Error, Reply};

/// Why the walk ends here.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A hook gave this answer.
    Answer(Box<Reply>),
    /// A step failed with this error.
    Error(Error),
}

impl Stop {
    /// The end of the walk in a few words.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Answer(reply) => format!("answers with {}", reply.status),
            Self::Error(error) => format!("answers with {}: {error}", error.kind().status()),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
