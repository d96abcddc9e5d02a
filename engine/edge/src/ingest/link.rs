//! What the threads of one connection share, and what outlives it.

use super::Codec;
use super::coded::unit::Unit;
use super::decode::{Demand, LeftOut, Report, Strain};
use super::fault::Fault;
use super::film::Taken;
use super::graph;
use super::meter::Meter;
use super::pulse::Pulse;
use super::reel::Reel;
use super::valve::Consumer;
use super::{CameraOptions, FrameSink, stamp};
use crate::clock;
use crate::ledger::Ledger;
use crossbeam_channel::Sender;
use gstreamer as gst;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_contract::message::Carrier;
use viahe_core::gate::Sort;
use viahe_core::time::Timestamp;

/// What wakes the supervision of a camera.
#[derive(Debug)]
pub(super) enum Wake {
    /// The owner wants it to end.
    Stop,
    /// Connection number `.0` gave its first frame, or one of another size.
    Picture(u64),
    /// Connection number `.0` failed.
    Failed(u64, Fault),
}

/// What outlives a connection.
pub(super) struct Camera {
    pub(super) options: CameraOptions,
    pub(super) sink: Arc<dyn FrameSink>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) meter: Mutex<Meter>,
    pub(super) wake: Sender<Wake>,
    pub(super) closed: AtomicBool,
    pub(super) demand: Mutex<Demand>,
    /// The picture of now is wanted, however little is decoded.
    pub(super) peek: AtomicBool,
    /// What it sends is kept as it comes, where that is wanted.
    pub(super) reel: Option<Reel>,
    /// As it was told.
    pub(super) film_cut: AtomicBool,
}

impl Camera {
    pub(super) fn meter(&self) -> MutexGuard<'_, Meter> {
        // A count that is half done is still better than none.
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn need(&self, demand: Demand) {
        *self.demand.lock().unwrap_or_else(PoisonError::into_inner) = demand;
    }

    pub(super) fn send(&self, wake: Wake) {
        if self.wake.try_send(wake).is_err() {
            self.meter().counters.reports_lost += 1;
        }
    }
}

/// Shared by the threads of one connection.
pub(super) struct Link {
    pub(super) camera: Arc<Camera>,
    pub(super) number: u64,
    pub(super) began: Instant,
    pub(super) pulse: Pulse,
    pub(super) closed: AtomicBool,
    pub(super) size_px: Mutex<Option<[u32; 2]>>,
    /// Timestamp of the first picture with which decoding can begin; `u64::MAX` before it.
    pub(super) key_pts: AtomicU64,
    /// Timestamp of the newest picture out of the decoder plus one; 0 before the first.
    pub(super) shown_pts: AtomicU64,
    /// The same as decoding last began again at a key frame: what comes out up to it was shown.
    pub(super) repeats_to: AtomicU64,
}

impl Link {
    pub(super) fn new(camera: &Arc<Camera>, number: u64) -> Self {
        Self {
            camera: Arc::clone(camera),
            number,
            began: clock::monotonic(),
            pulse: Pulse::default(),
            closed: AtomicBool::new(false),
            size_px: Mutex::new(None),
            key_pts: AtomicU64::new(u64::MAX),
            shown_pts: AtomicU64::new(0),
            repeats_to: AtomicU64::new(0),
        }
    }

    fn ms(&self) -> u64 {
        let ms = clock::monotonic().saturating_duration_since(self.began).as_millis();
        u64::try_from(ms).unwrap_or(u64::MAX - 1)
    }

    pub(super) fn beat(&self, what: &AtomicU64) {
        what.store(self.ms() + 1, Ordering::Relaxed);
    }

    /// This connection has failed; what it says after its end is no news.
    pub(super) fn failed(&self, fault: Fault) {
        if !self.closed() {
            self.camera.send(Wake::Failed(self.number, fault));
        }
    }

    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.camera.closed.load(Ordering::Acquire)
    }
}

impl Consumer for Link {
    fn demand(&self) -> Demand {
        *self.camera.demand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peeks(&self) -> bool {
        self.camera.peek.load(Ordering::Relaxed)
    }

    fn sized(&self, sort: Sort, bytes: usize, behind: Duration) -> bool {
        self.camera.sink.sized(reached(behind), sort, bytes)
    }

    fn spares(&self, key: &gst::Buffer, behind: Duration) -> bool {
        let now = stamp::Now { event_time: clock::event_time(), day_time: clock::now() };
        let stamp = {
            let mut meter = self.camera.meter();
            let seq = meter.counters.frames_in;
            meter.clock.stamp(seq, now, behind, graph::reported(key))
        };
        self.camera.sink.spares(stamp)
    }

    fn clock(&self) -> Duration {
        Duration::from_nanos(clock::event_time().0)
    }

    fn strain(&self) -> Arc<Strain> {
        Arc::clone(&self.camera.options.strain)
    }

    fn coded(&self, codec: Codec, caps: &gst::CapsRef) {
        if let Some(reel) = &self.camera.reel {
            reel.coded(codec, caps);
        }
    }

    fn came(&self, unit: &gst::Buffer, what: Unit, behind: Duration) {
        let Some(reel) = self.camera.reel.as_ref().filter(|_| !self.closed()) else { return };
        let taken = Taken { reached: reached(behind), reported: graph::reported(unit) };
        let cut = reel.push(unit, what, taken);
        if self.camera.film_cut.swap(cut, Ordering::Relaxed) != cut {
            self.camera.sink.film_cut(cut);
        }
    }

    fn arrived(&self, begins: bool, pts: Option<u64>) {
        self.pulse.unit(self.ms());
        self.beat(&self.pulse.media);
        if let (true, Some(pts)) = (begins, pts) {
            let (unset, order) = (u64::MAX, Ordering::Relaxed);
            let _ = self.key_pts.compare_exchange(unset, pts, order, order);
        }
    }

    fn fed(&self, peeked: bool) {
        self.pulse.fed(self.ms());
        if peeked {
            self.camera.peek.store(false, Ordering::Relaxed);
        }
    }

    fn catches_up(&self) {
        let shown = self.shown_pts.load(Ordering::Relaxed);
        self.repeats_to.store(shown, Ordering::Relaxed);
    }

    fn report(&self, report: Report) {
        // Where nobody means to look nothing is spared, and no mode is in use.
        let meant = self.demand() != Demand::KEPT;
        let LeftOut { spared, overload } = if meant { report.left_out } else { LeftOut::default() };
        let mut meter = self.camera.meter();
        meter.works();
        let counters = &mut meter.counters;
        counters.frames_in += spared + overload;
        counters.dropped.spared += spared;
        counters.dropped.overload += overload;
        for (sum, time) in counters.decoded.iter_mut().zip(report.spent).filter(|_| meant) {
            *sum += time;
        }
        counters.decoding = Some(report.decoding);
        let now = clock::monotonic();
        if report.picture {
            meter.arrived(now);
        }
        drop(meter);
        self.pulse.waits_for_key(report.waits_for_key.then(|| self.ms()));
    }
}

/// When something reached the box, so long ago.
fn reached(behind: Duration) -> Timestamp {
    Timestamp(clock::event_time().0.saturating_sub(behind.as_nanos() as u64))
}

/// What earlier connections have taught.
#[derive(Clone, Debug)]
pub(super) struct Hints {
    /// How media is asked for.
    pub(super) carrier: Carrier,
    /// The login was accepted before.
    pub(super) login_good: bool,
    /// Decoders that do not work for this camera.
    pub(super) failed_decoders: Vec<String>,
}
