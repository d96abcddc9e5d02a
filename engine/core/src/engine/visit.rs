//! One look of one rule, whatever it looks at: a picture, values, or the camera itself.

use super::event::Effect;
use super::inactive::Inactive;
use super::machine::Engine;
use super::memory::FrameRef;
use super::prepared::Hours;
use super::rule_at::RuleAt;
use super::sight::Sight;
use super::signal::Moment;
use crate::geometry::Polygon;
use crate::observe::Observation;
use crate::plan::program::CameraTrouble;
use crate::plan::{Plan, Rule};
use crate::rule::explain::Applies;
use crate::rule::{Look, RuleState, Signal, Values, View};
use crate::time::Timestamp;
use viahe_contract::message::{EndReason, Measured};

/// What a rule is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Event time.
    pub(super) at: Timestamp,
    /// Of its sensor and window.
    pub(super) values: Values,
    /// What is wrong with its camera, for rules that watch that.
    pub(super) trouble: Option<CameraTrouble>,
    /// What its camera sees, for rules that look.
    pub(super) seen: Option<(&'a Observation, &'a Sight)>,
}

impl Shown<'_> {
    /// Values, and nothing else.
    pub(super) fn values(at: Timestamp, values: Values) -> Self {
        Self { at, values, trouble: None, seen: None }
    }
}

/// What a rule made of it.
pub(super) struct Found {
    pub(super) signals: Vec<Signal>,
    /// Why what ends with it ends.
    pub(super) ending: EndReason,
}

impl Engine {
    /// A rule looks, and what it concludes is carried out. Pictures are taken of `frame`.
    pub(super) fn look(
        &mut self,
        of: RuleAt<'_>,
        shown: &Shown<'_>,
        (frame, measured): (Option<FrameRef>, &[Measured]),
        effects: &mut Vec<Effect>,
    ) {
        let mut state = std::mem::take(&mut self.memory.rule_at_mut(of).state);
        let Found { signals, ending } = self.visit(of, &mut state, shown);
        self.memory.rule_at_mut(of).state = state;
        for signal in signals {
            let moment = Moment { at: shown.at, of, frame, measured, ending };
            self.signal(moment, signal, effects);
        }
    }

    /// A rule in `state` looks. One that does not apply forgets everything.
    pub(super) fn visit(
        &mut self,
        of: RuleAt<'_>,
        state: &mut RuleState,
        shown: &Shown<'_>,
    ) -> Found {
        let RuleAt { camera, rule, .. } = of;
        let Shown { at, values, trouble, seen } = *shown;
        let inactive = self.inactive(of, at);
        let adjust = self.adjust(rule, at);
        let day = camera.and_then(|c| self.is_day(c, at));
        let plan = &*self.plan;
        let prepared = self.prepared.rule(of);
        let hours = prepared.known_hours(self.memory.site.clock.day_time(at));
        let listens = self.traced.as_ref().filter(|t| t.is(self.camera_id(of), &rule.id));
        let tracer = listens.map(|t| &t.tracer);
        if let Some(tracer) = tracer {
            tracer.borrow_mut().applies(at, applies(plan, hours, inactive.as_ref()));
        }
        if let Some(inactive) = inactive {
            let signals = state.suspend(&rule.program);
            return Found { signals, ending: inactive.reason() };
        }
        let bays: Vec<&Polygon>;
        let mut view = None;
        if let (Some((observation, sight)), Some(c), Some(z)) = (seen, camera, rule.zone) {
            bays = hours.bays(plan).collect();
            let camera = &plan.cameras[c];
            let mut picture = View::new(
                &prepared.rule,
                observation,
                &self.memory.cameras[c].beats[prepared.beat].scene,
                &camera.zones[z].polygon,
                &sight.bits,
                &sight.inside[z],
            );
            picture.line = rule.line;
            picture.ground = camera.ground.as_ref();
            picture.bays = &bays;
            view = Some(picture);
        }
        let mut look = Look::new(rule, &prepared.rule, at, view);
        look.values = values;
        look.trouble = trouble;
        look.day = day;
        look.adjust = adjust;
        look.tracer = tracer;
        let signals = state.step(&look, &mut self.scratch);
        Found { signals, ending: ending(rule, &values) }
    }
}

/// Why what ends now ends, where the rule still applies.
fn ending(rule: &Rule, values: &Values) -> EndReason {
    let lost = (rule.sensor.is_some() && values.sensor.is_none())
        || (rule.window.is_some() && values.window.is_none());
    if lost { EndReason::SensorLost } else { EndReason::Over }
}

/// Whether a rule applies, for who wants to know.
fn applies(plan: &Plan, hours: &Hours, inactive: Option<&Inactive>) -> Applies {
    if let Some(inactive) = inactive {
        return Applies::No(inactive.why(&plan.site.timezone));
    }
    Applies::Yes { but_for: hours.bays.iter().map(|p| plan.permits[*p].id.clone()).collect() }
}
