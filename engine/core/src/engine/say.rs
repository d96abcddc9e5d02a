//! What is said of an incident, when, and with which pictures.
//!
//! A revision is made at the look that calls for it and says what was known then; it goes out once
//! the pictures that were asked for by then are on disk, lost or late. So what it says of the street does
//! not depend on how long a picture takes, nor on what came meanwhile. With late pictures the newest that
//! was said is said once more when the last of them is there or lost, unless something newer says it.

use super::case::{Case, Incident, Unsaid};
use super::event::Effect;
use super::machine::Engine;
use super::memory::CaseKey;
use super::wording::worded;
use crate::artefact::Artefact;
use crate::id::CaptureId;
use crate::incident::Revision;
use viahe_contract::message::{EvidenceState, ModelRef, State};

impl Engine {
    /// Makes the next revision of an incident, and says it if nothing is waited for.
    pub(super) fn say(&mut self, key: &CaseKey, effects: &mut Vec<Effect>) {
        let Some(mut case) = self.memory.rule(key).and_then(|m| m.cases.remove(&key.subject))
        else {
            return;
        };
        self.make(&mut case, key, self.model_of(key));
        self.settle(case, key, effects);
    }

    /// A picture that was waited for is there, or known to be lost.
    pub(super) fn answered(
        &mut self,
        key: &CaseKey,
        capture: CaptureId,
        evidence: Option<Artefact>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut case) = self.memory.rule(key).and_then(|m| m.take_owner(key.subject, capture))
        else {
            return;
        };
        match evidence {
            Some(evidence) => {
                if let Some(slot) = case.pictures.iter_mut().find(|(id, _)| *id == capture) {
                    slot.1 = Some(evidence);
                }
            }
            None => case.pictures.retain(|(id, _)| *id != capture),
        }
        self.settle(case, key, effects);
    }

    /// A picture is not waited for any more, and may still come.
    pub(super) fn unanswered(
        &mut self,
        key: &CaseKey,
        capture: CaptureId,
        effects: &mut Vec<Effect>,
    ) {
        let memory = self.memory.rule(key);
        if let Some(case) = memory.and_then(|m| m.take_owner(key.subject, capture)) {
            self.settle(case, key, effects);
        }
    }

    /// Says what waits for nothing more. A case that is over makes room for the next of its
    /// subject, and is forgotten when all is said and shown.
    fn settle(&mut self, mut case: Case, key: &CaseKey, effects: &mut Vec<Effect>) {
        let camera = key.camera.as_ref().and_then(|id| self.memory.camera(id));
        let awaited = |id: &CaptureId| camera.and_then(|c| c.awaited.get(id));
        let waits = |id: &CaptureId| awaited(id).is_some_and(|picture| !picture.late);
        while let Some(next) = case.unsaid.front()
            && !next.pictures.iter().any(waits)
        {
            publish(&mut case, |id| awaited(id).is_some(), effects);
        }
        show(&mut case, |id| awaited(id).is_some(), effects);
        let Some(memory) = self.memory.rule(key) else { return };
        if !case.is_over() {
            memory.cases.insert(key.subject, case);
        } else if !case.unsaid.is_empty() || case.promised.is_some() {
            memory.closing.push((key.subject, case));
        }
    }

    /// The last word on a case whose rule is no more: nothing is waited for.
    pub(super) fn close_out(
        &self,
        mut case: Case,
        key: &CaseKey,
        model: Option<&ModelRef>,
        effects: &mut Vec<Effect>,
    ) {
        if case.incident.is_none() {
            effects.extend(case.pictures.drain(..).map(|(id, _)| Effect::Discard(id)));
            return;
        }
        let newest = case.unsaid.back().or(case.promised.as_ref());
        if newest.is_none_or(|newest| newest.revision.state == State::Open) {
            self.make(&mut case, key, model);
        }
        while !case.unsaid.is_empty() {
            publish(&mut case, |_| false, effects);
        }
        show(&mut case, |_| false, effects);
        let lost = case.pictures.iter().filter(|(_, evidence)| evidence.is_none());
        effects.extend(lost.map(|(id, _)| Effect::Discard(*id)));
    }

    fn model_of(&self, key: &CaseKey) -> Option<&ModelRef> {
        self.memory.camera(key.camera.as_ref()?)?.model.as_ref()
    }

    /// How the incident stands, as a revision.
    fn make(&self, case: &mut Case, key: &CaseKey, model: Option<&ModelRef>) {
        let Some(incident) = &mut case.incident else { return };
        incident.revision += 1;
        incident.said = incident.updated;
        let pictures = case.pictures.iter().map(|(id, _)| *id).collect();
        let revision = Box::new(self.revision(incident, key, model));
        case.unsaid.push_back(Unsaid { pictures, revision });
    }

    fn revision(&self, incident: &Incident, key: &CaseKey, model: Option<&ModelRef>) -> Revision {
        let about = &incident.about;
        Revision {
            incident: incident.id.clone(),
            revision: incident.revision,
            state: if incident.closed.is_some() { State::Closed } else { State::Open },
            rule: key.rule.clone(),
            violation: about.violation.clone(),
            rule_version: about.version,
            severity: about.severity,
            camera: key.camera.clone(),
            zone: about.zone.clone(),
            stage: incident.stage,
            offence: incident.offence,
            citations: about.citations.clone(),
            measured: incident.measured.clone(),
            ended_by: incident.ended_by,
            position: about.position,
            first_seen: incident.first_seen,
            opened: incident.opened,
            updated: incident.updated,
            closed: incident.closed,
            subjects: incident.subjects.clone(),
            geometry: incident.geometry.clone(),
            evidence: Vec::new(),
            evidence_state: EvidenceState::Complete,
            model: model.cloned(),
            clock: incident.clock,
            wording: worded(&about.wording, incident.stage, self.plan.site.language),
        }
    }
}

/// Says the oldest revision that is not said, with its pictures; those that may still come are promised.
fn publish(case: &mut Case, may_come: impl Fn(&CaptureId) -> bool, effects: &mut Vec<Effect>) {
    let Some(unsaid) = case.unsaid.pop_front() else { return };
    let mut revision = unsaid.revision.clone();
    revision.evidence = evidence(case, &unsaid);
    // What was promised before is promised or shown by this.
    case.promised = unsaid.pictures.iter().any(may_come).then_some(unsaid);
    if case.promised.is_some() {
        revision.evidence_state = EvidenceState::Awaited;
    }
    effects.push(Effect::Publish(revision));
}

/// Says what was promised, once no picture of it may come any more. What is about to be said shows them too.
fn show(case: &mut Case, may_come: impl Fn(&CaptureId) -> bool, effects: &mut Vec<Effect>) {
    let (Some(incident), true) = (&mut case.incident, case.unsaid.is_empty()) else { return };
    let shown = case.promised.take_if(|promised| !promised.pictures.iter().any(may_come));
    let Some(mut promised) = shown else { return };
    incident.revision += 1;
    promised.revision.revision = incident.revision;
    promised.revision.evidence = evidence(case, &promised);
    promised.revision.evidence_state = EvidenceState::Added;
    effects.push(Effect::Publish(promised.revision));
}

/// The pictures of a revision that are there.
fn evidence(case: &Case, of: &Unsaid) -> Vec<Artefact> {
    let own = case.pictures.iter().filter(|(id, _)| of.pictures.contains(id));
    own.filter_map(|(_, evidence)| evidence.clone()).collect()
}
