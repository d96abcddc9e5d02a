//! What is remembered of a sensor, and how it is.

use crate::id::Name;
use crate::plan::Sensor;
use crate::sensor::{Counter, Presence, Quality, Quantity, Timeline};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use viahe_contract::message::SensorHealth;

/// What is remembered of a sensor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SensorMemory {
    id: Name,
    quantity: Quantity,
    /// Came since the last tick, as they came.
    pub(super) waiting: Vec<(Timestamp, f64)>,
    pub(super) presence: Presence,
    pub(super) counter: Counter,
    pub(super) timeline: Timeline,
    /// As last told, and under which date.
    pub(super) told: Option<(SensorHealth, Timestamp)>,
}

impl SensorMemory {
    pub(super) fn new(sensor: &Sensor) -> Self {
        Self {
            id: sensor.id.clone(),
            quantity: sensor.decoder.quantity,
            waiting: Vec::new(),
            presence: Presence::default(),
            counter: Counter::default(),
            timeline: Timeline::default(),
            told: None,
        }
    }

    /// Is it of this sensor, measuring the same?
    pub(super) fn is_of(&self, sensor: &Sensor) -> bool {
        self.id == sensor.id && self.quantity == sensor.decoder.quantity
    }

    /// The box's clock was set, and its readings may have another time from now on: they are
    /// compared with what comes, not with what came before.
    pub(super) fn clock_set(&mut self, now: Timestamp) {
        self.counter = Counter::default();
        self.timeline.clock_set(now);
    }

    /// How long its readings are on their way.
    pub(super) fn patience(&self) -> Duration {
        self.presence.patience()
    }

    /// Its newest value; none when it is too old to be believed.
    pub(super) fn value(&self, sensor: &Sensor, at: Timestamp) -> Option<f64> {
        let (since, value) = self.timeline.good()?;
        self.is_fresh(sensor, since, at).then_some(value)
    }

    /// The value that held at a time, as is known by now; none when it is too old to be believed. A reading that was
    /// on its way for a while is older than it is late.
    pub(super) fn value_at(&self, sensor: &Sensor, at: Timestamp) -> Option<f64> {
        let (since, value) = self.timeline.good_at(at)?;
        self.is_fresh(sensor, since, at).then_some(value)
    }

    fn is_fresh(&self, sensor: &Sensor, measured: Timestamp, now: Timestamp) -> bool {
        let after = sensor.health.silent_after;
        now.since(measured) <= after + self.patience().min(after)
    }

    pub(super) fn state(&self, sensor: &Sensor, now: Timestamp) -> Option<SensorHealth> {
        if self.presence.silent(sensor.health.silent_after, now) {
            return Some(SensorHealth::Silent);
        }
        let (newest, _) = self.timeline.newest()?;
        if !self.is_fresh(sensor, newest, now) {
            return Some(SensorHealth::Silent);
        }
        Some(match self.timeline.quality()? {
            Quality::Good => SensorHealth::Good,
            Quality::OutOfRange => SensorHealth::OutOfRange,
            Quality::Jump => SensorHealth::Jumping,
            Quality::Stuck => SensorHealth::Stuck,
        })
    }
}
