//! Secrets that we draw: what a session's cookie and a token hold, and passwords for people.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// Letters and digits that nobody mistakes for another when they are read aloud: 32 of them, so that
/// five random bits choose one.
const SPOKEN: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers ({0}): nobody can log in until it does")]
pub struct NoRandom(getrandom::Error);

/// A SHA-256 under which a secret is kept: who reads the store can use none of them.
type Hash = [u8; 32];

/// 256 random bits as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// [`NoRandom`].
    pub fn draw() -> Result<Self, NoRandom> {
        Ok(Self(hex(random()?)))
    }

    /// As it is shown once, or set as a cookie.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret. It has 256 random bits, so no slow hash is needed.
pub(super) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// The word that a page must repeat in a header when it changes something: it follows from the
/// session's cookie, which no page can read, so that nothing more need be kept.
pub fn csrf(cookie: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"viahe csrf of ");
    hasher.update(cookie.as_bytes());
    hex(hasher.finalize().into())
}

/// A password that is drawn for somebody: 100 random bits in four groups of five.
///
/// # Errors
/// [`NoRandom`].
pub(super) fn password() -> Result<String, NoRandom> {
    let drawn = random::<20>()?;
    let letters = drawn.map(|byte| char::from(SPOKEN[usize::from(byte % 32)]));
    Ok(letters
        .chunks(5)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("-"))
}

/// Are they the same? Takes as long whatever differs.
pub fn same(a: &str, b: &str) -> bool {
    // Equal hashes are equal texts, and what is learnt from the time tells of the hashes only.
    hash(a) == hash(b)
}

/// Random bytes of the operating system.
///
/// # Errors
/// [`NoRandom`].
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes)
}

fn hex(bytes: Hash) -> String {
    viahe_contract::sha256::Sha256::from_bytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_long_new_and_told_by_nothing() {
        let (a, b) = (Secret::draw().unwrap(), Secret::draw().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.text().len(), 64);
        assert_eq!(format!("{a:?}"), "Secret(…)");
        assert_ne!(csrf(a.text()), csrf(b.text()));
        assert_ne!(csrf(a.text()), hex(hash(a.text())), "who reads the store knows no csrf");
        assert!(same("a", "a") && !same("a", "b") && !same("a", "aa"));
    }

    #[test]
    fn passwords_can_be_read_aloud() {
        let drawn = password().unwrap();
        assert_eq!(drawn.split('-').map(str::len).collect::<Vec<_>>(), [5; 4], "{drawn}");
        assert!(drawn.bytes().all(|b| b == b'-' || SPOKEN.contains(&b)), "{drawn}");
        assert!(!SPOKEN.iter().any(|letter| b"lo01".contains(letter)));
        assert_ne!(drawn, password().unwrap());
    }
}
