//! The hash by which files are named.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A SHA-256. As text, and in messages: 64 lower-case hexadecimal digits, so that the first two can
/// name a folder and all of them a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// What a hash function gave.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The first two digits: files are spread over as many folders.
    pub fn shard(&self) -> String {
        format!("{:02x}", self.0[0])
    }
}

impl TryFrom<&str> for Sha256 {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is not a SHA-256: it is 64 digits of 0-9 and a-f");
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| refused())?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (digit(pair[0]), digit(pair[1]));
            *byte = high.zip(low).map(|(high, low)| high << 4 | low).ok_or_else(refused)?;
        }
        Ok(Self(bytes))
    }
}

/// Lower case only: a file has one name.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::try_from(text.as_str())
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_is_a_hash() {
        let text = "0123456789abcdef".repeat(4);
        let hash = Sha256::try_from(text.as_str()).unwrap();
        assert_eq!((hash.to_string(), hash.shard().as_str()), (text, "01"));
        for bad in [
            String::new(),
            "ab".into(),
            "0".repeat(63),
            "0".repeat(65),
            "A".repeat(64),
            format!("../{}", "0".repeat(61)),
            format!("{}g", "0".repeat(63)),
            "đ".repeat(32),
        ] {
            assert!(Sha256::try_from(bad.as_str()).is_err(), "{bad}");
        }
    }
}
