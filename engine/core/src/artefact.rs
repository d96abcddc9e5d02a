//! Files that prove something, as the engine remembers them.

use crate::id::CaptureId;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use viahe_contract::message::{self, Medium, Moment, moment_of};
use viahe_contract::sha256::Sha256;

/// A file that proves something. The file's name is its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Artefact {
    /// Of the file.
    pub sha256: Sha256,
    /// Size of the file.
    pub bytes: u64,
    /// What kind of file it is.
    pub medium: Medium,
    /// Which part of the incident it shows.
    pub moment: Moment,
    /// The time that it shows.
    pub span: Span,
    /// Under which number it was asked for; not part of the message.
    pub capture: CaptureId,
}

/// First and last time that a file shows, by when the camera took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its beginning.
    pub first: Timestamp,
    /// Its end; of a picture the same.
    pub last: Timestamp,
}

impl Span {
    /// Of a picture.
    pub fn at(time: Timestamp) -> Self {
        Self { first: time, last: time }
    }
}

impl Artefact {
    /// As it is told; times in the site's zone.
    pub(crate) fn told(&self, zone: &TimeZone) -> message::Evidence {
        message::Evidence {
            moment: self.moment,
            medium: self.medium,
            sha256: self.sha256,
            bytes: self.bytes,
            captured: self.span.first.local(zone),
        }
    }
}

/// As it is saved, or was.
#[derive(Deserialize)]
#[serde(untagged)]
enum Saved {
    Now {
        sha256: Sha256,
        bytes: u64,
        medium: Medium,
        moment: Moment,
        span: Span,
        capture: CaptureId,
    },
    Before(Before),
}

/// An artefact when moment and medium were one word and there were only pictures.
#[derive(Deserialize)]
struct Before {
    kind: String,
    sha256: Sha256,
    bytes: u64,
    media_type: Medium,
    captured: Timestamp,
    capture: CaptureId,
}

impl TryFrom<Saved> for Artefact {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        match saved {
            Saved::Now { sha256, bytes, medium, moment, span, capture } => {
                Ok(Self { sha256, bytes, medium, moment, span, capture })
            }
            Saved::Before(before) => before.try_into(),
        }
    }
}

impl TryFrom<Before> for Artefact {
    type Error = String;

    fn try_from(before: Before) -> Result<Self, String> {
        let Before { kind, sha256, bytes, media_type: medium, captured, capture } = before;
        let moment = moment_of(&kind, medium)?;
        Ok(Self { sha256, bytes, medium, moment, span: Span::at(captured), capture })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_that_0_1_saved_is_read_as_what_it_is() {
        let saved = json!({
            "kind": "snapshot.first_seen", "sha256": "0a".repeat(32), "bytes": 7,
            "media_type": "image/jpeg", "captured": "2026-09-21T14:13:23Z", "capture": 2,
        });
        let artefact: Artefact = serde_json::from_value(saved.clone()).unwrap();
        let at: Timestamp = "2026-09-21T14:13:23Z".parse().unwrap();
        let now = Artefact {
            sha256: Sha256::from_bytes([10; 32]),
            bytes: 7,
            medium: Medium::Jpeg,
            moment: Moment::FirstSeen,
            span: Span { first: at, last: at },
            capture: CaptureId(2),
        };
        assert_eq!(artefact, now);
        let again = serde_json::to_value(&now).unwrap();
        assert!(again.get("kind").is_none(), "{again}");
        assert_eq!(serde_json::from_value::<Artefact>(again).unwrap(), now);
        let mut other = saved;
        other["kind"] = "snapshot.elsewhen".into();
        assert!(serde_json::from_value::<Artefact>(other).is_err());
    }
}
