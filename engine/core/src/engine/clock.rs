//! Event time and the clock on the wall.
//!
//! Clocks of boxes are set: by the network minutes after a start in 1970, by hand, by a time server
//! that was wrong. Rules measure how long something lasts, so the engine counts in event time, which
//! is never set. What comes in and goes out has the time of the box's clock; it is changed into
//! event time here, and back. [`Event::ClockSet`] says that the two have moved apart. So nothing
//! that is remembered has to change: dwells go on, and what people read, also of what began before,
//! follows the clock as it is now.

use super::event::{Effect, Event};
use crate::artefact::{Artefact, Span};
use crate::incident::Revision;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How the box's clock stands to event time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DayClock {
    /// The box's clock less event time, in ns.
    ahead_ns: i64,
    /// Event time of the newest event.
    newest: Timestamp,
}

impl DayClock {
    /// What the box's clock says at an event time.
    pub(super) fn day_time(self, at: Timestamp) -> Timestamp {
        at.shifted(self.ahead_ns)
    }

    /// The event time at which the box's clock says this.
    pub(super) fn event_time(self, day_time: Timestamp) -> Timestamp {
        day_time.shifted(self.ahead_ns.saturating_neg())
    }

    /// What the box's clock said last.
    pub(super) fn day_now(self) -> Timestamp {
        self.day_time(self.newest)
    }

    /// Time of the newest event, by the box's clock as it is now; none before the first.
    pub(super) fn newest(self) -> Option<Timestamp> {
        (self.newest > Timestamp::default()).then(|| self.day_now())
    }

    /// Event time of the newest event.
    pub(super) fn event_now(self) -> Timestamp {
        self.newest
    }

    /// The box's clock less event time, in ns.
    pub(super) fn ahead_ns(self) -> i64 {
        self.ahead_ns
    }

    /// The box's clock was set.
    pub(super) fn was_set(&mut self, by_ms: i64) {
        self.ahead_ns = self.ahead_ns.saturating_add(by_ms.saturating_mul(1_000_000));
    }

    /// Changes the times of what comes in into event time.
    pub(super) fn hear(&mut self, event: &mut Event) {
        let back = |at: &mut Timestamp| *at = self.event_time(*at);
        match event {
            Event::Observed(observation) => {
                back(&mut observation.frame.captured);
                back(&mut observation.frame.arrived);
            }
            Event::Viewed(report) => back(&mut report.at),
            Event::Command(command) => back(&mut command.at),
            Event::Camera { at, .. } | Event::Reading { at, .. } | Event::Tick(at) => back(at),
            Event::Captured { evidence, .. } => {
                evidence.iter_mut().flat_map(shown).for_each(back);
            }
            Event::Late { .. } | Event::WorkerStarted { .. } | Event::ClockSet { .. } => {}
        }
        self.newest = event.at().map_or(self.newest, |at| self.newest.max(at));
    }

    /// Changes the times of what goes out into those of the box's clock.
    pub(super) fn tell(self, effects: &mut [Effect]) {
        if self.ahead_ns == 0 {
            return;
        }
        let on = |at: &mut Timestamp| *at = self.day_time(*at);
        for effect in effects {
            match effect {
                Effect::Publish(revision) => revision_times(revision).for_each(on),
                Effect::View { since, .. } => on(since),
                Effect::Sensor { at, .. } => on(at),
                Effect::TooLate(told) => on(&mut told.at),
                Effect::Answer(answer) => {
                    answer.evidence.iter_mut().flat_map(shown).for_each(on);
                }
                // Windows are cut by the clock on the wall and tell its times as they are.
                Effect::Window(_)
                | Effect::Capture(_)
                | Effect::Discard(_)
                | Effect::Attend { .. } => {}
            }
        }
    }
}

fn shown(artefact: &mut Artefact) -> [&mut Timestamp; 2] {
    let Span { first, last } = &mut artefact.span;
    [first, last]
}

fn revision_times(revision: &mut Revision) -> impl Iterator<Item = &mut Timestamp> {
    let Revision { first_seen, opened, updated, closed, evidence, .. } = revision;
    [first_seen, opened, updated]
        .into_iter()
        .chain(closed)
        .chain(evidence.iter_mut().flat_map(shown))
}
