//! Events that come late are put in order before anything looks at them.
//!
//! With a lateness of zero, events are applied as they come: a box's own sources are in order, and
//! pictures must be taken while their frames are there. With more, an event waits until nothing
//! older may come: until one that is newer by the lateness has been seen, of whatever source, so
//! that a source that is silent holds nobody back. What is older than that is too late, and
//! counted.

use super::event::Event;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::time::Duration;

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

/// An order of events of one time that does not depend on how they came.
fn rank(one: &Event, other: &Event) -> Ordering {
    let key = |event: &Event| match event {
        Event::Observed(o) => (3, o.camera.to_string(), o.frame.seq),
        Event::Viewed(report) => (2, report.camera.to_string(), 0),
        Event::Camera { camera, .. } => (1, camera.to_string(), 0),
        Event::Reading { sensor, value, .. } => (2, sensor.to_string(), value.to_bits()),
        Event::Command(command) => (0, command.id.to_string(), 0),
        Event::Tick(_) => (9, String::new(), 0),
        Event::Captured { .. }
        | Event::Late { .. }
        | Event::WorkerStarted { .. }
        | Event::ClockSet { .. } => (8, String::new(), 0),
    };
    key(one).cmp(&key(other))
}

impl Held {
    /// Takes in an event that happened at `at`; until when what waits is due. None when it is too late.
    pub(super) fn hold(
        &mut self,
        at: Timestamp,
        event: Event,
        lateness: Duration,
    ) -> Option<Timestamp> {
        if at < self.released {
            self.late += 1;
            return None;
        }
        let behind = |(t, e): &(Timestamp, Event)| (*t, rank(e, &event)) <= (at, Ordering::Equal);
        let place = self.events.partition_point(behind);
        self.events.insert(place, (at, event));
        self.newest = self.newest.max(at);
        let due = Timestamp(self.newest.0.saturating_sub(lateness.as_nanos() as u64));
        let crowded = self.events.len() > HELD_MAX;
        Some(if crowded { due.max(self.events[0].0) } else { due })
    }

    /// Time of the newest event that was taken in.
    pub(super) fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Lets go what waits, up to `due`, in order.
    pub(super) fn release(&mut self, due: Timestamp) -> Vec<Event> {
        // Not those of the time `due` itself: another one of that time may still come.
        let count = self.events.partition_point(|(at, _)| *at < due);
        self.released = self.released.max(due.min(self.newest));
        self.events.drain(..count).map(|(_, event)| event).collect()
    }
}
