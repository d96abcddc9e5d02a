//! Ends that are seen while the view is in doubt: is it over, or does the camera look elsewhere?
//!
//! A camera that is turned shows an empty kerb at once, and that it was turned is known half a minute later.
//! So what is seen to be over meanwhile is not said before the view is judged.

use super::event::Effect;
use super::machine::Engine;
use super::memory::CaseKey;
use super::signal::Moment;
use crate::rule::explain::Outcome;
use crate::time::Timestamp;
use viahe_contract::message::EndReason;

impl Engine {
    /// Does what ends now seem to be over in a picture that may be of another place?
    pub(super) fn is_doubtful(&self, moment: Moment<'_>) -> bool {
        let Moment { at, of, ending, .. } = moment;
        let view = of.camera.map(|c| &self.memory.cameras[c].view);
        ending == EndReason::Over
            && of.rule.program.looks()
            && view.is_some_and(|view| view.is_in_doubt(at))
    }

    /// Says what was seen to be over, once the view of the camera is judged.
    pub(super) fn judge_ends(&mut self, c: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        if !self.memory.cameras[c].view.is_in_doubt(at)
            || self.memory.cameras[c].trouble().is_some()
        {
            self.say_ends(c, at, effects);
        }
    }

    /// Says what was seen to be over, by what is known of the view so far.
    pub(super) fn say_ends(&mut self, c: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        let camera = &self.memory.cameras[c];
        let lost = camera.trouble().is_some();
        let reason = if lost { EndReason::ViewLost } else { EndReason::Over };
        let mut over = Vec::new();
        for rule in &camera.rules {
            let seen_over = rule.cases.iter().filter(|(_, case)| case.seen_over.is_some());
            over.extend(seen_over.map(|(subject, case)| {
                let (camera, rule) = (Some(camera.id.clone()), rule.id.clone());
                let updated = case.incident.as_ref().map(|incident| incident.updated);
                (CaseKey { camera, rule, subject: *subject }, updated.map_or(at, |t| t.max(at)))
            }));
        }
        for (key, at) in over {
            self.close(&key, at, reason, effects);
        }
    }

    /// Says that what was seen to be over has ended.
    pub(super) fn close(
        &mut self,
        key: &CaseKey,
        at: Timestamp,
        reason: EndReason,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(case) = self.memory.case(key) {
            case.end(at, reason);
        }
        self.explain(key, at, || Outcome::Ended(reason));
        self.say(key, effects);
    }
}
