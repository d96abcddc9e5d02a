//! Newest frame wins: the hand-over from cameras to inference threads.
//!
//! One slot a camera, no queue. A frame that is due waits in its slot; a newer one takes its
//! place. A camera is analysed by one thread at a time, so its tracker sees frames in order. Every
//! frame that is not analysed is counted with a reason. Cameras and sessions of models come and go
//! between frames; none of the others notices.

mod counts;
mod punctual;
mod turn;

use crate::clock;
pub(crate) use counts::{Counts, Looked};
use punctual::Punctual;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use turn::Turn;
use viahe_contract::message::Severity;
use viahe_core::attention::Need;
use viahe_core::frame::Frame;
use viahe_core::sampler::Sampler;
use viahe_core::seam::DropReason;
use viahe_core::time::Timestamp;

/// Analysed frames kept for pictures, at most. Each pins one of the decoder's buffers, 3 MB at 1080p.
const KEPT_FRAMES: usize = 4;

/// How long one is kept beside newer ones: four frames at 5 Hz bridge this. The engine asks within milliseconds.
const KEPT_FOR_LOOKS: Duration = Duration::from_millis(800);

/// How long they are kept once the camera is not looked at any more: a picture of an incident that ended with
/// the last look is asked for within a second.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// With fewer frames than this to a look the nearest one is taken, not the first that is due.
const RARE: u32 = 4;

/// A frame that is shared, not copied.
pub(crate) type SharedFrame = Arc<dyn Frame>;

/// A place for a camera; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotId(u64);

/// A model as it was loaded once; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModelId(pub(crate) u64);

/// What is wanted of a camera. `S` is what a thread needs to analyse a frame of it.
pub(crate) struct Seat<S> {
    pub(crate) model: ModelId,
    pub(crate) need: Need,
    pub(crate) state: S,
}

/// What a camera's slot knows.
struct Slot<S> {
    model: ModelId,
    sampler: Sampler,
    /// The longest time between two looks that is borne.
    gap_max: Duration,
    severity: Severity,
    punctual: Punctual,
    waiting: Option<Waiting>,
    /// Out while a thread has it.
    state: Option<S>,
    /// What takes its place when it comes back.
    next: Option<S>,
    kept: VecDeque<SharedFrame>,
    /// The newest frame while the camera is not looked at.
    unseen: Option<SharedFrame>,
    /// When the newest frame was taken.
    newest: Option<Timestamp>,
    /// The next frame is wanted, whether it is looked at or not.
    fresh: Fresh,
    /// A frame as new as this is due, whatever the pace.
    hurry: Option<Timestamp>,
    counts: Counts,
}

/// A frame that is wanted for what it shows now.
enum Fresh {
    Unasked,
    Asked,
    Here(SharedFrame),
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

/// A session of a model, and how many frames it takes at once.
pub(crate) struct Session<E> {
    pub(crate) eye: E,
    pub(crate) batch_max: usize,
}

struct Inner<S, E> {
    slots: BTreeMap<SlotId, Slot<S>>,
    /// By model: those that no thread has.
    idle: BTreeMap<ModelId, Vec<Session<E>>>,
    idle_threads: usize,
    next: u64,
    closed: bool,
}

/// All cameras of a worker, and the sessions with which they are looked at.
pub(crate) struct Slots<S, E> {
    inner: Mutex<Inner<S, E>>,
    ready: Condvar,
}

/// A frame to analyse, with its camera's state, which must come back by [`Slots::finish`].
pub(crate) struct Job<S> {
    pub(crate) slot: SlotId,
    pub(crate) frame: SharedFrame,
    /// The longest time between two looks that is borne.
    pub(crate) gap_max: Duration,
    pub(crate) state: S,
}

/// Frames for one run of a model; the session must come back by [`Slots::give_back`].
pub(crate) struct Work<S, E> {
    pub(crate) model: ModelId,
    pub(crate) session: Session<E>,
    pub(crate) jobs: Vec<Job<S>>,
}

impl<S, E> Default for Slots<S, E> {
    fn default() -> Self {
        let (slots, idle) = (BTreeMap::new(), BTreeMap::new());
        let inner = Inner { slots, idle, idle_threads: 0, next: 0, closed: false };
        Self { inner: Mutex::new(inner), ready: Condvar::new() }
    }
}

impl<S, E> Slots<S, E> {
    /// The state stays usable when a thread panicked: every change below is a single step.
    fn lock(&self) -> MutexGuard<'_, Inner<S, E>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a camera.
    pub(crate) fn add(&self, seat: Seat<S>) -> SlotId {
        let mut inner = self.lock();
        let id = SlotId(inner.next);
        inner.next += 1;
        let slot = Slot {
            model: seat.model,
            sampler: Sampler::new(seat.need.pace_hz()),
            gap_max: gap_max(seat.need),
            severity: seat.need.severity,
            punctual: Punctual::new(seat.need),
            waiting: None,
            state: Some(seat.state),
            next: None,
            kept: VecDeque::with_capacity(KEPT_FRAMES),
            unseen: None,
            newest: None,
            fresh: Fresh::Unasked,
            hurry: None,
            counts: Counts::default(),
        };
        inner.slots.insert(id, slot);
        id
    }

    /// A camera is no longer looked at. What a thread has of it comes back to nobody.
    pub(crate) fn remove(&self, slot: SlotId) {
        let gone = self.lock().slots.remove(&slot);
        // Frames go back to their decoder, which nobody needs to wait for.
        drop(gone);
    }

    /// From its next frame on a camera is looked at with another model.
    pub(crate) fn change_model(&self, slot: SlotId, model: ModelId, state: S) {
        let mut inner = self.lock();
        let Some(slot) = inner.slots.get_mut(&slot) else { return };
        slot.model = model;
        let here = if slot.state.is_some() { &mut slot.state } else { &mut slot.next };
        *here = Some(state);
        let ready = slot.waiting.is_some();
        drop(inner);
        if ready {
            self.ready.notify_one();
        }
    }

    /// From `at` on this is needed of a camera.
    pub(crate) fn attend(&self, slot: SlotId, need: Need, at: Timestamp) {
        if let Some(slot) = self.lock().slots.get_mut(&slot) {
            slot.sampler.set_hz(need.pace_hz(), at);
            slot.gap_max = gap_max(need);
            slot.severity = need.severity;
            slot.punctual.attend(need, at);
            if slot.sampler.period().is_some() {
                slot.unseen = None;
            } else if let Some(Waiting { frame, .. }) = slot.waiting.take() {
                *slot.counts.dropped.entry(DropReason::NotNeeded).or_default() += 1;
                slot.keep_unseen(frame);
            }
        }
    }

    /// No pictures of a camera come for now.
    pub(crate) fn away(&self, slot: SlotId) {
        if let Some(slot) = self.lock().slots.get_mut(&slot) {
            slot.punctual.away();
        }
    }

    /// One more session of a model.
    pub(crate) fn add_session(&self, model: ModelId, session: Session<E>) {
        self.lock().idle.entry(model).or_default().push(session);
        self.ready.notify_one();
    }

    /// Other models are no longer used: their sessions that no thread has. The rest end when they come
    /// back.
    pub(crate) fn keep_models(&self, kept: &BTreeSet<ModelId>) -> Vec<Session<E>> {
        let gone = |model: &ModelId| !kept.contains(model);
        let mut inner = self.lock();
        inner
            .idle
            .extract_if(.., |model, _| gone(model))
            .flat_map(|(_, sessions)| sessions)
            .collect()
    }

    /// The next frame of a camera is wanted, besides those that are looked at.
    pub(crate) fn ask_fresh(&self, slot: SlotId) {
        if let Some(slot) = self.lock().slots.get_mut(&slot) {
            // One that is here and not yet taken is as good.
            if matches!(slot.fresh, Fresh::Unasked) {
                slot.fresh = Fresh::Asked;
            }
        }
    }

    /// The frame that was asked for, once; none when it has not come.
    pub(crate) fn take_fresh(&self, slot: SlotId) -> Option<SharedFrame> {
        let mut inner = self.lock();
        match std::mem::replace(&mut inner.slots.get_mut(&slot)?.fresh, Fresh::Unasked) {
            Fresh::Here(frame) => Some(frame),
            Fresh::Asked | Fresh::Unasked => None,
        }
    }

    /// Something seems to happen: the next frame as new as this is looked at, whatever the pace.
    pub(crate) fn hurry(&self, slot: SlotId, at: Timestamp) {
        if let Some(slot) = self.lock().slots.get_mut(&slot) {
            slot.hurry = Some(at);
        }
    }

    /// Tells a look that is due without a frame, if `tell` can; it is given the longest gap that is borne.
    pub(crate) fn tell_again<R>(
        &self,
        slot: SlotId,
        at: Timestamp,
        tell: impl FnOnce(&mut S, Duration) -> Option<R>,
    ) -> Option<R> {
        self.lock().slots.get_mut(&slot)?.tell_again(at, tell)
    }

    /// A camera's newest frame; true when somebody asked for it.
    pub(crate) fn offer(&self, slot: SlotId, frame: SharedFrame, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some(slot) = inner.slots.get_mut(&slot) else { return false };
        let asked = matches!(slot.fresh, Fresh::Asked);
        if asked {
            slot.fresh = Fresh::Here(Arc::clone(&frame));
        }
        let dropped = slot.offer(frame, now);
        if let Some(reason) = dropped {
            *slot.counts.dropped.entry(reason).or_default() += 1;
        }
        let ready = slot.waiting.is_some();
        drop(inner);
        if ready {
            self.ready.notify_one();
        }
        asked
    }

    /// Waits for work: the camera whose look must take place first, and more of the same model when there is
    /// more to do than idle threads, as many as its session takes at once. None when closed.
    pub(crate) fn take(&self) -> Option<Work<S, E>> {
        let mut inner = self.lock();
        inner.idle_threads += 1;
        loop {
            if inner.closed {
                return None;
            }
            if let Some(work) = inner.pick(clock::monotonic()) {
                inner.idle_threads -= 1;
                return Some(work);
            }
            inner = self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a camera's state back after its frame was analysed, or failed to be.
    pub(crate) fn finish(&self, job: Job<S>, looked: Looked) {
        let mut inner = self.lock();
        let Some(slot) = inner.slots.get_mut(&job.slot) else { return };
        slot.state = Some(slot.next.take().unwrap_or(job.state));
        match looked {
            Looked::Analysed => {
                slot.counts.inferred += 1;
                slot.punctual.looked(job.frame.stamp().captured);
            }
            Looked::Unchanged => {
                *slot.counts.dropped.entry(DropReason::Unchanged).or_default() += 1;
                slot.punctual.looked(job.frame.stamp().captured);
            }
            Looked::Failed => *slot.counts.dropped.entry(DropReason::InferFailed).or_default() += 1,
        }
        let waiting = slot.waiting.is_some();
        drop(inner);
        if waiting {
            self.ready.notify_one();
        }
    }

    /// Gives a session back; one of a model that is no longer used ends here.
    pub(crate) fn give_back(&self, model: ModelId, session: Session<E>) {
        let mut inner = self.lock();
        let Some(idle) = inner.idle.get_mut(&model) else { return };
        idle.push(session);
        drop(inner);
        self.ready.notify_one();
    }

    /// Is the frame `seq`, which was looked at, still there?
    pub(crate) fn keeps(&self, slot: SlotId, seq: u64) -> bool {
        let inner = self.lock();
        inner.slots.get(&slot).is_some_and(|slot| slot.kept.iter().any(|f| f.stamp().seq == seq))
    }

    /// The frame `seq`, or when that is gone the newest analysed one, of a camera that is not looked at the
    /// newest at all. A new worker counts anew, so the caller compares what it gets.
    pub(crate) fn kept(&self, slot: SlotId, seq: u64) -> Option<SharedFrame> {
        let inner = self.lock();
        let Slot { kept, unseen, .. } = inner.slots.get(&slot)?;
        let asked = kept.iter().find(|f| f.stamp().seq == seq);
        asked.or(unseen.as_ref()).or_else(|| kept.back()).cloned()
    }

    /// What became of a camera's frames up to now.
    pub(crate) fn counts(&self, slot: SlotId, now: Timestamp) -> Counts {
        let mut inner = self.lock();
        let Some(slot) = inner.slots.get_mut(&slot) else { return Counts::default() };
        slot.counts.late = slot.punctual.late(now);
        slot.counts.clone()
    }

    /// How long the frame that has waited longest has: no thread takes it.
    pub(crate) fn longest_wait(&self, now: Instant) -> Duration {
        let inner = self.lock();
        let since = inner.slots.values().filter_map(|s| s.waiting.as_ref()).map(|w| w.since);
        since.min().map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// No more work.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }
}

impl<S, E> Inner<S, E> {
    fn pick(&mut self, now: Instant) -> Option<Work<S, E>> {
        let idle = &self.idle;
        let is_free = |model: ModelId| idle.get(&model).is_some_and(|idle| !idle.is_empty());
        let mut ready: Vec<(Turn, SlotId)> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.state.is_some() && is_free(slot.model))
            .filter_map(|(id, slot)| Some((slot.turn(now)?, *id)))
            .collect();
        ready.sort_unstable();
        let &(_, first) = ready.first()?;
        let model = self.slots.get(&first)?.model;
        let session = self.idle.get_mut(&model)?.pop()?;
        let share = ready.len().div_ceil(self.idle_threads.max(1)).min(session.batch_max.max(1));
        let of_model = |id: &SlotId| self.slots.get(id).is_some_and(|slot| slot.model == model);
        let chosen: Vec<SlotId> =
            ready.into_iter().map(|(_, id)| id).filter(of_model).take(share).collect();
        let start = |id: SlotId| self.slots.get_mut(&id)?.start(id);
        let jobs = chosen.into_iter().filter_map(start).collect();
        Some(Work { model, session, jobs })
    }
}

fn gap_max(need: Need) -> Duration {
    Duration::from_millis(u64::from(need.gap_max_ms))
}

impl<S> Slot<S> {
    /// Takes in the newest frame; why one is not analysed because of it.
    fn offer(&mut self, frame: SharedFrame, now: Instant) -> Option<DropReason> {
        let at = frame.stamp().captured;
        let before = self.newest.replace(at);
        let Some(period) = self.sampler.period() else {
            self.keep_unseen(frame);
            return Some(DropReason::NotNeeded);
        };
        let apart = before.map_or(Duration::ZERO, |before| at.since(before));
        self.punctual.picture(at, apart);
        let rare = apart * RARE >= period;
        self.sampler.set_slack(if rare { apart / 2 } else { Duration::ZERO });
        let hurry = self.hurry.take_if(|hurry| at >= *hurry).is_some();
        let Some(waiting) = &mut self.waiting else {
            if !(hurry || self.sampler.is_due(at) || rare && self.is_last_chance(at, apart)) {
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

    /// When its turn is, if a look is due.
    fn turn(&self, now: Instant) -> Option<Turn> {
        let since = self.waiting.as_ref()?.since;
        let period = self.sampler.period().unwrap_or_default();
        Some(Turn::of(since, period, self.gap_max, self.severity, now))
    }

    fn tell_again<R>(
        &mut self,
        at: Timestamp,
        tell: impl FnOnce(&mut S, Duration) -> Option<R>,
    ) -> Option<R> {
        let wanted = self.waiting.is_some() || self.next.is_some() || self.hurry.is_some();
        if wanted || !matches!(self.fresh, Fresh::Unasked) || !self.sampler.is_due(at) {
            return None;
        }
        let told = tell(self.state.as_mut()?, self.gap_max)?;
        let apart = self.newest.replace(at).map_or(Duration::ZERO, |before| at.since(before));
        self.sampler.take(at);
        self.punctual.picture(at, apart);
        self.punctual.looked(at);
        self.counts.told += 1;
        Some(told)
    }

    /// Would the next frame come later than is borne?
    fn is_last_chance(&self, at: Timestamp, apart: Duration) -> bool {
        let looked = self.kept.back().map(|kept| kept.stamp().captured);
        looked.is_some_and(|looked| at.since(looked) + apart > self.gap_max + self.gap_max / 10)
    }

    /// For pictures. What was analysed long ago is not asked for any more, and pins memory.
    fn keep_unseen(&mut self, frame: SharedFrame) {
        let at = frame.stamp().captured;
        self.kept.retain(|kept| at.since(kept.stamp().captured) <= KEPT_FOR);
        self.unseen = Some(frame);
    }

    fn start(&mut self, id: SlotId) -> Option<Job<S>> {
        let Waiting { frame, .. } = self.waiting.take()?;
        let state = self.state.take()?;
        self.sampler.take(frame.stamp().captured);
        let at = frame.stamp().captured;
        let old = |kept: &SharedFrame| at.since(kept.stamp().captured) > KEPT_FOR_LOOKS;
        while self.kept.len() >= KEPT_FRAMES || self.kept.front().is_some_and(old) {
            self.kept.pop_front();
        }
        self.kept.push_back(Arc::clone(&frame));
        Some(Job { slot: id, frame, gap_max: self.gap_max, state })
    }
}

#[cfg(test)]
mod tests;
