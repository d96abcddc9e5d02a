//! Incidents: what the engine concludes, and how a conclusion reads on the wire.
//!
//! An incident has an id that follows from what it is about, so a repeat is the same incident,
//! and a revision that counts what was said of it.

use crate::config::plan::{Language, Position, Severity};
use crate::detect::Confidence;
use crate::geometry::UnitBox;
use crate::id::{Name, TrackId};
use crate::observe::Class;
use crate::time::{ClockSource, Timestamp};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// 26 characters of Crockford's base 32, as a ULID: 48 bits of opening time in ms, then 80 bits
/// of a hash of site, camera, rule, subject and opening time. Sorts by opening time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

impl IncidentId {
    /// The id of the incident with these facts.
    pub fn new(
        site: &Name,
        camera: Option<&Name>,
        rule: &Name,
        subject: Option<TrackId>,
        opened: Timestamp,
    ) -> Self {
        let camera = camera.map_or("", Name::as_str);
        let subject = subject.map_or_else(String::new, |t| t.to_string());
        let text = format!("{site}/{camera}/{rule}/{subject}/{}", opened.0);
        let hash = Sha256::digest(text.as_bytes());
        let mut bits = u128::from(opened.millis() & 0xFFFF_FFFF_FFFF) << 80;
        for (i, byte) in hash.iter().take(10).enumerate() {
            bits |= u128::from(*byte) << (72 - 8 * i);
        }
        let digit = |i: u32| char::from(ALPHABET[(bits >> (5 * (25 - i)) & 31) as usize]);
        Self((0..26).map(digit).collect())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Crockford's: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It goes on.
    Open,
    /// It is over.
    Closed,
}

/// How a ward goes about an offence: by what went before, and by how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Remind (nhắc nhở).
    Remind,
    /// Have a commitment signed (ký cam kết).
    Commitment,
    /// Put on record (lập biên bản).
    Record,
}

impl Stage {
    /// For people.
    pub fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Remind, Language::Vi) => "Nhắc nhở",
            (Self::Remind, Language::En) => "Remind",
            (Self::Commitment, Language::Vi) => "Yêu cầu ký cam kết không tái phạm",
            (Self::Commitment, Language::En) => "Ask for a signed commitment",
            (Self::Record, Language::Vi) => "Lập biên bản vi phạm",
            (Self::Record, Language::En) => "Put it on record",
        }
    }

    /// That of the `n`-th offence, from 0.
    pub fn of(n: u32) -> Self {
        match n {
            0 => Self::Remind,
            1 => Self::Commitment,
            _ => Self::Record,
        }
    }
}

/// Why an incident ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// What it was about is over.
    Over,
    /// Its rule does not apply any more: hours, a permit, a command, a disaster.
    RuleInactive,
    /// The camera sees something else than what its zones were drawn on.
    ViewLost,
    /// The sensor or window that it rests on has no value any more: silent, stuck, or not
    /// believable. What was measured may still be so.
    SensorLost,
    /// Its rule was changed or removed.
    RuleChanged,
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "it is over",
            Self::RuleInactive => "its rule does not apply now",
            Self::ViewLost => "the camera sees something else",
            Self::SensorLost => "its sensor has no value",
            Self::RuleChanged => "its rule was changed or removed",
        })
    }
}

/// A place in the law that was in force when an incident opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// Such as `Nghị định 168/2024/NĐ-CP`.
    pub law: String,
    /// Such as `Điều 6`.
    pub article: String,
    /// Somebody has held it against the official text.
    #[serde(default)]
    pub verified: bool,
}

/// What an incident says to people, in the site's language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// What it is called.
    pub title: String,
    /// When to confirm and when to dismiss it.
    pub guidance: String,
    /// What people call the camera; none when only sensors tell of it.
    pub camera_name: Option<String>,
    /// What people call the zone.
    pub place: Option<String>,
    /// The stage; none for what has none.
    pub stage_text: Option<String>,
}

/// A value that an incident rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The sensor or window.
    pub name: Name,
    /// In `unit`.
    pub value: f64,
    /// Canonical unit of the quantity.
    pub unit: String,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EvidenceKind {
    /// The frame in which the condition first held.
    #[serde(rename = "snapshot.first_seen")]
    FirstSeen,
    /// The frame in which the rule fired.
    #[serde(rename = "snapshot.opened")]
    Opened,
    /// The frame in which it was found to be over.
    #[serde(rename = "snapshot.closed")]
    Closed,
    /// A frame that an operator asked for.
    #[serde(rename = "snapshot.commanded")]
    Commanded,
}

/// A file that proves something. The file's name is its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it shows.
    pub kind: EvidenceKind,
    /// Of the file, lower-case hex.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// `image/jpeg`.
    pub media_type: String,
    /// When the camera took it.
    pub captured: Timestamp,
    /// Under which number it was asked for; not part of the message.
    pub capture: u64,
}

/// Who or what the incident is about, as seen when the revision was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Identity when last seen.
    pub track: TrackId,
    /// What it is.
    pub class: Class,
    /// How sure the detector was.
    pub confidence: Confidence,
    /// Where, in fractions of the frame.
    #[serde(rename = "box")]
    pub bbox: UnitBox,
}

impl Subject {
    /// As told to people: four decimals of a frame are a fifth of a pixel at 1080p.
    fn told(&self) -> serde_json::Value {
        let rounded = |v: f32| (f64::from(v) * 10_000.0).round() / 10_000.0;
        serde_json::json!({
            "track": self.track,
            "class": self.class,
            "confidence": rounded(self.confidence.get()),
            "box": self.bbox.corners().map(rounded),
        })
    }
}

/// Which model saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRef {
    /// Folder under `models/`.
    pub name: Name,
    /// Of the weights.
    pub sha256: String,
}

/// How far the camera's clock can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRef {
    /// Where capture times come from.
    pub source: ClockSource,
    /// Arrival minus capture, in ms: network delay plus the difference of the clocks.
    pub offset_ms: i64,
}

/// One statement about an incident. A later revision says everything again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Which incident.
    pub incident: IncidentId,
    /// From 1.
    pub revision: u32,
    /// Where it stands.
    pub state: State,
    /// The rule's id in the pipeline.
    pub rule: Name,
    /// The catalogue entry.
    pub violation: Name,
    /// Version of the catalogue entry.
    pub rule_version: u32,
    /// How bad.
    pub severity: Severity,
    /// Which camera; none when only sensors tell of it.
    pub camera: Option<Name>,
    /// Which zone of it.
    pub zone: Option<Name>,
    /// What to do about it; none for what is no offence.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// The how many-th offence in its zone this is, from 1, as far back as the rule counts.
    #[serde(default)]
    pub offence: u32,
    /// The law in force when it opened.
    #[serde(default)]
    pub citations: Vec<Cited>,
    /// The values that it rests on.
    #[serde(default)]
    pub measured: Vec<Measured>,
    /// Why it ended, once it has.
    #[serde(default)]
    pub ended_by: Option<EndReason>,
    /// Where the camera is.
    pub position: Option<Position>,
    /// When the condition first held.
    pub first_seen: Timestamp,
    /// When the rule fired.
    pub opened: Timestamp,
    /// When this revision was made.
    pub updated: Timestamp,
    /// When it was last seen, once it is over.
    pub closed: Option<Timestamp>,
    /// Who or what; best first.
    pub subjects: Vec<Subject>,
    /// Pictures on disk.
    pub evidence: Vec<Evidence>,
    /// The model, when known.
    pub model: Option<ModelRef>,
    /// The clock.
    pub clock: ClockRef,
    /// What it says to people.
    #[serde(default)]
    pub wording: Wording,
}

impl Revision {
    /// `…-r3`: unique for each revision; the `id` of its message.
    pub fn event_id(&self) -> String {
        format!("{}-r{}", self.incident, self.revision)
    }

    /// `viahe/v1/{site}/cam/{camera}/incident/{violation}`, without `cam/{camera}` for an incident
    /// that only sensors tell of.
    pub fn topic(&self, site: &Name) -> String {
        match &self.camera {
            Some(camera) => format!("viahe/v1/{site}/cam/{camera}/incident/{}", self.violation),
            None => format!("viahe/v1/{site}/incident/{}", self.violation),
        }
    }

    /// CloudEvents 1.0, structured JSON; times in the site's zone with ms.
    pub fn cloud_event(&self, site: &Name, zone: &TimeZone) -> serde_json::Value {
        let verb = match (self.state, self.revision) {
            (State::Closed, _) => "closed",
            (State::Open, 1) => "opened",
            (State::Open, _) => "updated",
        };
        let time = |at: Timestamp| at.rfc3339(zone);
        let evidence: Vec<serde_json::Value> = self
            .evidence
            .iter()
            .map(|e| {
                serde_json::json!({
                    "kind": e.kind, "sha256": e.sha256, "bytes": e.bytes,
                    "media_type": e.media_type, "captured": time(e.captured),
                })
            })
            .collect();
        let subjects: Vec<serde_json::Value> = self.subjects.iter().map(Subject::told).collect();
        serde_json::json!({
            "specversion": "1.0",
            "id": self.event_id(),
            "source": match &self.camera {
                Some(camera) => format!("viahe/{site}/{camera}"),
                None => format!("viahe/{site}"),
            },
            "type": format!("vn.viahe.incident.{verb}"),
            "subject": self.violation,
            "time": time(self.updated),
            "datacontenttype": "application/json",
            "data": {
                "incident": self.incident,
                "revision": self.revision,
                "state": self.state,
                "rule": self.rule,
                "rule_version": self.rule_version,
                "severity": self.severity,
                "title": self.wording.title,
                "guidance": self.wording.guidance,
                "stage": self.stage,
                "stage_text": self.wording.stage_text,
                // Nobody is counted where nobody can be held to it.
                "offence": self.stage.map(|_| self.offence),
                "citations": self.citations,
                "camera": self.camera,
                "camera_name": self.wording.camera_name,
                "zone": self.zone,
                "place": self.wording.place,
                "position": self.position,
                "first_seen": time(self.first_seen),
                "opened": time(self.opened),
                "updated": time(self.updated),
                "closed": self.closed.map(time),
                "ended_by": self.ended_by,
                "measured": self.measured,
                "subjects": subjects,
                "evidence": evidence,
                "model": self.model,
                "clock": self.clock,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_deterministic_and_sort_by_time() {
        let name = |t: &str| Name::try_from(t).unwrap();
        let id = |track, secs| {
            IncidentId::new(
                &name("hue"),
                Some(&name("cam-1")),
                &name("illegal-parking"),
                Some(TrackId(track)),
                Timestamp::from_secs(secs),
            )
        };
        assert_eq!(id(1, 100), id(1, 100));
        assert_ne!(id(1, 100), id(2, 100));
        assert!(id(9, 100) < id(1, 101));
        assert_eq!(id(1, 1_795_000_000).as_str().len(), 26);
        assert!(id(1, 1_795_000_000).as_str().starts_with("01"));
    }
}
