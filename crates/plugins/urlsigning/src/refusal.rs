//! Refusals: why an address is not accepted. The log has them at the level `debug`; clients get one sentence for all.

/// Why an address is refused. No text of a client or of a key stands in it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the address has no signature")]
    Missing,
    #[error("the address has a % without two digits, or a character that a signed address cannot have there")]
    Malformed,
    #[error("a parameter stands in the address twice")]
    Repeated,
    #[error("the address has both a signature and a token")]
    Ambiguous,
    #[error("no plugin reads commands behind a ; of the path")]
    UnreadSemicolon,
    #[error("no key has this name")]
    UnknownKey,
    #[error("the key has retired")]
    RetiredKey,
    #[error("the signature is not that of the address")]
    WrongSignature,
    #[error("the time of expiry is not a number of seconds")]
    WrongTime,
    #[error("it has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("the token is not a JWT signed with HS256")]
    WrongToken,
    #[error("the token has a claim that this server does not know or cannot check")]
    UnknownClaim,
    #[error("the token is for somebody else")]
    WrongAudience,
    #[error("the token grants nothing")]
    EmptyToken,
    #[error("the token is for another path")]
    OtherPath,
    #[error("the token does not grant one of the commands")]
    OtherCommand,
    #[error("the token needs a size or a preset in the address")]
    NoSize,
}
