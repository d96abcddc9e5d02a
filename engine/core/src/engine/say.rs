//! What is said of an incident, when, and with which pictures.
//!
//! A revision is made at the look that calls for it and says what was known then; it goes out once
//! the pictures that were asked for by then are on disk or lost. So what it says does not depend on
//! how long a picture takes, nor on what came meanwhile.

use super::case::{Case, Incident, Unsaid};
use super::event::Effect;
use super::machine::Engine;
use super::memory::CaseKey;
use super::wording::worded;
use crate::artefact::Artefact;
use crate::id::CaptureId;
use crate::incident::Revision;
use viahe_contract::message::{ModelRef, State};

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

    /// Says what waits for nothing more. A case that is over makes room for the next of its
    /// subject, and is forgotten when all is said.
    fn settle(&mut self, mut case: Case, key: &CaseKey, effects: &mut Vec<Effect>) {
        let camera = key.camera.as_ref().and_then(|id| self.memory.camera(id));
        let waits = |id: &CaptureId| camera.is_some_and(|c| c.awaited.contains_key(id));
        while let Some(next) = case.unsaid.front()
            && !next.pictures.iter().any(waits)
        {
            publish(&mut case, effects);
        }
        let Some(memory) = self.memory.rule(key) else { return };
        if !case.is_over() {
            memory.cases.insert(key.subject, case);
        } else if !case.unsaid.is_empty() {
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
        if case.unsaid.back().is_none_or(|last| last.revision.state == State::Open) {
            self.make(&mut case, key, model);
        }
        while !case.unsaid.is_empty() {
            publish(&mut case, effects);
        }
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
            evidence: Vec::new(),
            model: model.cloned(),
            clock: incident.clock,
            wording: worded(&about.wording, incident.stage, self.plan.site.language),
        }
    }
}

/// Says the oldest revision that is not said, with its pictures.
fn publish(case: &mut Case, effects: &mut Vec<Effect>) {
    let Some(Unsaid { pictures, mut revision }) = case.unsaid.pop_front() else { return };
    let own = case.pictures.iter().filter(|(id, _)| pictures.contains(id));
    revision.evidence = own.filter_map(|(_, evidence)| evidence.clone()).collect();
    effects.push(Effect::Publish(revision));
}
