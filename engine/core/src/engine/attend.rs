//! What each camera needs to be looked at, told when it changes.
//!
//! A rule that does not apply needs no looks, with two exceptions: it will apply soon, and who is who must be
//! known by then; and what it has begun must be seen to end, which the first look does at which it no longer
//! applies. A view that is not to be trusted is no reason to look less: it comes back without notice.

use super::event::Effect;
use super::inactive::Inactive;
use super::machine::Engine;
use super::rule_at::RuleAt;
use crate::attention::{Attention, LEAD};
use crate::rule::explain::Applies;
use crate::time::Timestamp;
use std::sync::Arc;
use viahe_contract::message::Rest;

impl Engine {
    /// From now on cameras are looked at as if all their rules applied: somebody records what there is to
    /// see, perhaps for other rules.
    pub fn attend_fully(&mut self) {
        self.attended.fully = true;
    }

    /// What cameras need at `now`, by the box's clock, that need something else than was told last. It is
    /// told by itself at each tick and command; whoever starts asks for it before.
    pub fn attend_at(&mut self, now: Timestamp) -> Vec<Effect> {
        let plan = Arc::clone(&self.plan);
        let mut effects = Vec::new();
        self.attended.told.resize(plan.cameras.len(), None);
        for (c, camera) in plan.cameras.iter().enumerate() {
            let attention = if self.attended.fully {
                Attention::full(camera)
            } else {
                Attention::of(camera, |index, rule| {
                    self.rest(RuleAt { camera: Some(c), index, rule }, now)
                })
            };
            let told = &mut self.attended.told[c];
            if told.as_ref() != Some(&attention) {
                *told = Some(attention.clone());
                effects.push(Effect::Attend { camera: camera.id.clone(), attention });
            }
        }
        effects
    }

    /// Why a rule needs no looks at `now`, by the clock on the wall; none when it needs them.
    fn rest(&mut self, of: RuleAt<'_>, now: Timestamp) -> Option<Rest> {
        let inactive = self.barred(of, now)?;
        // Orders only end, and after the last of them hours decide, which change at full minutes: it is
        // barred until then when it is at both of these.
        let soon = now.plus(LEAD);
        let free = self.silent_until(of, now).unwrap_or(now);
        self.barred(of, free.min(soon))?;
        self.barred(of, soon)?;
        if !self.memory.rule_at(of).state.is_at_rest(&of.rule.program) {
            return None;
        }
        inactive.rest()
    }

    /// Why a rule does not apply at a time by the clock on the wall, whatever its camera sees; none when it
    /// does.
    fn barred(&mut self, of: RuleAt<'_>, at: Timestamp) -> Option<Inactive> {
        let order = self.silenced(of, at);
        order.or_else(|| self.prepared.rule_mut(of).hours(at, &self.plan, of).barred.clone())
    }

    /// Whoever wants to know why a rule says nothing hears it without a look, in the words of a look: at
    /// `at`, which is the time of what has just been applied, and not of what waits for older events.
    pub(super) fn explain_rest(&mut self, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let Some(of) = self.traced.as_ref().and_then(|traced| traced.looking(&plan)) else {
            return;
        };
        if self.rest(of, self.memory.site.clock.day_time(at)).is_none() {
            return;
        }
        let Some(inactive) = self.inactive(of, at) else { return };
        let why = Applies::No(inactive.told(&plan.site.timezone));
        if let Some(traced) = &self.traced {
            traced.tracer.borrow_mut().applies(at, why);
        }
    }
}
