//! By what somebody is known that asks: the secret of a session, or a token.

use crate::model::Person;
use viahe_contract::time::Timestamp;

/// A SHA-256 under which a session or a token is kept.
pub(super) type SecretHash = [u8; 32];

/// Whoever asks while so many others are known is looked up each time.
pub(super) const KNOWN_MAX: usize = 1_000;

/// By what somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// A session's cookie.
    Session(SecretHash),
    /// A token.
    Token(SecretHash),
}

/// A session or a token that has not been ended.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Whose, as that person is now.
    pub(super) person: Person,
    /// When it was used last, if it ever was.
    pub(super) used: Option<Timestamp>,
    /// From here on it is none any more, unless it is used before.
    pub(super) until: Option<Timestamp>,
}
