//! Events that come late are put in order before anything looks at them.
//!
//! With a lateness of zero, events are applied as they come: a box's own sources are in order, and
//! pictures must be taken while their frames are there. With more, an event waits until nothing
//! older may come: until one that is newer by the lateness has been seen, of whatever source, so
//! that a source that is silent holds nobody back. What is older than that is too late, and
//! counted.

use super::{Effect, Engine, Event};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Most events that wait; the oldest is let go early.
const HELD_MAX: usize = 100_000;

/// Events that wait for older ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Held {
    /// In order.
    events: Vec<(Timestamp, Event)>,
    /// Time of the newest event.
    newest: Timestamp,
    /// Everything up to here was let go.
    released: Timestamp,
    /// Came after younger ones were let go.
    pub(super) late: u64,
}

impl Event {
    /// When it happened; none for what has no time of its own.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Observed(observation) => Some(observation.frame.captured),
            Self::Viewed(report) => Some(report.at),
            Self::Camera { at, .. } | Self::Reading { at, .. } | Self::Tick(at) => Some(*at),
            Self::Command(command) => Some(command.at),
            Self::Captured { .. } | Self::WorkerStarted { .. } | Self::ClockSet { .. } => None,
        }
    }

    /// An order of events of one time that does not depend on how they came.
    fn rank(&self, other: &Self) -> Ordering {
        let key = |event: &Self| match event {
            Self::Observed(o) => (3, o.camera.to_string(), o.frame.seq),
            Self::Viewed(report) => (2, report.camera.to_string(), 0),
            Self::Camera { camera, .. } => (1, camera.to_string(), 0),
            Self::Reading { sensor, value, .. } => (2, sensor.to_string(), value.to_bits()),
            Self::Command(command) => (0, command.id.to_string(), 0),
            Self::Tick(_) => (9, String::new(), 0),
            Self::Captured { .. } | Self::WorkerStarted { .. } | Self::ClockSet { .. } => {
                (8, String::new(), 0)
            }
        };
        key(self).cmp(&key(other))
    }
}

impl Engine {
    /// Takes in an event; what is due is applied.
    pub(super) fn take(&mut self, event: Event, effects: &mut Vec<Effect>) {
        let lateness = self.plan.engine.lateness;
        let Some(at) = event.at().filter(|_| !lateness.is_zero()) else {
            // What has no time comes after all that was before it, in whatever order that came.
            if matches!(event, Event::WorkerStarted { .. }) {
                self.release(Timestamp(u64::MAX), effects);
            }
            self.now(event, effects);
            return;
        };
        let held = &mut self.memory.held;
        if at < held.released {
            held.late += 1;
            return;
        }
        let behind = |(t, e): &(Timestamp, Event)| (*t, e.rank(&event)) <= (at, Ordering::Equal);
        let place = held.events.partition_point(behind);
        held.events.insert(place, (at, event));
        held.newest = held.newest.max(at);
        let due = Timestamp(held.newest.0.saturating_sub(lateness.as_nanos() as u64));
        let crowded = held.events.len() > HELD_MAX;
        let due = if crowded { due.max(held.events[0].0) } else { due };
        self.release(due, effects);
    }

    /// Applies what waits, up to `due`.
    fn release(&mut self, due: Timestamp, effects: &mut Vec<Effect>) {
        let held = &mut self.memory.held;
        // Not those of the time `due` itself: another one of that time may still come.
        let count = held.events.partition_point(|(at, _)| *at < due);
        let events: Vec<(Timestamp, Event)> = held.events.drain(..count).collect();
        held.released = held.released.max(due.min(held.newest));
        for (_, event) in events {
            self.now(event, effects);
        }
    }

    /// Applies everything that waits for older events: the recording is over.
    pub fn finish(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.release(Timestamp(u64::MAX), &mut effects);
        for s in 0..self.memory.sensors.len() {
            self.take_readings(s, self.memory.ticked, &mut effects);
        }
        self.memory.clock.tell(&mut effects);
        effects
    }
}
