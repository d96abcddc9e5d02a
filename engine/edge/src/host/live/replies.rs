//! What the centre is told beside incidents: answers to commands, what stands by order, sensors, windows.

use super::commands::Ready;
use super::host::Live;
use super::{readings, standing};
use crate::publish::{Said, sensor_state, window_result};
use crate::trouble::Trouble;
use serde_json::Value;
use std::time::Instant;
use viahe_contract::id::CommandId;
use viahe_contract::message::{self, Refusal, SensorHealth};
use viahe_contract::topic::{About, Topic};
use viahe_core::driver::Upshot;
use viahe_core::engine::{Answer, Command, Engine, WindowTold};
use viahe_core::id::Name;
use viahe_core::time::Timestamp;

impl Live {
    pub(super) fn say(&self, message: Said) {
        self.centre.say(message);
    }

    pub(super) fn log_command(&mut self, command: &Command) {
        if let Some(passed_over) = self.inbox.desk.may_log(self.time.monotonic()) {
            let Command { id, order, by, .. } = command;
            let order = order.told(&self.plan.site.timezone);
            tracing::info!(%id, order, by, passed_over = passed_over.told(), "command");
        }
    }

    /// A command comes too late for this run.
    pub(super) fn refuse(&mut self, id: CommandId) {
        let why = "the engine is stopping; give it again when it has started".to_owned();
        // It has no picture, so nothing more comes of it.
        let answer = Answer { id, result: Err(why), evidence: None };
        self.answer_with(answer, None, Some(Refusal::Stopping));
    }

    /// Answers a command. One whose picture cannot be kept was not carried out after all.
    pub(super) fn answer(&mut self, answer: Answer) -> Upshot {
        self.answer_with(answer, None, None)
    }

    /// As [`Self::answer`], with what was asked for, and with why not as a code.
    pub(super) fn answer_with(
        &mut self,
        mut answer: Answer,
        result: Option<Value>,
        refusal: Option<Refusal>,
    ) -> Upshot {
        let mut upshot = Upshot::Nothing;
        if let Some(evidence) = &answer.evidence
            && let Err(error) = self.pictures.keep_one(evidence)
        {
            answer.result = Err(format!("the picture could not be kept: {error}"));
            answer.evidence = None;
            upshot = Upshot::Undone(answer.id.clone());
        }
        self.send_asked(&mut answer);
        if let Some(passed_over) = self.inbox.desk.may_log(self.time.monotonic()) {
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
        match self.inbox.desk.answer(&answer, result, refusal) {
            // First on disk: a suspension that is confirmed must outlive the power.
            Some(Ready { said, changed: true }) => self.owed.replies.extend(said),
            Some(Ready { said, changed: false }) => said.into_iter().for_each(|s| self.say(s)),
            None => {}
        }
        upshot
    }

    /// With a console, the picture of a command goes there, before all others: somebody waits for it.
    fn send_asked(&mut self, answer: &mut Answer) {
        let Some(evidence) = &answer.evidence else { return };
        let now = self.time.now();
        if let Err(error) = self.owed.store.send_asked(evidence.sha256, now) {
            tracing::warn!(%error, sha256 = %evidence.sha256, "a picture is not sent to the console");
            if let Ok(text) = &mut answer.result {
                *text = format!("{text}; it is not sent to the console: {error}");
            }
        }
    }

    /// Says the answers that waited for a commit. When the store takes nothing they go all the same:
    /// it was done, and that nothing is saved is told elsewhere.
    pub(super) fn say_replies(&mut self) {
        for reply in std::mem::take(&mut self.owed.replies) {
            self.say(reply);
        }
    }

    /// Tells what stands by order, if that has changed: by a command, or because its time is over.
    pub(super) fn tell_orders(&mut self, engine: &Engine) {
        let orders = engine.orders(self.time.now());
        if orders == self.told.orders {
            return;
        }
        self.told.orders = orders;
        standing::raise(&self.told.orders, &self.plan.site.timezone, &self.troubles);
        self.tell_cameras();
    }

    /// A command that the broker keeps is told as long as it is there.
    pub(super) fn tell_kept_commands(&mut self, now: Instant) {
        let desk = &mut self.inbox.desk;
        desk.subscribed(self.centre.subscribed(), now);
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
}
