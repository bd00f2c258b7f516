//! Failure of a command: one message on standard error, with exit code 1.

use std::fmt;
use std::path::Path;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Complaint(String);

impl Complaint {
    /// One sentence.
    pub(crate) fn new(sentence: impl fmt::Display) -> Self {
        Self(format!("error: {sentence}\n"))
    }

    /// Rendered diagnostics, or other text that is shown unchanged.
    pub(crate) fn report(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of the configuration file.
#[expect(clippy::disallowed_methods, reason = "before anything is served")]
pub(crate) fn read_configuration(path: &Path) -> Result<String, Complaint> {
    std::fs::read_to_string(path).map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "; name another with --config FILE or in RESIZER_CONFIG",
            _ => "",
        };
        Complaint::new(format!("cannot read {}: {error}{help}", path.display()))
    })
}
