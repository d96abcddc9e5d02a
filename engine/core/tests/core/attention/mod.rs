//! How much cameras are looked at: what the engine tells, and that it is enough.

mod coming;
mod gaps;
mod rarely;
mod same;
mod told;

use crate::street::sparse::ticking;
use crate::support;
use crate::support::{World, name};
use std::collections::VecDeque;
use std::sync::Arc;
use viahe_contract::message::Order;
use viahe_core::attention::{Attention, Need};
use viahe_core::config;
use viahe_core::engine::{Command, Effect, Engine, Event};
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::model::ModelInfo;
use viahe_core::plan::Plan;
use viahe_core::sampler::Sampler;
use viahe_core::scenario::picture;
use viahe_core::time::Timestamp;

fn model(_: &Name) -> Result<ModelInfo, String> {
    let file = support::root().join("fixtures/scenarios/models/all-classes/model.toml");
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let model = config::model::parse("model.toml", &text).map_err(|e| e.to_string())?;
    Ok(ModelInfo::from(&model))
}

/// A site in Vietnam with one camera over a street, and what else is said.
fn plan_of(world: &World, site: &str, camera: &str, rest: &str) -> Arc<Plan> {
    plan_over(STREET, world, site, camera, rest)
}

/// From side to side.
const STREET: &str = "[[0.0, 0.62], [1.0, 0.62], [1.0, 0.82], [0.0, 0.82]]";

/// With this zone.
fn plan_over(zone: &str, world: &World, site: &str, camera: &str, rest: &str) -> Arc<Plan> {
    let text = format!(
        "[site]\nid = \"site\"\n{site}\n[model.all]\npackage = \"all-classes\"\n[[camera]]\nid = \
         \"cam\"\nurl = \"pattern://1280x720@10\"\nmodel = \"all\"\n{camera}\n[camera.zone.zone]\n\
         polygon = {zone}\n{rest}\n"
    );
    Arc::new(world.parse_with("test.toml", &text, &model).unwrap_or_else(|e| panic!("{e}\n{text}")))
}

const VIETNAM: &str = "timezone = \"Asia/Ho_Chi_Minh\"\ncalendar = \"vietnam\"";

fn plan(rest: &str) -> Arc<Plan> {
    plan_of(&World::new(), VIETNAM, "", rest)
}

/// A rule of the camera.
fn rule(text: &str) -> String {
    format!("[[camera.rule]]\nzone = \"zone\"\n{text}\n")
}

fn command(id: &str, at: Timestamp, order: Order) -> Event {
    Event::Command(Command { id: id.try_into().unwrap(), at, order, by: None })
}

fn suspend(at: Timestamp, rule: Option<&str>, until: Timestamp) -> Event {
    let rule = rule.map(name);
    command(&format!("suspend-{}", at.0), at, Order::Suspend { camera: None, rule, until })
}

fn disaster(at: Timestamp, level: u8, until: Option<Timestamp>) -> Event {
    command(&format!("disaster-{}", at.0), at, Order::Disaster { level, until })
}

/// An engine whose pictures are taken at once.
struct Box {
    engine: Engine,
    /// What camera `cam` needs, as it was told last.
    need: Option<Need>,
    attended: Vec<Attention>,
    said: Vec<Revision>,
    /// Because of its view.
    suspended: bool,
}

impl Box {
    fn new(plan: &Arc<Plan>) -> Self {
        let engine = Engine::new(Arc::clone(plan));
        Self { engine, need: None, attended: Vec::new(), said: Vec::new(), suspended: false }
    }

    fn apply(&mut self, event: Event) {
        let effects = self.engine.apply(event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut todo = VecDeque::from(effects);
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Capture(capture) => {
                    let evidence = Some(picture(&capture));
                    let answer = Event::Captured { capture: capture.id, evidence };
                    todo.extend(self.engine.apply(answer));
                }
                Effect::Publish(revision) => self.said.push(*revision),
                Effect::Attend { camera, attention } if camera == name("cam") => {
                    self.need = Some(attention.need);
                    self.attended.push(attention);
                }
                Effect::View { trouble, .. } => self.suspended = trouble.is_some(),
                _ => {}
            }
        }
    }
}

/// A camera that looks as often as it is told, or always as often as its plan says.
struct Camera {
    sampler: Sampler,
    always: bool,
    looks: u64,
}

impl Camera {
    fn always(plan: &Plan) -> Self {
        Self { sampler: Sampler::new(plan.cameras[0].analyse_hz), always: true, looks: 0 }
    }

    /// On the grid of one that has looked always, whose next look would be at `start`.
    fn attentive(plan: &Plan, start: Timestamp) -> Self {
        let mut of = Self::always(plan);
        let period = of.sampler.period().unwrap();
        of.sampler.take(Timestamp(start.0 - period.as_nanos() as u64));
        of.sampler.set_hz(0.0, start);
        Self { always: false, ..of }
    }

    /// Shows the box a frame if it is looked at; anything else happens to it anyway.
    fn show(&mut self, to: &mut Box, event: Event) {
        let at = event.at().unwrap_or_default();
        if let Event::Observed(_) = &event {
            if !self.sampler.is_due(at) {
                return;
            }
            self.sampler.take(at);
            self.looks += 1;
        }
        to.apply(event);
        if let (Some(need), false) = (to.need, self.always) {
            self.sampler.set_hz(need.looks_hz, at);
        }
    }
}
