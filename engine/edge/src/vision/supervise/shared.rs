//! What the threads around one worker share.

use super::orders::Orders;
use crate::clock;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::process::{Pid, Signal, kill_process};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_core::seam::{FromWorker, ToWorker};

/// A worker that was asked to stop and does not is ended.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(3);

/// What the engine hears of a worker.
#[derive(Clone, Debug)]
pub enum WorkerEvent {
    /// It said something.
    Said(FromWorker),
    /// It is gone; pictures asked of it will not come. Another is on its way.
    Gone(Ended),
}

/// What is heard of workers, and of which.
pub type FromFleet = (WorkerId, WorkerEvent);

/// Messages to a worker that may wait beside its first orders.
const WAITING_MAX: usize = 64;

/// The way to the engine.
pub(super) struct Ear {
    pub(super) worker: WorkerId,
    pub(super) events: Sender<FromFleet>,
}

impl Ear {
    /// Waits for room; false when nobody listens any more.
    pub(super) fn tell(&self, event: WorkerEvent) -> bool {
        self.events.send((self.worker, event)).is_ok()
    }
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In words, with what to do where that is known.
    pub reason: String,
    /// It took more memory than it may, or got no more.
    pub for_memory: bool,
}

impl Ended {
    pub(super) fn other(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), for_memory: false }
    }

    pub(super) fn for_memory(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), for_memory: true }
    }
}

pub(super) struct Shared {
    orders: Mutex<Orders>,
    /// To the present worker, if there is one.
    to_worker: Mutex<Option<Sender<ToWorker>>>,
    life: Mutex<Life>,
    /// Bytes that the present worker process used when it was last looked at; 0 without one.
    pub(super) memory: Arc<AtomicU64>,
    pub(super) starts: AtomicU32,
    pub(super) stopping: AtomicBool,
    /// When the present worker was last heard, and whether it ever was.
    heard: Mutex<(Instant, bool)>,
    /// Since when the present worker has not read what is being written to it.
    unread: Mutex<Option<Instant>>,
    /// When the present worker was told to end, so that another takes its place.
    dismissed: Mutex<Option<Instant>>,
}

/// The present worker process.
#[derive(Default)]
pub(super) struct Life {
    /// None from the moment before it is reaped: then the number may be another's.
    pub(super) pid: Option<Pid>,
    /// Why it was ended, if it was.
    pub(super) ended_for: Option<Ended>,
}

impl Shared {
    pub(super) fn new(orders: Orders) -> Self {
        Self {
            orders: Mutex::new(orders),
            to_worker: Mutex::new(None),
            life: Mutex::default(),
            memory: Arc::default(),
            starts: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
            heard: Mutex::new((clock::monotonic(), false)),
            unread: Mutex::default(),
            dismissed: Mutex::default(),
        }
    }

    pub(super) fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first orders for a new worker. From now on it can be told more.
    pub(super) fn begin(&self) -> Receiver<ToWorker> {
        let mut orders = self.orders();
        let first = orders.begin(clock::monotonic());
        let (to_worker, inbox) = bounded(first.len() + WAITING_MAX);
        for message in first {
            // There is room for all.
            let _ = to_worker.try_send(message);
        }
        *self.unread() = None;
        *self.dismissed() = None;
        *self.to_worker() = Some(to_worker);
        if self.stopping.load(Ordering::Relaxed) {
            self.dismiss();
        }
        inbox
    }

    /// Tells the present worker what it is to do otherwise, as far as there is room. It is told the rest when
    /// it has said something again.
    pub(super) fn direct(&self, orders: &mut Orders) {
        // Held until all is sent: nobody else takes the room.
        let to_worker = self.to_worker();
        let Some(to_worker) = &*to_worker else { return };
        let room = to_worker.capacity().unwrap_or_default().saturating_sub(to_worker.len());
        for message in orders.due(clock::monotonic(), room) {
            // There is room for all; one that has just ended needs no orders.
            let _ = to_worker.try_send(message);
        }
    }

    /// What a worker says is of use here as well.
    pub(super) fn listen(&self, message: &FromWorker) {
        self.hear(true);
        if matches!(message, FromWorker::Observation(_) | FromWorker::View(_)) {
            // Many a second, and nothing follows from them here.
            return;
        }
        let mut orders = self.orders();
        orders.hear(message, clock::monotonic());
        self.direct(&mut orders);
    }

    /// Tells the present worker to finish what it has begun, and to end.
    pub(super) fn dismiss(&self) {
        let mut to_worker = self.to_worker();
        let Some(sender) = to_worker.take() else { return };
        *self.dismissed() = Some(clock::monotonic());
        // Dropping the sender closes the worker's input, which stops it as well.
        let _ = sender.try_send(ToWorker::Stop);
    }

    /// When the present worker, or the one that has ended, was told to end.
    pub(super) fn dismissed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.dismissed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        // Whole between any two statements.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hear(&self, spoken: bool) {
        *self.heard() = (clock::monotonic(), spoken);
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, (Instant, bool)> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn unread(&self) -> MutexGuard<'_, Option<Instant>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the worker process, if there is one, however it feels about it. The first reason counts.
    pub(super) fn end(&self, why: Option<Ended>) {
        let mut life = self.life();
        let Some(pid) = life.pid else { return };
        if let (None, Some(why)) = (&life.ended_for, why) {
            life.ended_for = Some(why);
        }
        // It may just have ended by itself.
        let _ = kill_process(pid, Signal::KILL);
    }

    pub(super) fn to_worker(&self) -> MutexGuard<'_, Option<Sender<ToWorker>>> {
        self.to_worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the process that has ended was ended. It is nobody's from here on.
    pub(super) fn bury(&self) -> Option<Ended> {
        self.memory.store(0, Ordering::Relaxed);
        std::mem::take(&mut *self.life()).ended_for
    }
}
