//! Conversion of imaging's errors into the engine's: the kind, the sentence for the client, the cause for the log.

use resizer_imaging::ImageError;
use resizer_plugin_api::{Error, ErrorKind};

/// The engine's error for an error of imaging.
pub(crate) fn public(error: ImageError) -> Error {
    let kind = match &error {
        ImageError::Cancelled => ErrorKind::Cancelled,
        ImageError::UnsupportedFormat { .. } => ErrorKind::Unsupported,
        ImageError::Corrupt { .. } => ErrorKind::Corrupt,
        ImageError::TooLarge { .. } => ErrorKind::TooLarge,
        ImageError::Impossible { .. } => ErrorKind::BadRequest,
        ImageError::NoRoom => ErrorKind::Overloaded,
        _ => ErrorKind::Internal,
    };
    let message = sentence(&error.to_string());
    Error::new(kind, message).because(error)
}

/// Makes a sentence for the client of a clause, the form that imaging's messages have for chains of errors.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string())
        .unwrap_or_default();
    let end = if clause.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_of_an_error_becomes_a_sentence() {
        assert_eq!(sentence("the source JPEG is damaged"), "The source JPEG is damaged.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(public(ImageError::Cancelled).kind(), ErrorKind::Cancelled);
    }
}
