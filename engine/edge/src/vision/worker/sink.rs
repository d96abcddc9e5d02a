//! Where the frames of a camera go, and what is told of it.

use super::eyes::Desk;
use super::outlet::Outlet;
use super::tally::Tally;
use crate::clock;
use crate::ingest::{FeedState, FrameSink};
use crate::ledger::Ledger;
use crate::vision::glance::Glance;
use crate::vision::slots::{SharedFrame, SlotId};
use crossbeam_channel::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use viahe_contract::message::CameraStatus;
use viahe_core::id::Name;
use viahe_core::seam::{CameraReport, FromWorker};

/// Where frames and news of them go.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) desk: Arc<Desk>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) ledger: Arc<Ledger>,
    /// Cameras of which a picture of now has come that was asked for.
    pub(super) fresh: Sender<Name>,
}

/// A camera's end of the slots.
pub(super) struct Sink {
    pub(super) name: Name,
    slot: SlotId,
    tally: Arc<Tally>,
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

    fn state(&self, state: FeedState) {
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
    /// Of `name`, into `slot`.
    pub(super) fn new(name: &Name, slot: SlotId, tally: &Arc<Tally>, way: Way) -> Self {
        let glance = Mutex::new(Glance::new(name.clone(), Arc::clone(&way.ledger)));
        Self { name: name.clone(), slot, tally: Arc::clone(tally), glance, way }
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
