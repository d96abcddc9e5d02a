//! What the event plane does when it is told to: readings, commands, a new pipeline.

use super::commands::{Asked, Ready};
use super::inbound::Inbound;
use super::{EventPlane, readings, standing};
use crate::clock;
use crate::fleet::{FleetOptions, vision_plan};
use crate::publish::{Heard, Said, Wire, sensor_state, window_result};
use crate::trouble::Trouble;
use std::sync::Arc;
use std::time::Instant;
use viahe_contract::message::{self, Order, SensorHealth};
use viahe_contract::topic::{About, Topic};
use viahe_core::engine::{Answer, Command, Event, WindowTold};
use viahe_core::id::Name;
use viahe_core::plan::{EngineOptions, Plan};
use viahe_core::time::Timestamp;

/// How a pipeline is read again.
pub struct Reload {
    /// Reads it; the error is for people.
    pub load: Box<dyn Fn() -> Result<Plan, String> + Send>,
    /// Somebody on the box asks for it: SIGHUP.
    pub asked: crossbeam_channel::Receiver<()>,
}

impl EventPlane {
    /// A message over MQTT.
    pub(super) fn heard(&mut self, mut heard: Heard) {
        heard.at = self.day.at(heard.at);
        let now = clock::monotonic();
        match self.inbox.read(&self.plan, &self.engine, heard, now) {
            Inbound::Events(events) => events.into_iter().for_each(|event| {
                self.stats.readings += 1;
                self.see(event);
            }),
            Inbound::Command(Asked::Do(command)) => self.command(command),
            Inbound::Command(Asked::Said(said)) => said.into_iter().for_each(|said| self.say(said)),
        }
        self.tell_kept_commands(now);
    }

    fn command(&mut self, command: Command) {
        if let Some(passed_over) = self.inbox.desk.may_log(clock::monotonic()) {
            let Command { id, order, by, .. } = &command;
            let order = order.told(&self.plan.site.timezone);
            tracing::info!(%id, order, by, passed_over = passed_over.told(), "command");
        }
        if command.order == Order::Reload {
            let result = self.reload();
            let answer = Answer { id: command.id, result, evidence: None };
            self.engine.note(command.order, &answer);
            self.answer(answer);
        } else {
            self.see(Event::Command(command));
        }
        self.tell_orders();
    }

    fn say(&self, message: Said) {
        if let Some(wire) = &self.wire {
            wire.say(message);
        }
    }

    pub(super) fn answer(&mut self, mut answer: Answer) {
        if let Some(evidence) = &answer.evidence
            && let Err(error) = self.pictures.keep_one(evidence)
        {
            answer.result = Err(format!("the picture could not be kept: {error}"));
            answer.evidence = None;
            self.engine.forget(&answer.id);
        }
        if let Some(passed_over) = self.inbox.desk.may_log(clock::monotonic()) {
            let id = &answer.id;
            match &answer.result {
                Ok(text) => tracing::info!(
                    %id,
                    text,
                    passed_over = passed_over.told(),
                    "command carried out"
                ),
                Err(text) => {
                    tracing::warn!(%id, text, passed_over = passed_over.told(), "command refused");
                }
            }
        }
        self.inbox.desk.refused += u64::from(answer.result.is_err());
        match self.inbox.desk.answer(&answer) {
            // First on disk: a suspension that is confirmed must outlive the power.
            Some(Ready { said, changed: true }) => self.replies.extend(said),
            Some(Ready { said, changed: false }) => said.into_iter().for_each(|s| self.say(s)),
            None => {}
        }
    }

    /// Says the answers that waited for a commit. When the store takes nothing they go all the same:
    /// it was done, and that nothing is saved is told elsewhere.
    pub(super) fn say_replies(&mut self) {
        for reply in std::mem::take(&mut self.replies) {
            self.say(reply);
        }
    }

    /// Tells what stands by order, if that has changed: by a command, or because its time is over.
    pub(super) fn tell_orders(&mut self) {
        let orders = self.engine.orders(self.day.now());
        if orders == self.orders {
            return;
        }
        self.orders = orders;
        standing::raise(&self.orders, &self.plan.site.timezone, &self.troubles);
        self.reports.values().for_each(|report| self.tell_camera(report));
    }

    /// A command that the broker keeps is told as long as it is there.
    pub(super) fn tell_kept_commands(&mut self, now: Instant) {
        let subscribed = self.wire.as_ref().map_or(0, Wire::subscribed);
        let desk = &mut self.inbox.desk;
        desk.subscribed(subscribed, now);
        self.troubles.set(Trouble::RetainedCommand, desk.trouble());
    }

    /// `…/window/{name}`.
    pub(super) fn tell_window(&self, told: &WindowTold) {
        let topic = Topic::new(&self.plan.site.id, About::Window(told.window.clone())).to_string();
        let payload = message::to_bytes(&window_result(told, &self.plan.site.timezone));
        self.say(Said { topic, payload, retained: false, correlation: None });
    }

    /// `…/sensor/{sensor}/state`, kept by the broker.
    pub(super) fn tell_sensor(
        &self,
        sensor: &Name,
        state: SensorHealth,
        at: Timestamp,
        ever: bool,
    ) {
        if let Some(about) = self.plan.sensors.iter().find(|s| s.id == *sensor) {
            readings::log_state(about, state, ever);
        }
        let payload = message::to_bytes(&sensor_state(state, at, &self.plan.site.timezone));
        let topic = Topic::new(&self.plan.site.id, About::SensorState(sensor.clone())).to_string();
        self.say(Said { topic, payload, retained: true, correlation: None });
    }

    /// Reads the pipeline again, if somebody on the box asked for it.
    pub(super) fn reload_if_asked(&mut self) {
        let asked = self.reload.as_ref().is_some_and(|reload| reload.asked.try_recv().is_ok());
        if asked {
            match self.reload() {
                Ok(text) => tracing::info!(text, "pipeline read again"),
                Err(text) => tracing::error!(text, "the pipeline that runs goes on"),
            }
        }
    }

    /// Goes on under the pipeline as it is now on disk, or says why not and goes on as before.
    fn reload(&mut self) -> Result<String, String> {
        let Some(reload) = &self.reload else {
            return Err("this run has no pipeline file to read again".into());
        };
        let read = (reload.load)().and_then(|plan| {
            let restart = needs_restart(&self.plan, &plan);
            if !restart.is_empty() {
                return Err(format!("restart viahe to change {}", restart.join(", ")));
            }
            let vision = vision_plan(&plan).map_err(|missing| {
                missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })?;
            Ok((Arc::new(plan), vision))
        });
        let (plan, vision) = match read {
            Ok(read) => read,
            Err(why) => {
                self.stats.reloads_refused += 1;
                return Err(why);
            }
        };
        self.plan = Arc::clone(&plan);
        let effects = self.engine.reload(Arc::clone(&plan));
        self.carry_out(effects);
        self.fleet.apply(&vision, FleetOptions::of(&plan));
        self.fleet_changed();
        // What comes next is seen by other rules.
        if let Some(history) = &mut self.history {
            history.end_segment();
        }
        self.stats.reloads += 1;
        Ok("the pipeline was read again".into())
    }
}

/// What of a new plan cannot be taken up while running.
fn needs_restart(old: &Plan, new: &Plan) -> Vec<String> {
    let mut all = Vec::new();
    let mut note = |differs: bool, what: &str| {
        if differs {
            all.push(what.to_owned());
        }
    };
    note(old.site.id != new.site.id, "the site's id");
    note(old.mqtt != new.mqtt, "[mqtt]");
    let EngineOptions { state_dir, listen, evidence_bytes_max, history_bytes_max, .. } =
        &old.engine;
    note(*state_dir != new.engine.state_dir, "state_dir");
    note(*listen != new.engine.listen, "listen");
    note(*evidence_bytes_max != new.engine.evidence_bytes_max, "evidence_max_mb");
    note(*history_bytes_max != new.engine.history_bytes_max, "history_mb");
    note(old.engine.lateness != new.engine.lateness, "lateness_secs");
    let topics = |plan: &Plan| plan.sensors.iter().map(|s| s.topic.clone()).collect::<Vec<_>>();
    note(topics(old) != topics(new), "topics of sensors");
    all
}
