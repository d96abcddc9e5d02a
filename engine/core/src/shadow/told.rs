//! An incident, as far as it is compared.

use crate::geometry::UnitBox;
use crate::id::{IncidentId, Name, TrackId};
use crate::incident::Revision;
use crate::observe::Class;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use viahe_contract::message::State;
use viahe_contract::sha256::Sha256;

/// What an engine told of an incident of a camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Which.
    pub incident: IncidentId,
    /// Whose.
    pub camera: Name,
    /// By which rule.
    pub rule: Name,
    /// Its kind.
    pub violation: Name,
    /// Where.
    pub zone: Option<Name>,
    /// What people call it.
    pub title: String,
    /// When it began.
    pub first_seen: Timestamp,
    /// When it was told.
    pub opened: Timestamp,
    /// When it was last seen, as far as is known.
    pub last: Timestamp,
    /// It is over.
    pub closed: bool,
    /// What it is about, when it was first told.
    pub subject: Option<Seen>,
    /// A small picture of that moment.
    pub picture: Option<Sha256>,
}

/// What an incident is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// As its camera's tracker called it.
    pub track: TrackId,
    /// What it is.
    pub class: Class,
    /// How sure the model was.
    pub confidence: f32,
    /// Where.
    #[serde(rename = "box")]
    pub bbox: UnitBox,
}

impl Told {
    /// The first word on an incident; none for one of no camera.
    pub fn of(revision: &Revision) -> Option<Self> {
        let subject = revision.subjects.first().map(|subject| Seen {
            track: subject.track,
            class: subject.class.clone(),
            confidence: subject.confidence.get(),
            bbox: subject.bbox,
        });
        let mut told = Self {
            incident: revision.incident.clone(),
            camera: revision.camera.clone()?,
            rule: revision.rule.clone(),
            violation: revision.violation.clone(),
            zone: revision.zone.clone(),
            title: revision.wording.title.clone(),
            first_seen: revision.first_seen,
            opened: revision.opened,
            last: revision.opened,
            closed: false,
            subject,
            picture: None,
        };
        told.goes_on(revision);
        Some(told)
    }

    /// A later word on it.
    pub fn goes_on(&mut self, revision: &Revision) {
        self.closed = revision.state == State::Closed;
        self.last = revision.closed.unwrap_or(revision.updated).max(self.opened);
    }
}
