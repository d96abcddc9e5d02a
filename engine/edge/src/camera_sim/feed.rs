//! Sends a clip's access units in real time, round after round.

use super::clip::Clip;
use crate::clock::monotonic;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_rtsp_server as gst_rtsp_server;
use gstreamer_rtsp_server::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a feeder looks whether its media still runs.
const LOOK: Duration = Duration::from_millis(100);

/// Lets media through or holds it back, and ends all feeders.
#[derive(Default)]
pub(super) struct Valve {
    position: Mutex<Position>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Position {
    paused: bool,
    closed: bool,
}

impl Valve {
    pub(super) fn set(&self, paused: bool) {
        self.lock().paused = paused;
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits `at_most`, or until it is turned.
    fn wait(&self, at_most: Duration) -> Position {
        let position = self.lock();
        let waited = self.changed.wait_timeout(position, at_most);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// When a clip's pictures are sent.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the first round began, where all who connect see the same.
    began: Option<Instant>,
    delay_ms: AtomicU64,
}

impl Pace {
    /// In step with all others that began then, or each connection for itself.
    pub(super) fn new(began: Option<Instant>) -> Self {
        Self { began, delay_ms: AtomicU64::new(0) }
    }

    pub(super) fn delay(&self, by: Duration) {
        self.delay_ms.store(by.as_millis() as u64, Ordering::Relaxed);
    }

    fn late(&self) -> Duration {
        Duration::from_millis(self.delay_ms.load(Ordering::Relaxed))
    }
}

/// Starts to feed a media that the server has made, from unit `first` of the clip on. It ends with
/// the media.
pub(super) fn start(
    media: &gst_rtsp_server::RTSPMedia,
    clip: &Arc<Clip>,
    first: usize,
    valve: &Arc<Valve>,
    pace: &Arc<Pace>,
) {
    let bin = media.element().downcast::<gst::Bin>().ok();
    let source = bin.and_then(|bin| bin.by_name("feed"));
    let Some(source) = source.and_then(|s| s.downcast::<gst_app::AppSrc>().ok()) else { return };
    source.set_caps(Some(&clip.caps()));
    let (clip, valve, pace) = (Arc::clone(clip), Arc::clone(valve), Arc::clone(pace));
    let feeder = Feeder { source, clip, first, valve, pace };
    // Without a thread the media gives nothing, and clients see a silent camera.
    let spawned =
        std::thread::Builder::new().name("camera-feed".into()).spawn(move || feeder.run());
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread to feed a client of the simulator; it sees nothing");
    }
}

struct Feeder {
    source: gst_app::AppSrc,
    clip: Arc<Clip>,
    first: usize,
    valve: Arc<Valve>,
    pace: Arc<Pace>,
}

impl Feeder {
    fn run(self) {
        let Some(now) = self.started() else { return };
        // At `zero` so much of the clip had been passed over.
        let (mut zero, mut next) = self.begin(now, self.first);
        let mut skipped = self.clip.units[next].send_at;
        loop {
            let unit = &self.clip.units[next];
            let due = (zero + unit.send_at).saturating_sub(skipped);
            let Some(paused) = self.until(due + self.pace.late()) else { return };
            if paused {
                let Some(now) = self.resumed() else { return };
                (zero, next) = self.begin(now, self.clip.key_before(next));
                skipped = self.clip.units[next].send_at;
                continue;
            }
            let mut data = unit.data.clone();
            {
                let data = data.make_mut();
                data.set_pts(clock_time((zero + unit.show_at).saturating_sub(skipped)));
                data.set_dts(clock_time((zero + unit.send_at).saturating_sub(skipped)));
            }
            if self.source.push_buffer(data).is_err() {
                return;
            }
            next += 1;
            if next == self.clip.units.len() {
                next = 0;
                zero += self.clip.round;
            }
        }
    }

    /// At which running time to begin with which unit: now with this one, or in step with all others.
    fn begin(&self, now: Duration, first: usize) -> (Duration, usize) {
        let Some(began) = self.pace.began else { return (now, first) };
        let since = monotonic().saturating_duration_since(began).as_nanos();
        let passed = since % self.clip.round.as_nanos();
        let passed = Duration::from_nanos(u64::try_from(passed).unwrap_or_default());
        let units = self.clip.units.iter().enumerate();
        let next = units.filter(|(_, unit)| unit.key).find(|(_, unit)| unit.send_at >= passed);
        let (next, wait) = match next {
            Some((next, unit)) => (next, unit.send_at.saturating_sub(passed)),
            None => (0, self.clip.round.saturating_sub(passed)),
        };
        (now + wait, next)
    }

    fn now(&self) -> Option<Duration> {
        self.source.current_running_time().map(Duration::from)
    }

    /// Waits until the media runs; the running time then.
    fn started(&self) -> Option<Duration> {
        loop {
            if self.source.current_state() == gst::State::Playing
                && let Some(now) = self.now()
            {
                return Some(now);
            }
            if self.valve.wait(LOOK).closed || self.abandoned() {
                return None;
            }
        }
    }

    /// Waits until the running time is `due`, or the valve is shut. `None` when the media ended.
    fn until(&self, due: Duration) -> Option<bool> {
        loop {
            let now = self.now()?;
            let position = self.valve.wait(due.saturating_sub(now).min(LOOK));
            if position.closed || self.source.current_state() < gst::State::Paused {
                return None;
            }
            if position.paused || self.now()? >= due {
                return Some(position.paused);
            }
        }
    }

    /// Waits until the valve is open; the running time then.
    fn resumed(&self) -> Option<Duration> {
        loop {
            let position = self.valve.wait(LOOK);
            if position.closed || self.source.current_state() < gst::State::Paused {
                return None;
            }
            if !position.paused {
                return self.now();
            }
        }
    }

    /// Nobody but this feeder holds the source any more.
    fn abandoned(&self) -> bool {
        self.source.parent().is_none()
    }
}

fn clock_time(at: Duration) -> Option<gst::ClockTime> {
    gst::ClockTime::try_from(at).ok()
}
