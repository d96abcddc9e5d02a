//! What each camera needs to be looked at, told when it changes.
//!
//! A rule that does not apply needs no looks, with two exceptions: it will apply soon, and who is who must be
//! known by then; and what it has begun must be seen to end, which the first look does at which it no longer
//! applies. A view that is not to be trusted is no reason to look less: it comes back without notice.

use super::event::Effect;
use super::inactive::Inactive;
use super::machine::Engine;
use super::rule_at::{RuleAt, of_camera};
use super::sight::Sight;
use crate::attention::{Ahead, Attention, LEAD, Need, Seen, Wants};
use crate::observe::Observation;
use crate::plan::program::Thing;
use crate::rule::Scrutiny;
use crate::rule::explain::Applies;
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{Rest, WhyRests};

impl Engine {
    /// From now on cameras are looked at as if all their rules applied: somebody records what there is to
    /// see, perhaps for other rules.
    pub fn attend_fully(&mut self) {
        self.attended.fully = true;
    }

    /// What cameras need at `now`, by the box's clock, that need something else than was told last. It is
    /// told by itself at each tick and command, and at looks that ask for more; whoever starts asks for it
    /// before.
    pub fn attend_at(&mut self, now: Timestamp) -> Vec<Effect> {
        let plan = Arc::clone(&self.plan);
        let at = self.memory.site.clock.event_time(now);
        let mut effects = Vec::new();
        for (c, camera) in plan.cameras.iter().enumerate() {
            let attention = if self.attended.fully {
                Attention::full(camera)
            } else {
                Attention::of(camera, |index, rule| {
                    self.wants(RuleAt { camera: Some(c), index, rule }, now)
                })
            };
            if self.attended.is_news(c, &attention, at) {
                effects.push(Effect::Attend { camera: camera.id.clone(), attention });
            }
        }
        effects
    }

    /// A camera has been looked at. Where that makes looks urgent, it is told without waiting for a tick.
    pub(super) fn attend_look(&mut self, c: usize, at: Timestamp, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let camera = &plan.cameras[c];
        let Some(told) = self.attended.of(c) else { return };
        if self.attended.fully || camera.steady || told.need == Need::NONE {
            return;
        }
        let asks = |of: &RuleAt<'_>| {
            of.rule.program.looks() && !told.resting.iter().any(|r| r.rule == of.rule.id)
        };
        let gaps = of_camera(&plan, c).filter(asks).map(|of| self.gap(of, at));
        let Some(gap) = gaps.min() else { return };
        let severity = Some(told.need.severity);
        let need = Need::rarely(told.need.looks_hz, gap).of_severity(severity);
        if need.gap_max_ms > told.need.gap_max_ms {
            return;
        }
        if need == told.need {
            self.attended.is_needed(c, at);
            return;
        }
        let attention = Attention { need, ..told.clone() };
        if self.attended.is_news(c, &attention, at) {
            effects.push(Effect::Attend { camera: camera.id.clone(), attention });
        }
    }

    /// What a rule asks for at `now`, by the clock on the wall.
    fn wants(&mut self, of: RuleAt<'_>, now: Timestamp) -> Wants {
        match self.rest(of, now) {
            Some(why) => Wants::Rest(why),
            None if self.is_ruled_out(of, now) => Wants::Rest(Rest::Value),
            // It will apply soon: who is who is to be known by then as if it had all along.
            None if self.barred(of, now).is_some() => {
                Wants::Looks { gap: self.prepared.rule(of).bears.busy }
            }
            None => Wants::Looks { gap: self.gap(of, self.memory.site.clock.event_time(now)) },
        }
    }

    /// The longest gap between looks that a rule bears at an event time.
    fn gap(&self, of: RuleAt<'_>, at: Timestamp) -> Duration {
        let bears = &self.prepared.rule(of).bears;
        let state = &self.memory.rule_at(of).state;
        let scrutiny = state.scrutiny(of.rule, bears, self.adjust(of.rule, at), at);
        match of.camera {
            Some(c) if scrutiny <= Scrutiny::Told && self.attended.comes(c, of.index) => {
                bears.gap(scrutiny).min(bears.approach)
            }
            _ => bears.gap(scrutiny),
        }
    }

    /// A camera has been looked at: what of it is on its way to the zone of a rule that minds? Rules have looked already,
    /// and not at what is undecided.
    pub(super) fn note_coming(&mut self, c: usize, observation: &Observation) {
        let (camera, prepared) = (&self.plan.cameras[c], &mut self.prepared.cameras[c]);
        let Sight { classes, bits, .. } = &mut self.sight;
        prepared.classify(camera, &observation.undecided, classes);
        for (index, (rule, of)) in camera.rules.iter().zip(&prepared.rules).enumerate() {
            let Some(zone) = rule.zone.filter(|_| of.bears.minds_what_comes()) else { continue };
            prepared.bits(classes, index, bits);
            let things = &rule.program.things;
            let meant = |(Seen { object, .. }, bits): &(Seen<'_>, &u32)| {
                let is = |(t, thing): (usize, &Thing)| {
                    **bits >> t & 1 == 1
                        && thing.is_of_zone()
                        && object.confidence.get() >= thing.confidence_min
                };
                things.iter().enumerate().any(is)
            };
            let known = observation.objects.iter().map(|object| Seen { object, believed: true });
            let new = observation.undecided.iter().map(|object| Seen { object, believed: false });
            let seen = known.chain(new).zip(bits.iter()).filter(meant).map(|(seen, _)| seen);
            let ahead = Ahead {
                zone: &camera.zones[zone].polygon,
                aspect: observation.aspect(),
                gap: of.bears.idle,
            };
            self.attended.coming(c, index).look(observation.frame.captured, seen, ahead);
        }
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

    /// Does what is measured rule out whatever a rule could see? Readings act at ticks, and so do looks that begin
    /// because of one.
    fn is_ruled_out(&self, of: RuleAt<'_>, now: Timestamp) -> bool {
        let rule = of.rule;
        // Without a value it is for looks to say; what waits for older events is not known yet.
        if rule.sensor.is_none() && rule.window.is_none() || !self.plan.engine.lateness.is_zero() {
            return false;
        }
        let at = self.memory.site.clock.event_time(now);
        let (values, _) = self.values(rule, at);
        let state = &self.memory.rule_at(of).state;
        state.is_ruled_out(&rule.program, &values, self.adjust(rule, at))
    }

    /// Why a rule does not apply at a time by the clock on the wall, whatever its camera sees; none when it
    /// does.
    fn barred(&mut self, of: RuleAt<'_>, at: Timestamp) -> Option<Inactive> {
        let order = self.silenced(of, at);
        order.or_else(|| self.prepared.rule_mut(of).hours(at, &self.plan, of).barred.clone())
    }

    /// Is its camera not looked at for any other rule either?
    fn is_unseen(&self, of: RuleAt<'_>) -> bool {
        let told = of.camera.and_then(|c| self.attended.of(c));
        told.is_some_and(|told| told.need == Need::NONE)
    }

    /// Whoever wants to know why a rule says nothing hears it without a look, in the words of a look: at
    /// `at`, which is the time of what has just been applied, and not of what waits for older events.
    pub(super) fn explain_rest(&mut self, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let Some(of) = self.traced.as_ref().and_then(|traced| traced.looking(&plan)) else {
            return;
        };
        let now = self.memory.site.clock.day_time(at);
        let why = if self.rest(of, now).is_some() {
            let Some(inactive) = self.inactive(of, at) else { return };
            Applies::No(inactive.why(&plan.site.timezone))
        } else if self.is_unseen(of) && self.is_ruled_out(of, now) {
            Applies::No(WhyRests::Value)
        } else {
            return;
        };
        if let Some(traced) = &self.traced {
            traced.tracer.borrow_mut().applies(at, why);
        }
    }
}
