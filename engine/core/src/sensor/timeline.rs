//! The readings of one sensor in the order in which they were measured, whatever the order in
//! which they came.
//!
//! The newest reading is judged at once: nobody waits for older ones that may never come. One that
//! comes later and is older is put in its place, and all after it are judged again. How far back
//! that reaches is the sensor's lateness. The same value at the same time is one reading, however
//! often it is sent: links repeat what was not acknowledged.

use super::health::{Health, HealthParams, Quality};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Most readings that can be judged again.
const RECENT_MAX: usize = 4_096;
/// Most readings that are known again when they come twice.
const KNOWN_MAX: usize = 2_048;
/// Readings are kept for so many latenesses: who goes back to before the oldest that may still be
/// corrected finds the values that held then.
const KEPT_LATENESSES: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    value: f64,
    /// As saved states have named it since 0.1.
    #[serde(rename = "verdict")]
    quality: Quality,
    /// It was told as good, and went into windows.
    told_good: bool,
    /// The last good reading by then.
    good: Option<(Timestamp, f64)>,
}

/// What became of a reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// It is the newest.
    Newest(Quality),
    /// It is older than the newest, and was put in its place.
    Corrected {
        /// Readings that are good now and were not told yet, itself among them if it is.
        good: Vec<(Timestamp, f64)>,
    },
    /// Too old to change anything here.
    Late {
        /// How much older than the newest.
        by: Duration,
    },
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// After all readings before the first of `recent`.
    base: Health,
    /// Of the newest reading that went into `base`.
    base_at: Timestamp,
    /// By time and value.
    recent: VecDeque<Entry>,
    /// After all readings.
    health: Health,
    /// Time and bits of the value.
    known: BTreeSet<(Timestamp, u64)>,
    /// Up to here readings have been forgotten.
    known_from: Timestamp,
}

impl Timeline {
    /// Notes a reading, as it was sent. False when it was noted before, or is so old that nobody
    /// knows; then it must not count again.
    pub fn is_new(&mut self, at: Timestamp, value: f64) -> bool {
        if at <= self.known_from && self.known.len() >= KNOWN_MAX {
            return false;
        }
        let is_new = self.known.insert((at, (value + 0.0).to_bits()));
        while self.known.len() > KNOWN_MAX
            && let Some((at, _)) = self.known.pop_first()
        {
            self.known_from = self.known_from.max(at);
        }
        is_new
    }

    /// Takes a finite reading that [`Timeline::is_new`].
    pub fn take(
        &mut self,
        params: &HealthParams,
        lateness: Duration,
        at: Timestamp,
        value: f64,
    ) -> Taken {
        let newest = self.newest();
        if (at, ordered(value))
            >= newest.map_or((Timestamp::default(), i64::MIN), |(t, v)| (t, ordered(v)))
        {
            let quality = self.health.step(params, at, value);
            let good = self.health.good();
            let told_good = quality == Quality::Good;
            self.recent.push_back(Entry { at, value, quality, told_good, good });
            return Taken::Newest(quality);
        }
        let by = newest.map_or(Duration::ZERO, |(newest, _)| newest.since(at));
        if by > lateness || at < self.base_at {
            return Taken::Late { by };
        }
        let place =
            self.recent.partition_point(|e| (e.at, ordered(e.value)) < (at, ordered(value)));
        let entry = Entry { at, value, quality: Quality::Good, told_good: false, good: None };
        self.recent.insert(place, entry);
        self.judge_again(params);
        let mut good = Vec::new();
        for entry in &mut self.recent {
            if entry.quality == Quality::Good && !entry.told_good {
                entry.told_good = true;
                good.push((entry.at, entry.value));
            }
        }
        Taken::Corrected { good }
    }

    /// The clock by which readings are timed was set: what comes next is the newest, whatever its
    /// time.
    pub fn clock_set(&mut self, now: Timestamp) {
        self.health.not_after(now);
        *self = Self { base: self.health, health: self.health, ..Self::default() };
    }

    fn judge_again(&mut self, params: &HealthParams) {
        self.health = self.base;
        for entry in &mut self.recent {
            entry.quality = self.health.step(params, entry.at, entry.value);
            entry.good = self.health.good();
        }
    }

    /// Lets go what nothing can change any more; to be called after some readings, or memory grows.
    pub fn forget(&mut self, params: &HealthParams, lateness: Duration) {
        let Some((newest, _)) = self.newest() else { return };
        let old = |e: &Entry| newest.since(e.at) > lateness * KEPT_LATENESSES;
        while self.recent.len() > 1
            && (self.recent.len() > RECENT_MAX || self.recent.front().is_some_and(old))
            && let Some(entry) = self.recent.pop_front()
        {
            self.base.step(params, entry.at, entry.value);
            self.base_at = entry.at;
        }
    }

    /// Time and value of the newest reading.
    pub fn newest(&self) -> Option<(Timestamp, f64)> {
        self.recent.back().map(|entry| (entry.at, entry.value))
    }

    /// What the newest reading is worth.
    pub fn quality(&self) -> Option<Quality> {
        self.recent.back().map(|entry| entry.quality)
    }

    /// The last good reading.
    pub fn good(&self) -> Option<(Timestamp, f64)> {
        self.health.good()
    }

    /// The last good reading at a time, as far as it is known now.
    pub fn good_at(&self, at: Timestamp) -> Option<(Timestamp, f64)> {
        let after = self.recent.partition_point(|entry| entry.at <= at);
        match after.checked_sub(1).and_then(|i| self.recent.get(i)) {
            Some(entry) => entry.good,
            None => self.base.good(),
        }
    }

    /// From here on, [`Timeline::good_at`] knows.
    pub fn known_since(&self) -> Timestamp {
        self.base_at
    }

    /// Times of the readings after one time and up to another.
    pub fn times(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + '_ {
        let times = self.recent.iter().map(|entry| entry.at);
        times.filter(move |at| *at > after && *at <= until)
    }
}

/// Values of one time in an order that does not depend on how they came.
fn ordered(value: f64) -> i64 {
    // As `f64::total_cmp` compares; 0 and -0 are one value.
    let bits = (value + 0.0).to_bits().cast_signed();
    bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMS: HealthParams = HealthParams {
        range: [-10.0, 40.0],
        jump_max_per_sec: Some(1.0),
        stuck_after: Some(Duration::from_mins(1)),
        stuck_ignore: Some(0.0),
        silent_after: Duration::from_secs(100),
    };
    const LATENESS: Duration = Duration::from_secs(30);

    fn secs(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_000 + secs)
    }

    fn take(line: &mut Timeline, at: u64, value: f64) -> Option<Taken> {
        let taken =
            line.is_new(secs(at), value).then(|| line.take(&PARAMS, LATENESS, secs(at), value));
        line.forget(&PARAMS, LATENESS);
        taken
    }

    #[test]
    fn the_same_time_and_value_is_one_reading() {
        let mut line = Timeline::default();
        assert_eq!(take(&mut line, 10, 5.0), Some(Taken::Newest(Quality::Good)));
        assert_eq!(take(&mut line, 10, 5.0), None);
        assert_eq!(take(&mut line, 10, 5.5), Some(Taken::Newest(Quality::Good)), "another value");
        assert_eq!(
            take(&mut line, 10, -0.0),
            Some(Taken::Corrected { good: vec![(secs(10), -0.0)] })
        );
        assert_eq!(take(&mut line, 10, 0.0), None, "0 and -0 are one");
        assert_eq!(take(&mut line, 20, 5.0), Some(Taken::Newest(Quality::Good)));
        for at in 100..100 + KNOWN_MAX as u64 {
            line.is_new(secs(at), 1.0);
        }
        assert!(!line.is_new(secs(10), 7.0), "nobody knows whether it came");
        assert!(line.is_new(secs(9_000), 7.0));
    }

    #[test]
    fn an_older_one_is_put_in_its_place() {
        let mut line = Timeline::default();
        take(&mut line, 0, 1.0);
        // Alone it is a jump; with others that agree it is believed.
        assert_eq!(take(&mut line, 20, 28.5), Some(Taken::Newest(Quality::Jump)));
        assert_eq!(line.good_at(secs(20)), Some((secs(0), 1.0)));
        let good = vec![(secs(12), 13.0)];
        assert_eq!(take(&mut line, 12, 13.0), Some(Taken::Corrected { good }));
        assert_eq!(line.quality(), Some(Quality::Jump));
        assert_eq!(take(&mut line, 17, 27.0), Some(Taken::Corrected { good: vec![] }));
        let good = vec![(secs(20), 28.5)];
        assert_eq!(take(&mut line, 18, 27.5), Some(Taken::Corrected { good }));
        assert_eq!(line.good(), Some((secs(20), 28.5)));
        assert_eq!(line.good_at(secs(16)), Some((secs(12), 13.0)));
        take(&mut line, 60, 31.0);
        assert_eq!(take(&mut line, 29, 3.0), Some(Taken::Late { by: Duration::from_secs(31) }));
        assert_eq!(line.good_at(secs(59)), Some((secs(20), 28.5)));
    }

    proptest! {
        /// Whatever the delivery within the lateness, and also when it is saved and restored: the
        /// same qualities, each good reading told once, and the values of any time as if they had
        /// come in order, each once.
        #[test]
        fn any_delivery_gives_the_same(
            readings in prop::collection::vec((0u64..40, -12i32..45, 0u64..30, 0u8..4), 0..60),
            stop in 0usize..60,
        ) {
            let mut delivered: Vec<(u64, u64, f64)> = Vec::new();
            for (at, value, delay, repeat) in &readings {
                let (at, value) = (at * 3, f64::from(*value));
                delivered.push((at + delay, at, value));
                if *repeat == 0 {
                    delivered.push((at + 30, at, value));
                }
            }
            delivered.sort_by(|a, b| a.partial_cmp(b).unwrap());
            let mut line = Timeline::default();
            let mut told = Vec::new();
            for (k, (_, at, value)) in delivered.iter().enumerate() {
                if k == stop {
                    line = serde_json::from_str(&serde_json::to_string(&line).unwrap()).unwrap();
                }
                match take(&mut line, *at, *value) {
                    Some(Taken::Newest(Quality::Good)) => told.push((secs(*at), *value)),
                    Some(Taken::Corrected { good }) => told.extend(good),
                    Some(Taken::Late { by }) => prop_assert!(false, "late by {:?}", by),
                    Some(Taken::Newest(_)) | None => {}
                }
            }
            // The definition: all of them, sorted, each once.
            let mut all: Vec<(u64, f64)> = delivered.iter().map(|d| (d.1, d.2)).collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap());
            all.dedup();
            let (mut health, mut values, mut quality) = (Health::default(), Vec::new(), None);
            for (at, value) in &all {
                quality = Some(health.step(&PARAMS, secs(*at), *value));
                values.push((secs(*at), health.good()));
            }
            prop_assert_eq!(line.quality(), quality);
            prop_assert_eq!(line.good(), health.good());
            for at in (0..140).map(secs).filter(|at| *at >= line.known_since()) {
                let want = values.iter().rfind(|(t, _)| *t <= at).and_then(|(_, good)| *good);
                prop_assert_eq!(line.good_at(at), want);
            }
            let mut once = told.clone();
            once.sort_by(|a, b| a.partial_cmp(b).unwrap());
            once.dedup();
            prop_assert_eq!(once.len(), told.len(), "each is told once");
        }

        /// Never more than the most are held, whatever comes.
        #[test]
        fn memory_is_bounded(start in 0u64..5, step in 0u64..3) {
            let mut line = Timeline::default();
            for k in 0..6_000u64 {
                let at = start + k * step / 100;
                if line.is_new(secs(at), k as f64 / 1e6) {
                    line.take(&PARAMS, Duration::from_hours(24), secs(at), k as f64 / 1e6);
                    line.forget(&PARAMS, Duration::from_hours(24));
                }
            }
            prop_assert!(line.recent.len() <= RECENT_MAX && line.known.len() <= KNOWN_MAX);
        }
    }
}
