//! Incidents: what the engine concludes, and how a conclusion reads on the wire.
//!
//! An incident has an id that follows from what it is about, so a repeat is the same incident,
//! and a revision that counts what was said of it.

use crate::artefact::Artefact;
use crate::detect::Confidence;
use crate::geometry::{UnitBox, UnitPoint};
use crate::id::{IncidentId, Name, TrackId};
use crate::observe::Class;
use crate::plan::Language;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use viahe_contract::message::{
    self, Citation, ClockRef, EndReason, EvidenceState, Geometry, Incident, IncidentEvent,
    Measured, ModelRef, Severity, Stage, State,
};
use viahe_contract::place::Position;
use viahe_contract::topic::{About, Topic};

/// The id of the incident with these facts: it follows from them, so that a repeat is the same incident.
pub fn incident_id(
    site: &Name,
    camera: Option<&Name>,
    rule: &Name,
    subject: Option<TrackId>,
    opened: Timestamp,
) -> IncidentId {
    let camera = camera.map_or("", Name::as_str);
    let subject = subject.map_or_else(String::new, |t| t.to_string());
    let text = format!("{site}/{camera}/{rule}/{subject}/{}", opened.0);
    let hash = sha2::Sha256::digest(text.as_bytes());
    let time = u128::from(opened.millis() & 0xFFFF_FFFF_FFFF) << 80;
    let bits = |i: usize, byte: &u8| u128::from(*byte) << (72 - 8 * i);
    IncidentId::from_bits(
        hash.iter().take(10).enumerate().fold(time, |all, (i, b)| all | bits(i, b)),
    )
}

/// The stage, for people.
pub fn stage_text(stage: Stage, language: Language) -> &'static str {
    match (stage, language) {
        (Stage::Remind, Language::Vi) => "Nhắc nhở",
        (Stage::Remind, Language::En) => "Remind",
        (Stage::Commitment, Language::Vi) => "Yêu cầu ký cam kết không tái phạm",
        (Stage::Commitment, Language::En) => "Ask for a signed commitment",
        (Stage::Record, Language::Vi) => "Lập biên bản vi phạm",
        (Stage::Record, Language::En) => "Put it on record",
    }
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

/// A fraction as told to people: four decimals of a frame are a fifth of a pixel at 1080p.
fn rounded(v: f32) -> f64 {
    (f64::from(v) * 10_000.0).round() / 10_000.0
}

/// A point as told.
pub(crate) fn told_point(point: UnitPoint) -> [f64; 2] {
    [point.x, point.y].map(rounded)
}

impl Subject {
    /// Where it is, as told.
    pub(crate) fn told_box(&self) -> [f64; 4] {
        self.bbox.corners().map(rounded)
    }

    /// As told to people.
    pub fn told(&self) -> message::Subject {
        message::Subject {
            track: self.track,
            class: self.class.clone(),
            confidence: rounded(self.confidence.get()),
            bbox: self.told_box(),
        }
    }
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
    pub citations: Vec<Citation>,
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
    /// What is drawn over its pictures.
    #[serde(default, skip_serializing_if = "Geometry::is_empty")]
    pub geometry: Geometry,
    /// Files on disk.
    pub evidence: Vec<Artefact>,
    /// Is that all?
    #[serde(default, skip_serializing_if = "EvidenceState::is_complete")]
    pub evidence_state: EvidenceState,
    /// The model, when known.
    pub model: Option<ModelRef>,
    /// The clock.
    pub clock: ClockRef,
    /// What it says to people.
    #[serde(default)]
    pub wording: Wording,
}

impl Revision {
    /// The last word on an incident that nobody remembers any more, found out at `at`; this is the
    /// newest revision of it.
    #[must_use]
    pub fn forgotten(self, at: Timestamp) -> Self {
        Self {
            revision: self.revision + 1,
            state: State::Closed,
            closed: Some(self.updated.max(self.first_seen)),
            updated: at.max(self.updated),
            ended_by: Some(EndReason::StateLost),
            evidence_state: EvidenceState::Complete,
            ..self
        }
    }

    /// Where its message stands.
    pub fn topic(&self, site: &Name) -> Topic {
        let (camera, violation) = (self.camera.clone(), self.violation.clone());
        Topic::new(site, About::Incident { camera, violation })
    }

    /// Its message; times in the site's zone.
    pub fn event(&self, site: &Name, zone: &TimeZone) -> IncidentEvent {
        IncidentEvent {
            site: site.clone(),
            violation: self.violation.clone(),
            incident: self.told(zone),
        }
    }

    fn told(&self, zone: &TimeZone) -> Incident {
        Incident {
            incident: self.incident.clone(),
            revision: self.revision,
            state: self.state,
            rule: self.rule.clone(),
            rule_version: self.rule_version,
            severity: self.severity,
            title: self.wording.title.clone(),
            guidance: self.wording.guidance.clone(),
            stage: self.stage,
            stage_text: self.wording.stage_text.clone(),
            // Nobody is counted where nobody can be held to it.
            offence: self.stage.map(|_| self.offence),
            citations: self.citations.clone(),
            camera: self.camera.clone(),
            camera_name: self.wording.camera_name.clone(),
            zone: self.zone.clone(),
            place: self.wording.place.clone(),
            position: self.position,
            first_seen: self.first_seen.local(zone),
            opened: self.opened.local(zone),
            updated: self.updated.local(zone),
            closed: self.closed.map(|at| at.local(zone)),
            ended_by: self.ended_by,
            measured: self.measured.clone(),
            subjects: self.subjects.iter().map(Subject::told).collect(),
            geometry: self.geometry.clone(),
            evidence: self.evidence.iter().map(|e| e.told(zone)).collect(),
            evidence_state: self.evidence_state,
            model: self.model.clone(),
            clock: self.clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_deterministic_and_sort_by_time() {
        let name = |t: &str| Name::try_from(t).unwrap();
        let id = |track, secs| {
            incident_id(
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
