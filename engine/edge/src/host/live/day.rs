//! The clock on the wall beside event time.
//!
//! Frames, readings and ticks are timed by [`clock::event_time`], which is never set. What the
//! engine hears has the time of day, as people and schedules mean it. This is the one place that
//! makes one from the other, so that all events agree, whoever noticed first that the clock was set.

use super::outside::Clock;
use crate::{clock, disk};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use viahe_contract::message::{self, ClockOf};
use viahe_core::id::Name;
use viahe_core::seam::{CameraStats, ClockStep};
use viahe_core::time::Timestamp;

/// A difference beyond this is a clock that was set, and is followed at once.
pub(super) const STEP_MIN: Duration = Duration::from_secs(2);
/// A smaller one is followed by 1 ms a second, so that no duration is seen to change: the drift of
/// cheap crystals and what time servers slew (500 ppm at most) are less.
const SLEW: i64 = 1_000;
const FILE_NAME: &str = "clock.json";
/// A camera's clock that is further off is worth a word: its own pictures and recordings, which
/// police may ask for, are of another time than the incident.
pub(super) const OFF_MIN_MS: u64 = 5_000;
/// And again when it has moved by so much.
const OFF_AGAIN_MS: u64 = STEP_MIN.as_millis() as u64;

/// The time of day, as events have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// The time of day less event time, in ns.
    ahead_ns: i64,
    /// Event time when the clocks were last compared.
    compared: Timestamp,
}

impl Day {
    pub(super) fn new(ahead_ns: i64, event_time: Timestamp) -> Self {
        Self { ahead_ns, compared: event_time }
    }

    /// The time of day at an event time.
    pub(super) fn at(&self, event_time: Timestamp) -> Timestamp {
        event_time.shifted(self.ahead_ns)
    }

    /// Compares the clocks. When the box's was set, by how many ms; what comes after has the new
    /// time.
    pub(super) fn follow(&mut self, day_time: Timestamp, event_time: Timestamp) -> Option<i64> {
        let wrong_ns = difference_ns(day_time, self.at(event_time));
        let passed = event_time.since(self.compared);
        self.compared = self.compared.max(event_time);
        if wrong_ns.unsigned_abs() > STEP_MIN.as_nanos() as u64 {
            let by_ms = wrong_ns / 1_000_000;
            self.ahead_ns += by_ms * 1_000_000;
            return Some(by_ms);
        }
        let most = i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX) / SLEW;
        self.ahead_ns += wrong_ns.clamp(-most, most);
        None
    }
}

/// `a - b` in ns.
pub(super) fn difference_ns(a: Timestamp, b: Timestamp) -> i64 {
    let ns = i128::from(a.0) - i128::from(b.0);
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

/// What lets a run go on with the event time of the one before, if the box was not started anew
/// between them: then even a clock that was set meanwhile is seen through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// Changes with each start of the box.
    boot: String,
    /// [`clock::axis_zero`].
    zero: Timestamp,
    /// Event time of the engine less that of the box, in ns.
    engine_ns: i64,
}

/// The event time of this box, from its start on.
#[derive(Debug)]
pub(crate) struct EventTime {
    path: PathBuf,
    boot: Option<String>,
    /// Of an earlier run since the box started.
    engine_ns: Option<i64>,
}

impl EventTime {
    /// Goes on with the event time of an earlier run, or begins one. To be called before anything
    /// is timed.
    pub(crate) fn open(state_dir: &Path) -> Self {
        let path = state_dir.join(FILE_NAME);
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .map(|text| text.trim().to_owned());
        let record = std::fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
            .filter(|record| Some(&record.boot) == boot.as_ref());
        if let Some(record) = &record {
            clock::go_on_from(record.zero);
        }
        // Another station of this process may have begun it.
        let goes_on = record.filter(|record| record.zero == clock::axis_zero());
        Self { path, boot, engine_ns: goes_on.map(|record| record.engine_ns) }
    }

    /// How the engine's time of day stands to event time, given by how much the time of day is
    /// ahead of what the engine counts in; and by how many ms the clock must have been set back
    /// when what the engine saw last, at `newest`, is still to come.
    pub(super) fn day(
        self,
        clock: &dyn Clock,
        engine_ahead_ns: i64,
        newest: Option<Timestamp>,
    ) -> (Day, Option<i64>) {
        let (day_time, event_time) = (clock.now(), clock.event_time());
        if let Some(engine_ns) = self.engine_ns {
            return (Day::new(engine_ns.saturating_add(engine_ahead_ns), event_time), None);
        }
        let mut day = Day::new(difference_ns(day_time, event_time), event_time);
        let back = newest.filter(|newest| newest.since(day_time) > STEP_MIN);
        let set = back.and_then(|newest| {
            // As if no time had passed since then; nobody knows how much did.
            day = Day::new(difference_ns(newest, event_time), event_time);
            day.follow(day_time, event_time)
        });
        let ahead_then = engine_ahead_ns.saturating_add(set.unwrap_or_default() * 1_000_000);
        self.write(day.ahead_ns.saturating_sub(ahead_then));
        (day, set)
    }

    fn write(self, engine_ns: i64) {
        let Some(boot) = self.boot else { return };
        let record = Record { boot, zero: clock::axis_zero(), engine_ns };
        let written = serde_json::to_vec(&record)
            .map_err(std::io::Error::from)
            .and_then(|bytes| disk::create(&self.path)?.write_all(&bytes));
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error,
                "a restart after the clock was set will not know how long it took");
        }
    }
}

/// What is known and told of the clocks of box and cameras.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// When the box's clock was last set in this run.
    box_step: Option<ClockStep>,
    /// How far a camera's clock was off when that was last told, in ms.
    told_ms: BTreeMap<Name, i64>,
}

impl Clocks {
    /// The last time that a camera's clock or the box's was set, as its state tells it.
    pub(super) fn step(
        &self,
        camera: Option<&CameraStats>,
        day: &Day,
        zone: &TimeZone,
    ) -> Option<message::ClockStep> {
        let camera = camera.and_then(|c| c.clock_step).map(|step| (step, ClockOf::Camera));
        let of_box = self.box_step.map(|step| (step, ClockOf::Box));
        let (ClockStep { at, by_ms }, of) =
            camera.into_iter().chain(of_box).max_by_key(|(step, _)| step.at)?;
        let at = day.at(at).local(zone);
        Some(message::ClockStep { of, by_ms, at })
    }

    /// Forgets cameras that are no more.
    fn keep(&mut self, is_there: impl Fn(&Name) -> bool) {
        self.told_ms.retain(|camera, _| is_there(camera));
    }

    /// Is it news that a camera's clock is so far off?
    fn is_news(&mut self, camera: &Name, offset_ms: i64) -> bool {
        let told = self.told_ms.get(camera).copied().unwrap_or_default();
        let off = |ms: i64| ms.unsigned_abs() >= OFF_MIN_MS;
        let news = if off(offset_ms) { offset_ms.abs_diff(told) > OFF_AGAIN_MS } else { off(told) };
        if news {
            self.told_ms.insert(camera.clone(), offset_ms);
        }
        news
    }
}

/// What time it is, and what is known of the clocks.
pub(super) struct Time {
    clock: Box<dyn Clock>,
    day: Day,
    clocks: Clocks,
}

impl Time {
    pub(super) fn new(clock: Box<dyn Clock>, day: Day) -> Self {
        Self { clock, day, clocks: Clocks::default() }
    }

    /// For intervals.
    pub(super) fn monotonic(&self) -> Instant {
        self.clock.monotonic()
    }

    /// The time that engine and workers count in.
    pub(super) fn event_time(&self) -> Timestamp {
        self.clock.event_time()
    }

    /// The time of day, as events have it.
    pub(super) fn now(&self) -> Timestamp {
        self.day.at(self.clock.event_time())
    }

    /// The time of day at an event time.
    pub(super) fn at(&self, event_time: Timestamp) -> Timestamp {
        self.day.at(event_time)
    }

    /// The box's clock was set.
    pub(super) fn box_was_set(&mut self, by_ms: i64) {
        self.clocks.box_step = Some(ClockStep { at: self.clock.event_time(), by_ms });
    }

    /// Is it news that a camera's clock is so far off?
    pub(super) fn is_news(&mut self, camera: &Name, offset_ms: i64) -> bool {
        self.clocks.is_news(camera, offset_ms)
    }

    /// Forgets cameras that are no more.
    pub(super) fn keep(&mut self, is_there: impl Fn(&Name) -> bool) {
        self.clocks.keep(is_there);
    }

    /// Compares the clocks; by how many ms the box's was set, if it was.
    pub(super) fn follow(&mut self) -> Option<i64> {
        self.day.follow(self.clock.now(), self.clock.event_time())
    }

    /// The last time that a camera's clock or the box's was set.
    pub(super) fn step(
        &self,
        camera: Option<&CameraStats>,
        zone: &TimeZone,
    ) -> Option<message::ClockStep> {
        self.clocks.step(camera, &self.day, zone)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::outside::BoxClock;
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000).plus(Duration::from_millis(ms))
    }

    #[test]
    fn a_clock_that_was_set_is_followed_at_once() {
        for by_ms in [-3_600_000, 3_600_000, -300_000, 2_001, -25_200_000, -1_700_000_000_000] {
            let mut day = Day::new(0, at(0));
            assert_eq!(day.follow(at(1000), at(1000)), None);
            let set = at(2000).shifted(by_ms * 1_000_000);
            assert_eq!(day.follow(set, at(2000)), Some(by_ms));
            assert_eq!(day.at(at(2000)), set);
            assert_eq!(day.follow(set.plus(Duration::from_secs(1)), at(3000)), None);
        }
    }

    #[test]
    fn what_is_small_is_followed_slowly_and_time_never_runs_back() {
        let mut day = Day::new(0, at(0));
        let mut before = day.at(at(0));
        for sec in 1..3000u64 {
            let slow = at(sec * 1000).shifted(-1_900_000_000);
            assert_eq!(day.follow(slow, at(sec * 1000)), None);
            let now = day.at(at(sec * 1000));
            let passed = now.since(before);
            assert!((999..=1000).contains(&passed.as_millis()), "{sec}: {passed:?}");
            before = now;
        }
        assert_eq!(before, at(2_999_000).shifted(-1_900_000_000));
    }

    #[test]
    fn a_camera_whose_clock_is_wrong_is_told_once_and_when_it_moves() {
        let camera = Name::try_from("cam-1").unwrap();
        let mut clocks = Clocks::default();
        let mut news = |ms| clocks.is_news(&camera, ms);
        let told = [0, 4_999, -300_000, -300_400, -297_000, 120, 300, 3_600_000].map(&mut news);
        assert_eq!(told, [false, false, true, false, true, true, false, true]);
        clocks.keep(|known| *known == camera);
        assert!(!clocks.is_news(&camera, 3_600_000), "it was told");
        clocks.keep(|known| *known != camera);
        assert!(clocks.is_news(&camera, 3_600_000), "another camera of that name");
    }

    #[test]
    fn the_last_clock_that_was_set_is_told() {
        let step = |ms, by_ms| Some(ClockStep { at: at(ms), by_ms });
        let mut clocks = Clocks { box_step: step(10, -3_600_000), ..Clocks::default() };
        let of = |clocks: &Clocks, ms| {
            let camera = CameraStats { clock_step: step(ms, 300_000), ..CameraStats::default() };
            clocks.step(Some(&camera), &Day::new(0, at(0)), &TimeZone::UTC)
        };
        assert_eq!(of(&clocks, 20).unwrap().of, ClockOf::Camera);
        assert_eq!(of(&clocks, 5).unwrap().by_ms, -3_600_000);
        clocks.box_step = None;
        assert_eq!(clocks.step(None, &Day::new(0, at(0)), &TimeZone::UTC), None);
    }

    #[test]
    fn a_box_that_starts_in_1970_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let event_time =
            EventTime { path: dir.path().join(FILE_NAME), boot: None, engine_ns: None };
        let newest = clock::now().plus(Duration::from_hours(24 * 400));
        let (day, set) = event_time.day(&BoxClock, 0, Some(newest));
        let by_ms = set.unwrap();
        assert!((by_ms + 400 * 24 * 3_600_000).abs() < 10_000, "{by_ms}");
        let now = day.at(clock::event_time());
        assert!(now.offset_ms(clock::now()).abs() < 1000, "the time of day is the clock's");
    }

    #[test]
    fn a_restart_goes_on_with_the_same_event_time() {
        let dir = tempfile::tempdir().unwrap();
        // 7 s were set since the engine began.
        let (day, set) =
            EventTime::open(dir.path()).day(&BoxClock, 7_000_000_000, Some(clock::now()));
        assert_eq!(set, None);
        // An hour more was set by the engine before it ended: it remembers.
        let (again, set) = EventTime::open(dir.path()).day(&BoxClock, 3_607_000_000_000, None);
        assert_eq!(set, None);
        assert_eq!(again.ahead_ns, day.ahead_ns + 3_600_000_000_000);
    }
}
