//! Where the frames of a camera go, and what is told of it.

use super::eyes::{Desk, View};
use super::outlet::Outlet;
use super::tally::Tally;
use crate::clock;
use crate::ingest::{FeedState, FrameSink, Strain};
use crate::ledger::Ledger;
use crate::vision::glance::Glance;
use crate::vision::slots::{SharedFrame, SlotId};
use crossbeam_channel::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_contract::message::CameraStatus;
use viahe_core::frame::FrameStamp;
use viahe_core::gate::{Sizes, Sort, interval};
use viahe_core::id::Name;
use viahe_core::seam::{CameraReport, FromWorker};
use viahe_core::time::Timestamp;

/// Where a camera is looked at, and what is known of it there.
pub(super) struct Place {
    pub(super) slot: SlotId,
    pub(super) tally: Arc<Tally>,
    pub(super) sizes: Arc<Mutex<Sizes>>,
}

/// Where frames and news of them go.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) desk: Arc<Desk>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) strain: Arc<Strain>,
    /// Cameras of which a picture of now has come that was asked for.
    pub(super) fresh: Sender<Name>,
}

/// Pictures that were not decoded come in order: those before are older than what is to be seen.
const HURRY: Duration = Duration::from_millis(200);

/// A camera's end of the slots.
pub(super) struct Sink {
    pub(super) name: Name,
    slot: SlotId,
    tally: Arc<Tally>,
    sizes: Arc<Mutex<Sizes>>,
    /// On the camera's own thread: a view is told whether the camera is looked at or not.
    glance: Mutex<Glance>,
    way: Way,
}

impl FrameSink for Sink {
    fn frame(&self, frame: SharedFrame) {
        let view = self.glance.lock().unwrap_or_else(PoisonError::into_inner).at(&*frame);
        if let Some(report) = view {
            self.way.outlet.tell(FromWorker::View(report));
        }
        if self.way.desk.offer(self.slot, frame, clock::monotonic()) {
            // There is room: one is asked for at a time, and who waits looks once a second anyway.
            let _ = self.way.fresh.try_send(self.name.clone());
        }
    }

    fn sized(&self, sort: Sort, bytes: usize) -> bool {
        let now = clock::event_time();
        let sudden = self.sizes().picture(now, sort, bytes);
        if sudden {
            let at = Timestamp(now.0.saturating_sub(HURRY.as_nanos() as u64));
            self.way.desk.hurry(self.slot, at);
        }
        sudden
    }

    fn spares(&self, stamp: FrameStamp) -> bool {
        let seen = self.way.desk.tell_again(self.slot, stamp.captured, |view, gap_max| {
            let View { gaze, news, .. } = view;
            if news.is_some() {
                return None;
            }
            gaze.unchanged_by(&mut self.sizes(), stamp, interval(gap_max))
        });
        let Some(seen) = seen else { return false };
        let age = clock::event_time().since(stamp.captured);
        self.tally.unchanged(age, Duration::ZERO);
        self.way.outlet.tell(FromWorker::Observation(seen));
        true
    }

    fn state(&self, state: FeedState) {
        // What came before, or comes meanwhile, is not known.
        self.sizes().gap(clock::event_time());
        let (status, reason) = match state {
            FeedState::Connecting => {
                // Said before, so that it is known when this process dies of it.
                return self.way.outlet.must_tell(FromWorker::Opening(self.name.clone()));
            }
            FeedState::Online { .. } => (CameraStatus::Online, String::new()),
            FeedState::Stalled { reason } => (CameraStatus::Stalled, reason),
            FeedState::Offline { reason, .. } => (CameraStatus::Offline, reason),
        };
        self.tell(status, reason);
    }
}

impl Sink {
    /// Of `name`, into its place.
    pub(super) fn new(name: &Name, Place { slot, tally, sizes }: Place, way: Way) -> Self {
        let glance = Mutex::new(Glance::new(name.clone(), Arc::clone(&way.ledger)));
        Self { name: name.clone(), slot, tally, sizes, glance, way }
    }

    fn sizes(&self) -> MutexGuard<'_, Sizes> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the camera is, and why.
    pub(super) fn tell(&self, status: CameraStatus, reason: String) {
        self.tally.is(status);
        if status != CameraStatus::Online {
            self.way.desk.away(self.slot);
        }
        let report = CameraReport { camera: self.name.clone(), status, reason };
        self.way.outlet.tell(FromWorker::Camera(report));
    }
}
