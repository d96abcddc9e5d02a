//! Keeps a vision worker alive: starts it, notices its death, starts another.

mod orders;
mod process;
mod shared;
mod suspects;

use super::memory;
use super::share::Share;
use crate::clock;
use crossbeam_channel::Sender;
pub use orders::Epochs;
use orders::{Change, Orders};
pub use process::Launch;
use process::run_once;
pub(crate) use shared::STOP_WITHIN;
use shared::{Ear, Shared};
pub use shared::{Ended, FromFleet, WorkerEvent};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
pub use suspects::Quarantine;
use viahe_contract::id::Name;
use viahe_contract::id::WorkerId;
use viahe_core::attention::Need;
use viahe_core::seam::ToWorker;

/// A worker that lived shorter than this is restarted after a pause.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// As [`HEALTHY_AFTER`], for one that was ended for its memory: what grows takes its time.
const HEALTHY_WITH_MEMORY_AFTER: Duration = Duration::from_mins(10);
/// Longest pause before a restart: a street must not stay dark for a crash.
const PAUSE_MAX: Duration = Duration::from_millis(1500);
/// A worker reports once a second and reads at once; one that has done neither for so long hangs.
const SILENT_MAX: Duration = Duration::from_secs(15);
/// Before its first word it loads its models, from a slow card perhaps.
const LOADING_MAX: Duration = Duration::from_mins(2);

/// The engine's end of the seam.
pub struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts the first worker; whatever begins has the next of `epochs`. A worker process that uses more
    /// than `memory_max` bytes is ended; without it the limit follows from its share. `events` are told
    /// as those of `worker`.
    pub fn start(
        worker: WorkerId,
        launch: Launch,
        share: Share,
        epochs: Epochs,
        memory_max: Option<u64>,
        events: Sender<FromFleet>,
    ) -> Self {
        let ear = Ear { worker, events };
        let shared = Arc::new(Shared::new(Orders::new(share, memory_max, epochs)));
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("supervisor-{worker}"))
                .spawn(move || supervise(&launch, &ear, &shared))
        };
        if let Err(error) = &thread {
            tracing::error!(%error, %worker, "no thread for the supervisor of a vision worker; viahe ends");
        }
        Self { shared, thread: thread.ok() }
    }

    /// Sends a message to the present worker; false when there is none or its pipe is full.
    pub fn send(&self, message: ToWorker) -> bool {
        let sender = self.shared.to_worker();
        sender.as_ref().is_some_and(|s| s.try_send(message).is_ok())
    }

    /// Another share. The present worker is told of what differs; one whose process would have to be
    /// another is replaced.
    pub fn direct(&self, share: Share, memory_max: Option<u64>) {
        let shared = &self.shared;
        let mut orders = shared.orders();
        match orders.take(share, memory_max) {
            Change::Process => shared.dismiss(),
            Change::Told => shared.direct(&mut orders),
        }
        let mapped = orders.limits().mapped;
        drop(orders);
        if let Some(pid) = shared.life().pid {
            memory::bound(pid, mapped);
        }
    }

    /// From now on a camera is looked at so, by this worker and by those after it.
    pub fn attend(&self, camera: &Name, need: Need) {
        let mut orders = self.shared.orders();
        orders.attend(camera, need);
        self.shared.direct(&mut orders);
    }

    /// Cameras that are kept away, because workers died while opening them.
    pub fn quarantined(&self) -> BTreeMap<Name, Quarantine> {
        self.shared.orders().suspects.quarantined()
    }

    /// Does it still keep a worker alive?
    pub fn is_at_work(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Restarts so far.
    pub fn restarts(&self) -> u32 {
        self.shared.starts.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Bytes that the present worker uses, when it is a process, and the most that it may.
    pub fn memory(&self) -> (Option<u64>, u64) {
        let used = self.shared.memory.load(Ordering::Relaxed);
        (Some(used).filter(|used| *used > 0), self.shared.orders().limits().used)
    }

    /// Ends a worker process that has said nothing for long, or has read nothing, or does not end though it was told
    /// to; another one is started. All that it said is heard up to then: what waits to be heard is not its silence.
    /// To be called now and then.
    pub fn end_if_silent(&self, heard_up_to: Instant) {
        let (heard, spoken) = *self.shared.heard();
        let patience = if spoken { SILENT_MAX } else { LOADING_MAX };
        let is_long_ago = |since| heard_up_to.saturating_duration_since(since) > patience;
        let goes_on = |since| clock::monotonic().saturating_duration_since(since) > STOP_WITHIN;
        let why = if self.shared.dismissed().is_some_and(goes_on) {
            let secs = STOP_WITHIN.as_secs();
            format!("it was told to end, and had not {secs} s later: something in it hangs")
        } else if is_long_ago(heard) {
            silent_for(patience, spoken)
        } else if self.shared.unread().is_some_and(is_long_ago) {
            format!("it had taken no orders for {} s: something in it hangs", patience.as_secs())
        } else {
            return;
        };
        if self.shared.life().pid.is_some() {
            self.shared.hear(spoken);
            *self.shared.unread() = None;
            self.shared.end(Some(Ended::other(why)));
        }
    }

    /// Ends the worker process, whatever it is doing.
    pub fn end(&self) {
        self.shared.end(None);
    }

    /// Tells the worker to end, and that no other is to be started.
    pub fn ask_to_stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.dismiss();
    }

    /// Ends the worker and waits until it is gone.
    pub fn stop(self) {
        self.stop_by(clock::monotonic() + STOP_WITHIN);
    }

    /// As [`Supervisor::stop`]; one that is still there at `deadline` is killed.
    pub fn stop_by(mut self, deadline: Instant) {
        self.ask_to_stop();
        let Some(thread) = self.thread.take() else { return };
        while !thread.is_finished() && clock::monotonic() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        if !thread.is_finished() {
            self.end();
        }
        let _ = thread.join();
    }
}

fn supervise(launch: &Launch, ear: &Ear, shared: &Arc<Shared>) {
    let worker = ear.worker;
    let mut short_lives = 0u32;
    loop {
        let started = clock::monotonic();
        shared.starts.fetch_add(1, Ordering::Relaxed);
        shared.hear(false);
        let inbox = shared.begin();
        let ended = run_once(launch, inbox, ear, shared)
            .unwrap_or_else(|error| Ended::other(error.to_string()));
        shared.to_worker().take();
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        let reason = &ended.reason;
        // What it died of itself is told whatever it was told before.
        if shared.dismissed().is_some() && !ended.for_memory {
            tracing::info!(%worker, reason, "vision worker ended for other orders; starting another");
            if !ear.tell(WorkerEvent::Gone(Ended::other("the pipeline was changed"))) {
                return;
            }
            continue;
        }
        let for_memory = ended.for_memory;
        tracing::error!(reason, %worker, "vision worker ended; starting another");
        let kept_away = shared.orders().died(reason, for_memory, clock::monotonic());
        for camera in kept_away {
            tracing::error!(%camera, reason, "workers die while opening it; it is quarantined");
        }
        if !ear.tell(WorkerEvent::Gone(ended)) {
            return;
        }
        let lived = clock::monotonic().duration_since(started);
        short_lives = if is_short(lived, for_memory) { short_lives + 1 } else { 0 };
        if short_lives > 1 {
            std::thread::sleep((Duration::from_millis(200) * short_lives).min(PAUSE_MAX));
        }
    }
}

fn silent_for(patience: Duration, spoken: bool) -> String {
    let secs = patience.as_secs();
    if spoken {
        format!("it had been silent for {secs} s: something in it hangs")
    } else {
        format!("it was not ready after {secs} s; look for a slow disk, or use a smaller model")
    }
}

/// Does a life count as short? What grows takes its time, and does it again.
fn is_short(lived: Duration, for_memory: bool) -> bool {
    lived < if for_memory { HEALTHY_WITH_MEMORY_AFTER } else { HEALTHY_AFTER }
}

#[cfg(test)]
mod tests;
