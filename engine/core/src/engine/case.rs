//! What may become, is, or was an incident; and what is still to be said of it.

use super::wording::worded;
use crate::artefact::Artefact;
use crate::id::{CaptureId, IncidentId, Name};
use crate::incident::{Revision, Subject, Wording};
use crate::plan::Language;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use viahe_contract::message::{Citation, ClockRef, EndReason, Geometry, Measured, Severity, Stage};
use viahe_contract::place::Position;

/// What may become, is, or was an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Case {
    /// A first picture was asked for.
    pub(super) begun: bool,
    /// Where its subjects were in the first picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) first_boxes: Vec<[f64; 4]>,
    /// Taken, by kind; the id is needed to throw a picture away.
    pub(super) pictures: Vec<(CaptureId, Option<Artefact>)>,
    /// It fired while nothing was to be said: since when it held.
    pub(super) held_back: Option<Timestamp>,
    pub(super) incident: Option<Incident>,
    /// It was seen to be over: when it last held. Not said while the view of its camera is in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen_over: Option<Timestamp>,
    /// What is to be said of it, once the pictures are there.
    pub(super) unsaid: VecDeque<Unsaid>,
    /// The newest that was said, if it was without a picture that is late: it is said again with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) promised: Option<Unsaid>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Incident {
    pub(super) id: IncidentId,
    pub(super) about: About,
    /// Made so far.
    pub(super) revision: u32,
    pub(super) first_seen: Timestamp,
    pub(super) opened: Timestamp,
    /// Event time of the look that changed it last.
    pub(super) updated: Timestamp,
    /// Event time of the newest revision.
    pub(super) said: Timestamp,
    pub(super) closed: Option<Timestamp>,
    pub(super) ended_by: Option<EndReason>,
    pub(super) subjects: Vec<Subject>,
    #[serde(default, skip_serializing_if = "Geometry::is_empty")]
    pub(super) geometry: Geometry,
    pub(super) measured: Vec<Measured>,
    pub(super) stage: Option<Stage>,
    pub(super) offence: u32,
    pub(super) clock: ClockRef,
}

/// What was said of the rule when the incident opened; it ends under the same words even when the
/// rule is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) violation: Name,
    pub(super) version: u32,
    pub(super) severity: Severity,
    pub(super) zone: Option<Name>,
    pub(super) position: Option<Position>,
    pub(super) citations: Vec<Citation>,
    /// Without a stage, which may change.
    #[serde(default)]
    pub(super) wording: Wording,
    /// Between two stages, while it lasts.
    pub(super) escalate_every: Option<Duration>,
}

impl Case {
    /// It was an incident and is none any more.
    pub(super) fn is_over(&self) -> bool {
        self.incident.as_ref().is_some_and(|i| i.closed.is_some())
    }

    /// Nothing was made of it but a first picture.
    pub(super) fn is_only_begun(&self) -> bool {
        self.incident.is_none() && self.held_back.is_none() && self.unsaid.is_empty()
    }

    /// It is over, if it was an incident.
    pub(super) fn end(&mut self, at: Timestamp, reason: EndReason) {
        if let Some(incident) = self.incident.as_mut().filter(|i| i.closed.is_none()) {
            let last = self.seen_over.take().unwrap_or(incident.updated);
            incident.closed = Some(last.max(incident.first_seen));
            incident.updated = at.max(incident.updated);
            incident.ended_by = Some(reason);
        }
    }
}

/// A revision with the pictures that belong to it: it waits for them, or is said again with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Unsaid {
    /// All that were asked for by then.
    pub(super) pictures: Vec<CaptureId>,
    /// Without evidence.
    pub(super) revision: Box<Revision>,
}

impl Unsaid {
    /// Gives the words of its incident to a revision that has none.
    pub(super) fn word(&mut self, wording: &Wording, language: Language) {
        self.revision.wording = worded(wording, self.revision.stage, language);
    }
}
