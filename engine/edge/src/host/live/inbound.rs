//! What comes over MQTT: readings of sensors, commands of the centre and verdicts of its operators.

use super::commands::{Asked, Desk};
use super::readings::Readings;
use super::verdicts::Verdicts;
use crate::publish::Heard;
use std::time::Instant;
use viahe_contract::topic::{About, Topic};
use viahe_core::engine::{Engine, Event};
use viahe_core::plan::Plan;

/// What a message asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Inbound {
    /// Readings, as events.
    Events(Vec<Event>),
    /// A command, to be carried out or answered already.
    Command(Asked),
}

/// Reads messages.
#[derive(Default)]
pub(super) struct Inbox {
    /// Commands, and whom to answer.
    pub(super) desk: Desk,
    pub(super) readings: Readings,
    pub(super) verdicts: Verdicts,
}

/// Topics and filters that a plan wants to hear.
pub(crate) fn filters(plan: &Plan) -> Vec<String> {
    let mut filters = vec![Topic::commands(&plan.site.id)];
    filters.extend(super::readings::filters(plan));
    filters.push(Topic::new(&plan.site.id, About::Verdict).to_string());
    filters
}

impl Inbox {
    /// What a message asks for.
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        engine: &Engine,
        heard: Heard,
        now: Instant,
    ) -> Inbound {
        match heard.topic.parse() {
            Ok(Topic { site, about: About::Command(name) }) if site == plan.site.id => {
                Inbound::Command(self.desk.take(plan, engine, &name, heard, now))
            }
            Ok(Topic { site, about: About::Verdict }) if site == plan.site.id => {
                self.verdicts.hear(&heard, now);
                Inbound::Events(Vec::new())
            }
            _ => Inbound::Events(self.readings.read(
                plan,
                &heard,
                |sensor| engine.measured_up_to(sensor),
                now,
            )),
        }
    }
}
