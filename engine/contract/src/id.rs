//! Names that people write, and numbers that stand for them inside.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A name in files, topics and messages: 3 to 40 of `a-z`, `0-9`, `-`.
///
/// Cheap to clone. Safe as one level of an MQTT topic and as a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(Arc<str>);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for Name {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (3..=40).contains(&text.len()) && text.bytes().all(good) {
            Ok(Self(text.into()))
        } else {
            Err(format!("{text:?} is not a name: use 3 to 40 of a-z, 0-9 and '-'"))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of a moving or standing thing, given by one tracker.
///
/// The high 32 bits say which start of the vision worker gave it, so an id is never used twice
/// within one run of the engine. A new run counts from 0 again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(pub u64);

impl TrackId {
    /// The `n`-th track of start `epoch` of a worker.
    pub const fn new(epoch: u32, n: u32) -> Self {
        Self(((epoch as u64) << 32) | n as u64)
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a picture that was asked for; never used twice by one engine.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CaptureId(pub u64);

impl fmt::Display for CaptureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a place for a vision worker, from 0. Whoever dies there is followed by another.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct WorkerId(pub u16);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 26 characters of Crockford's base 32, as a ULID: 48 bits of opening time in ms, then 80 bits of a
/// hash of what the incident is about. Sorts by opening time; the same incident has the same id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IncidentId(Arc<str>);

impl IncidentId {
    /// With these 128 bits, highest first.
    pub fn from_bits(bits: u128) -> Self {
        let digit = |i: u32| char::from(ALPHABET[(bits >> (5 * (25 - i)) & 31) as usize]);
        Self((0..26).map(digit).collect::<String>().into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Crockford's: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl TryFrom<String> for IncidentId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for IncidentId {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let digits = text.len() == 26 && text.bytes().all(|b| ALPHABET.contains(&b));
        // 26 digits hold 130 bits.
        if digits && text.as_bytes()[0] <= b'7' {
            Ok(Self(text.into()))
        } else {
            Err(format!(
                "{text:?} is not the id of an incident: it is 26 of 0-9 and A-Z without I, L, O, U"
            ))
        }
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What who commands calls a command, to know its answer by: 1 to 80 of `A-Z`, `a-z`, `0-9`, `-`, `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CommandId(Arc<str>);

impl CommandId {
    /// Most characters.
    pub const CHARS_MAX: usize = 80;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CommandId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for CommandId {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let usable = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(usable) {
            Ok(Self(text.into()))
        } else {
            Err(format!(
                "it is to be 1 to {} letters, digits, `-` and `_`, of its own",
                Self::CHARS_MAX
            ))
        }
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["abc", "le-loi-03", &"a".repeat(40)] {
            assert!(Name::try_from(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "Le-Loi", "a/b", "a b c", "+++", "đường", &"a".repeat(41)] {
            assert!(Name::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids() {
        let id = IncidentId::from_bits(1 << 127 | 31);
        assert_eq!(id.as_str(), "4000000000000000000000000Z");
        assert_eq!(IncidentId::try_from(id.as_str()), Ok(id));
        for bad in ["", "../etc", "4000000000000000000000000U", "8000000000000000000000000Z"] {
            assert!(IncidentId::try_from(bad).is_err(), "{bad}");
        }
        assert!(CommandId::try_from("op_7-A").is_ok());
        for bad in ["", "a/b", "a b", "+", &"a".repeat(81), "số-7"] {
            assert!(CommandId::try_from(bad).is_err(), "{bad}");
        }
    }
}
