//! Readings of sensors, as they come over MQTT.

use crate::publish::Heard;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_core::config::Plan;
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::sensor::{DecodeError, decode};

/// A sensor that writes nonsense is logged once in so long.
const COMPLAIN_EVERY: Duration = Duration::from_mins(10);

/// Reads what sensors send, and counts what cannot be read.
#[derive(Default)]
pub(super) struct Readings {
    complained: BTreeMap<Name, Instant>,
    /// Payloads that could not be read, by sensor and reason.
    pub(super) bad: BTreeMap<(Name, &'static str), u64>,
}

impl Readings {
    /// One message may be of several sensors: a station that sends all in one pack.
    pub(super) fn read(&mut self, plan: &Plan, heard: &Heard, now: Instant) -> Vec<Event> {
        // What the broker kept is of an unknown time ago, and was perhaps counted already.
        if heard.retained {
            return Vec::new();
        }
        let mut events = Vec::new();
        for sensor in plan.sensors.iter().filter(|s| s.topic == heard.topic) {
            match decode(&sensor.decoder, &heard.payload, heard.at) {
                Ok(samples) => events.extend(samples.into_iter().map(|s| Event::Reading {
                    sensor: sensor.id.clone(),
                    at: s.at,
                    value: s.value,
                })),
                Err(error) => self.complain(&sensor.id, &error, now),
            }
        }
        events
    }

    fn complain(&mut self, sensor: &Name, error: &DecodeError, now: Instant) {
        *self.bad.entry((sensor.clone(), error.kind())).or_default() += 1;
        let last = self.complained.get(sensor);
        if last.is_none_or(|last| now.duration_since(*last) >= COMPLAIN_EVERY) {
            tracing::warn!(%sensor, %error, "a reading cannot be used");
            self.complained.insert(sensor.clone(), now);
        }
    }
}
