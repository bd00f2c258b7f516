//! Error: the reason why an address cannot be written. No message holds a key.

/// The reason why an address cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path is not absolute, or begins with two slashes, which browsers take for the beginning of a host.
    #[error("a path begins with one slash, as in /photos/lake.jpg, and not as `{0}`")]
    Path(String),
    /// A segment of the path is `.` or `..`. Clients remove such segments before they send a request.
    #[error("the path `{0}` has a segment of dots, which clients remove")]
    Dots(String),
    /// The form with semicolons cannot say this: a `;` would begin a command, and the server refuses an encoded `?` there.
    #[error("`{0}` has a ; or ? that an address with commands behind semicolons cannot have")]
    Semicolon(String),
    /// A path with a `;` cannot be signed, since the server would read commands behind it.
    #[error("the path `{0}` has a ;, so that it cannot be signed")]
    Unsignable(String),
    /// The time at which a signature ends has more than 12 digits.
    #[error("`{0}` is no time in seconds since 1970")]
    Expiry(u64),
    /// A side of the result is out of range.
    #[error("{0} pixels: a side has 1 to {max} pixels", max = crate::LARGEST_SIDE)]
    Side(u32),
    /// A range of sides in a token.
    #[error("{0} to {1} is no range of pixels from 1 to {max}", max = crate::LARGEST_SIDE)]
    Range(u32, u32),
    /// A token cannot be one.
    #[error("this cannot be a token: {0}")]
    Token(String),
    /// A number is out of range for this command.
    #[error("`{value}` is out of range for `{command}`")]
    Number {
        /// The name of the command.
        command: &'static str,
        /// The number.
        value: String,
    },
    /// A command has no name.
    #[error("a command has a name")]
    Unnamed,
    /// The name of a command is reserved for signatures.
    #[error("the command `{0}` is written by the signature alone")]
    Reserved(String),
    /// A base address is not a scheme and a host, perhaps with a path.
    #[error("a base is a scheme and a host, as in https://images.example.org, and not `{0}`")]
    Base(String),
    /// A word is not among those that a command takes.
    #[error("`{word}` is not one of {known}")]
    Word {
        /// The word.
        word: String,
        /// The known words, separated by commas.
        known: String,
    },
    /// A list of widths or densities is empty, or one of its items is neither.
    #[error("`{0}` is no list of widths such as 400,800 nor of densities such as 1x,2x")]
    Candidates(String),
    /// A `<picture>` has no format, or one without a media type (`auto`, `keep`).
    #[error("a picture needs formats with a media type, such as webp and jpg")]
    Formats,
    /// The name of an attribute is not one of HTML, or the picture writes the attribute itself.
    #[error("`{0}` is no name of a further attribute")]
    Attribute(String),
    /// The name or the secret of a key is not as a key's is.
    #[error("{0}")]
    Key(&'static str),
}
