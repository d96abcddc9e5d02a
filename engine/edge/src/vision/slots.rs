//! Newest frame wins: the hand-over from cameras to inference threads.
//!
//! One slot a camera, no queue. A frame that is due waits in its slot; a newer one takes its
//! place. A camera is analysed by one thread at a time, so its tracker sees frames in order. Every
//! frame that is not analysed is counted with a reason.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_core::attention::Need;
use viahe_core::frame::Frame;
use viahe_core::sampler::Sampler;
use viahe_core::time::Timestamp;

/// Analysed frames kept for pictures. The engine asks within milliseconds; four frames at 5 Hz
/// bridge 0.8 s and pin few of the decoder's buffers.
const KEPT_FRAMES: usize = 4;

/// How long they are kept once the camera is not looked at any more: a picture of an incident that ended with
/// the last look is asked for within a second.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// A frame that is shared, not copied.
pub(crate) type SharedFrame = Arc<dyn Frame>;

/// Why a frame was not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DropReason {
    /// The rules look less often than the camera films. This is no loss.
    NotDue,
    /// No rule needs looks now, neither is this.
    NotNeeded,
    /// A look was due and did not take place before the next one was: the box is too slow. One
    /// for each look missed; a look that takes place within its interval, at a newer frame than
    /// the first that was due, misses nothing.
    Superseded,
    /// The model failed on it.
    InferFailed,
}

impl DropReason {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::NotNeeded => "not_needed",
            Self::Superseded => "superseded",
            Self::InferFailed => "infer_failed",
        }
    }
}

/// What a camera's slot knows. `S` is what a thread needs to analyse a frame of it.
struct Slot<S> {
    model: usize,
    sampler: Sampler,
    waiting: Option<Waiting>,
    /// Out while a thread has it.
    state: Option<S>,
    kept: VecDeque<SharedFrame>,
    /// The newest frame while the camera is not looked at.
    unseen: Option<SharedFrame>,
    dropped: BTreeMap<DropReason, u64>,
    inferred: u64,
}

/// A look that is due.
struct Waiting {
    /// The newest frame.
    frame: SharedFrame,
    /// When the look was due, and the event time of the first frame for it.
    since: Instant,
    due: Timestamp,
    /// Looks that should have been since.
    missed: u64,
}

struct Inner<S> {
    slots: Vec<Slot<S>>,
    idle_threads: usize,
    closed: bool,
}

/// All cameras of a worker.
pub(crate) struct Slots<S> {
    inner: Mutex<Inner<S>>,
    ready: Condvar,
}

/// A frame to analyse, with its camera's state, which must come back by [`Slots::finish`].
pub(crate) struct Job<S> {
    pub(crate) camera: usize,
    pub(crate) frame: SharedFrame,
    pub(crate) state: S,
}

impl<S> Slots<S> {
    /// One slot for each `(model, need, state)`.
    pub(crate) fn new(cameras: impl IntoIterator<Item = (usize, Need, S)>) -> Self {
        let slots = cameras
            .into_iter()
            .map(|(model, need, state)| Slot {
                model,
                sampler: Sampler::new(need.looks_hz),
                waiting: None,
                state: Some(state),
                kept: VecDeque::with_capacity(KEPT_FRAMES),
                unseen: None,
                dropped: BTreeMap::new(),
                inferred: 0,
            })
            .collect();
        let inner = Inner { slots, idle_threads: 0, closed: false };
        Self { inner: Mutex::new(inner), ready: Condvar::new() }
    }

    /// The state stays usable when a thread panicked: every change below is a single step.
    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A camera's newest frame.
    pub(crate) fn offer(&self, camera: usize, frame: SharedFrame, now: Instant) {
        let mut inner = self.lock();
        let slot = &mut inner.slots[camera];
        let dropped = slot.offer(frame, now);
        if let Some(reason) = dropped {
            *slot.dropped.entry(reason).or_default() += 1;
        }
        let ready = slot.waiting.is_some();
        drop(inner);
        if ready {
            self.ready.notify_one();
        }
    }

    /// Waits for work: the camera that waits longest, and more of the same model when there is
    /// more to do than idle threads, at most `batch_max`. None when closed, else the model and its
    /// jobs.
    pub(crate) fn take(&self, batch_max: usize) -> Option<(usize, Vec<Job<S>>)> {
        let mut inner = self.lock();
        inner.idle_threads += 1;
        loop {
            if inner.closed {
                return None;
            }
            if let Some(work) = inner.pick(batch_max) {
                inner.idle_threads -= 1;
                return Some(work);
            }
            inner = self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a camera's state back after its frame was analysed, or failed to be.
    pub(crate) fn finish(&self, job: Job<S>, analysed: bool) {
        let mut inner = self.lock();
        let slot = &mut inner.slots[job.camera];
        slot.state = Some(job.state);
        if analysed {
            slot.inferred += 1;
        } else {
            *slot.dropped.entry(DropReason::InferFailed).or_default() += 1;
        }
        let waiting = slot.waiting.is_some();
        drop(inner);
        if waiting {
            self.ready.notify_one();
        }
    }

    /// The frame `seq`, or when that is gone the newest analysed one, of a camera that is not looked at the
    /// newest at all. A new worker counts anew, so the caller compares what it gets.
    pub(crate) fn kept(&self, camera: usize, seq: u64) -> Option<SharedFrame> {
        let inner = self.lock();
        let Slot { kept, unseen, .. } = &inner.slots[camera];
        let asked = kept.iter().find(|f| f.stamp().seq == seq);
        asked.or(unseen.as_ref()).or_else(|| kept.back()).cloned()
    }

    /// Analysed frames, and frames dropped by reason.
    pub(crate) fn counts(&self, camera: usize) -> (u64, BTreeMap<DropReason, u64>) {
        let inner = self.lock();
        (inner.slots[camera].inferred, inner.slots[camera].dropped.clone())
    }

    /// How long the frame that has waited longest has: no thread takes it.
    pub(crate) fn longest_wait(&self, now: Instant) -> Duration {
        let inner = self.lock();
        let since = inner.slots.iter().filter_map(|s| s.waiting.as_ref()).map(|w| w.since);
        since.min().map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// No more work.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }
}

impl<S> Inner<S> {
    fn pick(&mut self, batch_max: usize) -> Option<(usize, Vec<Job<S>>)> {
        let mut ready: Vec<(Instant, usize)> = (0..self.slots.len())
            .filter(|&i| self.slots[i].state.is_some())
            .filter_map(|i| self.slots[i].waiting.as_ref().map(|w| (w.since, i)))
            .collect();
        ready.sort_unstable();
        let &(_, first) = ready.first()?;
        let model = self.slots[first].model;
        let share = ready.len().div_ceil(self.idle_threads.max(1)).min(batch_max.max(1));
        let chosen: Vec<usize> = ready
            .into_iter()
            .map(|(_, i)| i)
            .filter(|&i| self.slots[i].model == model)
            .take(share)
            .collect();
        let jobs = chosen.into_iter().filter_map(|i| self.slots[i].start(i)).collect();
        Some((model, jobs))
    }
}

impl<S> Slot<S> {
    /// Takes in the newest frame; why one is not analysed because of it.
    fn offer(&mut self, frame: SharedFrame, now: Instant) -> Option<DropReason> {
        let at = frame.stamp().captured;
        let Some(period) = self.sampler.period() else {
            self.keep_unseen(frame);
            return Some(DropReason::NotNeeded);
        };
        let Some(waiting) = &mut self.waiting else {
            if !self.sampler.is_due(at) {
                return Some(DropReason::NotDue);
            }
            self.waiting = Some(Waiting { frame, since: now, due: at, missed: 0 });
            return None;
        };
        waiting.frame = frame;
        let periods = at.since(waiting.due).as_nanos() / period.as_nanos();
        if periods > u128::from(waiting.missed) {
            waiting.missed += 1;
            Some(DropReason::Superseded)
        } else {
            Some(DropReason::NotDue)
        }
    }

    /// For pictures. What was analysed long ago is not asked for any more, and pins memory.
    fn keep_unseen(&mut self, frame: SharedFrame) {
        let at = frame.stamp().captured;
        self.kept.retain(|kept| at.since(kept.stamp().captured) <= KEPT_FOR);
        self.unseen = Some(frame);
    }

    fn start(&mut self, camera: usize) -> Option<Job<S>> {
        let Waiting { frame, .. } = self.waiting.take()?;
        let state = self.state.take()?;
        self.sampler.take(frame.stamp().captured);
        if self.kept.len() == KEPT_FRAMES {
            self.kept.pop_front();
        }
        self.kept.push_back(Arc::clone(&frame));
        Some(Job { camera, frame, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use viahe_core::frame::{ColorMatrix, ColorRange, FrameStamp, FrameView, PixelFormat, Plane};
    use viahe_core::time::ClockSource;

    /// A second.
    const TWICE: Need = Need { looks_hz: 2.0 };

    struct Grey(FrameStamp);

    impl Frame for Grey {
        fn stamp(&self) -> FrameStamp {
            self.0
        }

        fn view(&self) -> FrameView<'_> {
            let plane = Plane { data: &[128; 4], stride: 2 };
            FrameView::new(
                2,
                2,
                PixelFormat::I420,
                ColorMatrix::Bt601,
                ColorRange::Limited,
                &[plane, plane, plane],
            )
            .unwrap()
        }
    }

    fn frame(seq: u64) -> SharedFrame {
        let at = Timestamp(1_000_000_000_000 + seq * 100_000_000);
        Arc::new(Grey(FrameStamp {
            seq,
            captured: at,
            arrived: at,
            offset_ms: 0,
            clock: ClockSource::Arrival,
        }))
    }

    fn offer(slots: &Slots<u32>, camera: usize, seq: u64) {
        slots.offer(camera, frame(seq), clock::monotonic());
    }

    #[test]
    fn the_newest_due_frame_wins_and_the_rest_is_counted() {
        let slots = Slots::new([(0, TWICE, 7u32)]);
        offer(&slots, 0, 0);
        offer(&slots, 0, 1);
        let (_, mut jobs) = slots.take(1).unwrap();
        let job = jobs.pop().unwrap();
        assert_eq!((job.frame.stamp().seq, job.state), (1, 7));
        slots.finish(job, true);
        for seq in 2..=6 {
            offer(&slots, 0, seq); // due again at 6
        }
        let job = slots.take(1).unwrap().1.pop().unwrap();
        assert_eq!(job.frame.stamp().seq, 6);
        slots.finish(job, false);
        let (inferred, dropped) = slots.counts(0);
        assert_eq!(inferred, 1);
        // Frame 1 took the place of 0 for the same look, which took place.
        let want = [(DropReason::NotDue, 5), (DropReason::InferFailed, 1)];
        assert_eq!(dropped, want.into_iter().collect());
    }

    #[test]
    fn only_looks_that_did_not_take_place_are_missed() {
        // 10 fps, two looks a second; a thread is free after so many frames.
        let missed = |free_every: u64| {
            let slots = Slots::new([(0, TWICE, 0u32)]);
            let mut looks = 0;
            for seq in 0..1000 {
                offer(&slots, 0, seq);
                let waits = slots.lock().slots[0].waiting.is_some();
                if seq % free_every == free_every - 1 && waits {
                    let job = slots.take(1).unwrap().1.pop().unwrap();
                    slots.finish(job, true);
                    looks += 1;
                }
            }
            let (inferred, dropped) = slots.counts(0);
            assert_eq!(inferred, looks);
            let counted = inferred + dropped.values().sum::<u64>();
            assert!((998..=1000).contains(&counted), "each frame once: {counted}");
            (looks, dropped.get(&DropReason::Superseded).copied().unwrap_or_default())
        };
        assert_eq!(missed(1), (200, 0));
        // Late by up to 0.4 s, and still each look takes place.
        assert_eq!(missed(5).1, 0);
        // Two looks of three are missed, or nine of ten.
        let (looks, lost) = missed(15);
        assert!((195..=201).contains(&(looks + lost)) && looks < 70, "{looks} {lost}");
        let (looks, lost) = missed(50);
        assert!((190..=201).contains(&(looks + lost)) && looks < 25, "{looks} {lost}");
    }

    #[test]
    fn a_camera_is_with_one_thread_at_a_time_and_batches_share_the_work() {
        let slots = Slots::new([(0, TWICE, 0u32), (1, TWICE, 1), (0, TWICE, 2), (0, TWICE, 3)]);
        for camera in 0..4 {
            offer(&slots, camera, 0);
        }
        // One thread for four cameras takes all of the first model, as far as the batch goes.
        let (_, jobs) = slots.take(2).unwrap();
        assert_eq!(jobs.iter().map(|j| j.camera).collect::<Vec<_>>(), [0, 2]);
        offer(&slots, 0, 9); // waits for its state
        let (_, next) = slots.take(8).unwrap();
        assert_eq!(next.iter().map(|j| j.camera).collect::<Vec<_>>(), [1]);
        for job in jobs {
            slots.finish(job, true);
        }
        let (_, next) = slots.take(8).unwrap();
        assert_eq!(next.iter().map(|j| j.camera).collect::<Vec<_>>(), [3, 0]);
        slots.close();
        assert!(slots.take(1).is_none());
    }

    #[test]
    fn pictures_come_from_the_frame_asked_for_or_the_newest() {
        let slots = Slots::new([(0, TWICE, 0u32)]);
        assert!(slots.kept(0, 0).is_none());
        for seq in [0, 5, 10, 15, 20, 25] {
            offer(&slots, 0, seq);
            let job = slots.take(1).unwrap().1.pop().unwrap();
            slots.finish(job, true);
        }
        assert_eq!(slots.kept(0, 15).unwrap().stamp().seq, 15);
        assert_eq!(slots.kept(0, 0).unwrap().stamp().seq, 25, "gone");
    }
}
