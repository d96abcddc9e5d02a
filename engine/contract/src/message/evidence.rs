//! Files that prove something: what of the incident they show, and in which medium.

use crate::sha256::Sha256;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// Which part of an incident a file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// When the condition first held.
    FirstSeen,
    /// When the rule fired.
    Opened,
    /// When it was found to be over.
    Closed,
    /// When an operator asked for it.
    Commanded,
}

impl Moment {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::FirstSeen, Self::Opened, Self::Closed, Self::Commanded];

    /// As it is written.
    pub fn label(self) -> &'static str {
        match self {
            Self::FirstSeen => "first_seen",
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Commanded => "commanded",
        }
    }
}

/// What kind of file it is; written as its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Medium {
    /// A picture.
    #[serde(rename = "image/jpeg")]
    Jpeg,
}

impl Medium {
    /// All there are.
    pub const ALL: [Self; 1] = [Self::Jpeg];

    /// As it is written.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
        }
    }

    /// What [`Evidence::kind`] begins with.
    fn form(self) -> &'static str {
        match self {
            Self::Jpeg => "snapshot",
        }
    }
}

/// How the evidence of a revision stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceState {
    /// All that was asked for is named, or lost.
    #[default]
    Complete,
    /// Something was not there in time: another revision follows when it is there, or known to be lost.
    Awaited,
    /// It is what this revision follows with: nothing else is new.
    Added,
}

impl EvidenceState {
    /// Is all there, and was from the first?
    pub fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

/// A file that proves something; it is named by its hash. On the wire it also has a `kind`, such as
/// `snapshot.opened`, which follows from moment and medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Told", into = "Told")]
pub struct Evidence {
    /// What it shows.
    pub moment: Moment,
    /// What kind of file it is.
    pub medium: Medium,
    /// Of the file.
    pub sha256: Sha256,
    /// Size of the file.
    pub bytes: u64,
    /// When the camera took it.
    pub captured: LocalTime,
}

impl Evidence {
    /// Moment and medium in one word, for people and for readers of before there were two.
    pub fn kind(&self) -> String {
        kind(self.moment, self.medium)
    }
}

fn kind(moment: Moment, medium: Medium) -> String {
    format!("{}.{}", medium.form(), moment.label())
}

/// As it stands on the wire. An earlier box says no `moment`.
#[derive(Serialize, Deserialize)]
struct Told {
    kind: String,
    moment: Option<Moment>,
    media_type: Medium,
    sha256: Sha256,
    bytes: u64,
    captured: LocalTime,
}

impl From<Evidence> for Told {
    fn from(evidence: Evidence) -> Self {
        let kind = evidence.kind();
        let Evidence { moment, medium, sha256, bytes, captured } = evidence;
        Self { kind, moment: Some(moment), media_type: medium, sha256, bytes, captured }
    }
}

impl TryFrom<Told> for Evidence {
    type Error = String;

    fn try_from(told: Told) -> Result<Self, String> {
        let Told { kind, moment, media_type: medium, sha256, bytes, captured } = told;
        let said = moment_of(&kind, medium)?;
        match moment {
            Some(moment) if moment != said => {
                Err(format!("kind is {kind:?}, and moment {:?}", moment.label()))
            }
            _ => Ok(Self { moment: said, medium, sha256, bytes, captured }),
        }
    }
}

/// The moment that a `kind` speaks of.
///
/// # Errors
/// What is wrong, when there is no such kind of this medium.
pub fn moment_of(said: &str, medium: Medium) -> Result<Moment, String> {
    let found = Moment::ALL.into_iter().find(|moment| kind(*moment, medium) == said);
    found.ok_or_else(|| format!("there is no evidence of kind {said:?} in {}", medium.media_type()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kind: &str, moment: Option<&str>) -> Result<Evidence, String> {
        let mut told = json!({
            "kind": kind, "sha256": "0".repeat(64), "bytes": 1, "media_type": "image/jpeg",
            "captured": "2026-11-22T08:14:02.900+07:00",
        });
        if let Some(moment) = moment {
            told["moment"] = moment.into();
        }
        serde_json::from_value(told).map_err(|why| why.to_string())
    }

    #[test]
    fn kind_follows_from_moment_and_medium() {
        for moment in Moment::ALL {
            let label = moment.label();
            assert_eq!(json!(moment), json!(label));
            let kind = format!("snapshot.{label}");
            let evidence = read(&kind, Some(label)).unwrap();
            assert_eq!((evidence.moment, evidence.kind()), (moment, kind.clone()));
            assert_eq!(read(&kind, None), Ok(evidence.clone()), "of an earlier box");
            let written = serde_json::to_value(&evidence).unwrap();
            assert_eq!(written["kind"], kind);
            assert_eq!(
                (&written["moment"], &written["media_type"]),
                (&json!(label), &json!(Medium::Jpeg))
            );
        }
        for medium in Medium::ALL {
            assert_eq!(json!(medium), json!(medium.media_type()));
        }
        let why = read("snapshot.opened", Some("closed")).unwrap_err();
        assert!(why.contains("snapshot.opened") && why.contains("closed"), "{why}");
        read("clip.opened", Some("opened")).unwrap_err();
        read("snapshot", None).unwrap_err();
    }
}
