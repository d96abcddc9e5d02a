//! Incidents: what a box concludes, and that a centre has it.

use super::evidence::{Evidence, EvidenceState};
use super::geometry::Geometry;
use crate::class::Class;
use crate::id::{IncidentId, Name, TrackId};
use crate::place::Position;
use crate::sha256::Sha256;
use crate::time::{ClockSource, LocalTime};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One revision of an incident on `…/incident/{violation}`: CloudEvents 1.0, structured JSON. A later one
/// says everything again. The envelope follows from what is in it; one that contradicts it is not read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Envelope", into = "Envelope")]
pub struct IncidentEvent {
    /// Whose.
    pub site: Name,
    /// The catalogue entry.
    pub violation: Name,
    /// What is said.
    pub incident: Incident,
}

impl IncidentEvent {
    /// `…-r3`: unique for each revision; the `id` of its message.
    pub fn event_id(&self) -> String {
        format!("{}-r{}", self.incident.incident, self.incident.revision)
    }
}

/// The envelope, as it stands on the wire.
#[derive(Serialize, Deserialize)]
struct Envelope {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: Name,
    time: LocalTime,
    datacontenttype: String,
    data: Incident,
}

/// Version of CloudEvents.
const SPEC_VERSION: &str = "1.0";
/// What the source begins with.
const SOURCE: &str = "viahe/";

impl From<IncidentEvent> for Envelope {
    fn from(event: IncidentEvent) -> Self {
        let id = event.event_id();
        let IncidentEvent { site, violation, incident } = event;
        let verb = incident.verb();
        Self {
            specversion: SPEC_VERSION.into(),
            id,
            source: match &incident.camera {
                Some(camera) => format!("{SOURCE}{site}/{camera}"),
                None => format!("{SOURCE}{site}"),
            },
            kind: format!("vn.viahe.incident.{verb}"),
            subject: violation,
            time: incident.updated,
            datacontenttype: "application/json".into(),
            data: incident,
        }
    }
}

/// What follows from the content.
fn keys(envelope: &Envelope) -> [(&'static str, String); 6] {
    let Envelope { specversion, id, source, kind, time, datacontenttype, .. } = envelope;
    [
        ("specversion", specversion.clone()),
        ("id", id.clone()),
        ("source", source.clone()),
        ("type", kind.clone()),
        ("time", time.to_string()),
        ("datacontenttype", datacontenttype.clone()),
    ]
}

impl TryFrom<Envelope> for IncidentEvent {
    type Error = String;

    fn try_from(envelope: Envelope) -> Result<Self, String> {
        let told = envelope.source.strip_prefix(SOURCE).unwrap_or_default();
        let site = told.split('/').next().unwrap_or_default();
        let site = Name::try_from(site).map_err(|why| format!("source: {why}"))?;
        let told = keys(&envelope);
        let Envelope { subject: violation, data: incident, .. } = envelope;
        let event = Self { site, violation, incident };
        let right = keys(&Envelope::from(event.clone()));
        for ((key, told), (_, right)) in told.into_iter().zip(right) {
            if told != right {
                return Err(format!("{key} is {told:?}, and by what the event says {right:?}"));
            }
        }
        Ok(event)
    }
}

/// What is said of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Which.
    pub incident: IncidentId,
    /// From 1.
    pub revision: u32,
    /// Where it stands.
    pub state: State,
    /// The rule's name in the pipeline file.
    pub rule: Name,
    /// Version of the catalogue entry.
    pub rule_version: u32,
    /// How bad.
    pub severity: Severity,
    /// What it is called, in the site's language.
    pub title: String,
    /// When to confirm and when to dismiss it.
    pub guidance: String,
    /// What to do; none where nobody can be held to it.
    pub stage: Option<Stage>,
    /// The stage for people.
    pub stage_text: Option<String>,
    /// The how many-th in its zone, from 1; none without a stage.
    pub offence: Option<u32>,
    /// The law in force when it opened.
    pub citations: Vec<Citation>,
    /// None when only sensors tell of it.
    pub camera: Option<Name>,
    /// What people call the camera.
    pub camera_name: Option<String>,
    /// Where in the picture.
    pub zone: Option<Name>,
    /// What people call the zone.
    pub place: Option<String>,
    /// Where the camera is.
    pub position: Option<Position>,
    /// When the condition first held.
    pub first_seen: LocalTime,
    /// When the rule fired.
    pub opened: LocalTime,
    /// When this revision was made.
    pub updated: LocalTime,
    /// When it was last seen, once it is over.
    pub closed: Option<LocalTime>,
    /// Why it ended, once it has.
    pub ended_by: Option<EndReason>,
    /// The values that it rests on.
    pub measured: Vec<Measured>,
    /// Who or what; best first.
    pub subjects: Vec<Subject>,
    /// What is drawn over its pictures. Boxes of earlier versions do not tell it, nor does what only sensors tell of.
    #[serde(default, skip_serializing_if = "Geometry::is_empty")]
    pub geometry: Geometry,
    /// Files that prove it.
    pub evidence: Vec<Evidence>,
    /// Is that all? Boxes of earlier versions do not tell it: it was.
    #[serde(default)]
    pub evidence_state: EvidenceState,
    /// Which model saw it, when known.
    pub model: Option<ModelRef>,
    /// How far times can be trusted.
    pub clock: ClockRef,
}

impl Incident {
    /// What this revision says of it: `opened`, `updated` or `closed`.
    pub fn verb(&self) -> &'static str {
        match (self.state, self.revision) {
            (State::Closed, _) => "closed",
            (State::Open, 1) => "opened",
            (State::Open, _) => "updated",
        }
    }
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It goes on.
    Open,
    /// It is over.
    Closed,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For statistics.
    Info,
    /// Should be looked at today.
    Low,
    /// Should be looked at now.
    Medium,
    /// Somebody may be in danger.
    High,
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
    /// The box lost what it remembered of it. It may go on; then it is told as another one.
    StateLost,
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "it is over",
            Self::RuleInactive => "its rule does not apply now",
            Self::ViewLost => "the camera sees something else",
            Self::SensorLost => "its sensor has no value",
            Self::RuleChanged => "its rule was changed or removed",
            Self::StateLost => "the box lost what it remembered of it",
        })
    }
}

/// A place in the law that was in force when an incident opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Such as `Nghị định 168/2024/NĐ-CP`.
    pub law: String,
    /// Such as `Điều 6`.
    pub article: String,
    /// Somebody has held it against the official text.
    #[serde(default)]
    pub verified: bool,
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

/// Who or what an incident is about, as seen when the revision was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Identity when last seen.
    pub track: TrackId,
    /// What it is.
    pub class: Class,
    /// How sure the detector was, 0 to 1.
    pub confidence: f64,
    /// Where, in fractions of the frame: `[x0, y0, x1, y1]`.
    #[serde(rename = "box")]
    pub bbox: [f64; 4],
}

/// Which model saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRef {
    /// Folder under `models/`.
    pub name: Name,
    /// Of the weights.
    pub sha256: Sha256,
    /// Whose weights these are to use, as SPDX writes it; `NOASSERTION` where nobody said. None of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// How far the camera's clock can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRef {
    /// Where capture times come from.
    pub source: ClockSource,
    /// The box's clock less the camera's own, in ms; 0 where it does not tell it.
    pub offset_ms: i64,
}

/// The centre's word, on `…/ack`, that it has committed a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Of which incident.
    pub incident: IncidentId,
    /// Which revision of it.
    pub revision: u32,
}
