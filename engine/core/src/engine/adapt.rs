//! Another plan, or a state that another plan left: what has no place any more ends.

use super::event::Effect;
use super::machine::Engine;
use super::memory::{CaseKey, Orphan};
use super::prepared::Prepared;
use crate::plan::Plan;
use std::sync::Arc;
use viahe_contract::message::EndReason;

impl Engine {
    /// Goes on under another plan. What it does not touch goes on as if nothing had happened;
    /// rules whose structure or zone changed start anew, and their incidents end.
    pub fn reload(&mut self, plan: Arc<Plan>) -> Vec<Effect> {
        self.plan = plan;
        self.adapt()
    }

    /// Fits what is remembered to the plan.
    pub(super) fn adapt(&mut self) -> Vec<Effect> {
        let plan = Arc::clone(&self.plan);
        self.prepared = Prepared::new(&plan);
        self.attended.forget();
        let mut effects = Vec::new();
        for Orphan { camera, model, mut memory } in self.memory.align(&plan) {
            let at = self.memory.cameras.iter().map(|c| c.last).max().unwrap_or_default();
            let closing = std::mem::take(&mut memory.closing);
            for (subject, mut case) in closing.into_iter().chain(std::mem::take(&mut memory.cases))
            {
                let key = CaseKey { camera: camera.clone(), rule: memory.id.clone(), subject };
                case.end(at, EndReason::RuleChanged);
                self.close_out(case, &key, model.as_ref(), &mut effects);
            }
        }
        // A camera that is gone has nobody to answer for its pictures.
        self.memory.site.clock.tell(&mut effects);
        effects
    }
}
