//! What the event plane does when it is told to: readings, commands, a new pipeline.

use super::EventPlane;
use super::inbound::Inbound;
use super::readings;
use crate::publish::{Heard, Said, sensor_state, site_topic, window_result};
use std::sync::Arc;
use viahe_core::config::Plan;
use viahe_core::config::plan::Camera;
use viahe_core::engine::{Answer, Event, SensorState, WindowTold};
use viahe_core::id::Name;
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
        let now = crate::clock::monotonic();
        match self.inbox.read(&self.plan, heard, now) {
            Inbound::Events(events) => events.into_iter().for_each(|event| {
                self.stats.readings += 1;
                self.see(event);
            }),
            Inbound::Command(command) => {
                tracing::info!(id = command.id, order = ?command.order, "command");
                self.see(Event::Command(command));
            }
            Inbound::Reload(id) => {
                let result = self.reload();
                self.answer(&Answer { id, result, evidence: None });
            }
            Inbound::Answered(said) => self.say(said),
            Inbound::Ignored => {}
        }
    }

    fn say(&self, message: Said) {
        if let Some(wire) = &self.wire {
            wire.say(message);
        }
    }

    pub(super) fn answer(&mut self, answer: &Answer) {
        match &answer.result {
            Ok(text) => tracing::info!(id = answer.id, text, "command carried out"),
            Err(text) => tracing::warn!(id = answer.id, text, "command refused"),
        }
        if let Some(evidence) = &answer.evidence {
            self.pictures.keep_one(evidence);
        }
        if let Some(said) = self.inbox.answer(answer) {
            self.say(said);
        }
    }

    /// `…/window/{name}`.
    pub(super) fn tell_window(&self, told: &WindowTold) {
        let payload = window_result(told, &self.plan.site.timezone);
        let window = &told.window;
        let topic = site_topic(&self.plan.site.id, &format!("window/{window}"));
        let payload = payload.to_string().into_bytes();
        self.say(Said { topic, payload, retained: false, correlation: None });
    }

    /// `…/sensor/{sensor}/state`, kept by the broker.
    pub(super) fn tell_sensor(&self, sensor: &Name, state: SensorState, at: Timestamp, ever: bool) {
        if let Some(about) = self.plan.sensors.iter().find(|s| s.id == *sensor) {
            readings::log_state(about, state, ever);
        }
        let payload = sensor_state(state, &at.rfc3339(&self.plan.site.timezone));
        let topic = site_topic(&self.plan.site.id, &format!("sensor/{sensor}/state"));
        let payload = payload.to_string().into_bytes();
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
            if restart.is_empty() {
                Ok(plan)
            } else {
                Err(format!("restart viahe to change {}", restart.join(", ")))
            }
        });
        let plan = match read {
            Ok(plan) => Arc::new(plan),
            Err(why) => {
                self.stats.reloads_refused += 1;
                return Err(why);
            }
        };
        self.plan = Arc::clone(&plan);
        let effects = self.engine.reload(plan);
        self.carry_out(effects);
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
    note(old.engine != new.engine, "[engine]");
    let topics = |plan: &Plan| plan.sensors.iter().map(|s| s.topic.clone()).collect::<Vec<_>>();
    note(topics(old) != topics(new), "topics of sensors");
    let ids = |plan: &Plan| plan.cameras.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
    note(ids(old) != ids(new), "the list of cameras");
    for (a, b) in old.cameras.iter().zip(&new.cameras) {
        let Camera { source, model, analyse_hz, .. } = a;
        note(*source != b.source, &format!("url of {}", a.id));
        note(*model != b.model, &format!("model of {}", a.id));
        // Looking more often than rules need does no harm; less often does.
        note(*analyse_hz < b.analyse_hz, &format!("analyse_hz of {}", a.id));
    }
    all
}
