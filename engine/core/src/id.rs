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
/// within one run of the engine. A new run counts from 0 again; see
/// [`Event::WorkerStarted`](crate::engine::Event::WorkerStarted).
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

/// A class in the model's own numbering; [`crate::config::Model::labels`] gives its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassIx(pub u16);

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
}
