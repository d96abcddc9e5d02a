//! Each event to who handles it, in the order of event time.

use super::event::{Effect, Event};
use super::machine::Engine;
use crate::time::Timestamp;

impl Engine {
    /// Applies one event.
    pub fn apply(&mut self, mut event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        // Time has gone on, or somebody has said otherwise.
        let turns = matches!(event, Event::Tick(_) | Event::Command(_));
        self.memory.site.clock.hear(&mut event);
        self.take(event, &mut effects);
        if turns {
            effects.extend(self.attend_at(self.memory.site.clock.day_now()));
        }
        self.memory.site.clock.tell(&mut effects);
        effects
    }

    /// Applies everything that waits for older events: the recording is over.
    pub fn finish(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.release(Timestamp(u64::MAX), &mut effects);
        for s in 0..self.memory.site.sensors.len() {
            self.take_readings(s, self.memory.site.ticked, &mut effects);
        }
        // Nobody will judge the views any more.
        for c in 0..self.memory.cameras.len() {
            self.say_ends(c, self.memory.cameras[c].last, &mut effects);
        }
        self.memory.site.clock.tell(&mut effects);
        effects
    }

    /// Takes in an event; what is due is applied.
    fn take(&mut self, event: Event, effects: &mut Vec<Effect>) {
        let lateness = self.plan.engine.lateness;
        let at = match &event {
            _ if lateness.is_zero() => None,
            // It comes after all that was before it, in whatever order that came.
            Event::WorkerStarted { models } if self.is_only_worker(models) => {
                self.release(Timestamp(u64::MAX), effects);
                None
            }
            // As well; and what other workers saw may still come in between.
            Event::WorkerStarted { .. } => Some(self.memory.site.held.newest()),
            event => event.at(),
        };
        let Some(at) = at else { return self.now(event, effects) };
        if let Some(due) = self.memory.site.held.hold(at, event, lateness) {
            self.release(due, effects);
        }
    }

    /// Applies what waits, up to `due`.
    fn release(&mut self, due: Timestamp, effects: &mut Vec<Effect>) {
        for event in self.memory.site.held.release(due) {
            self.now(event, effects);
        }
    }

    /// Applies an event whose turn it is.
    fn now(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Observed(observation) => self.observed(&observation, effects),
            Event::Captured { capture, evidence } => self.captured(capture, evidence, effects),
            Event::Late { capture } => self.late(capture, effects),
            Event::WorkerStarted { models } => self.worker_started(models),
            Event::Camera { camera, at, status } => {
                self.camera_status(&camera, at, status, effects);
            }
            Event::Viewed(report) => self.viewed(&report, effects),
            Event::Reading { sensor, at, value } => self.reading(&sensor, at, value, effects),
            Event::Command(command) => {
                let at = command.at;
                self.command(command, effects);
                self.explain_rest(at);
            }
            Event::Tick(at) => {
                self.tick(at, effects);
                self.explain_rest(at);
            }
            Event::ClockSet { by_ms } => self.clock_set(by_ms, effects),
        }
    }
}
