//! A camera at work: where its frames come from, and where they go.

use super::eyes::Desk;
use super::outlet::Outlet;
use super::tally::Tally;
use crate::clock;
use crate::ingest::{
    CameraCounters, CameraOptions, Demand, FeedState, FrameSink, IngestError, LiveCamera, Looks,
};
use crate::ledger::Ledger;
use crate::telemetry::redact_source;
use crate::vision::glance::Glance;
use crate::vision::playback::Playback;
use crate::vision::slots::{ModelId, SharedFrame, SlotId};
use crossbeam_channel::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use viahe_contract::message::{CameraStatus, DecodeMode};
use viahe_core::attention::Need;
use viahe_core::id::Name;
use viahe_core::plan::Source;
use viahe_core::seam::{Assign, CameraReport, CameraStats, FromWorker, VisionCamera};

/// A camera that is looked at.
pub(super) struct Camera {
    /// As it is looked at.
    pub(super) plan: VisionCamera,
    /// Of the order that it began with.
    pub(super) epoch: u32,
    /// With this.
    pub(super) model: ModelId,
    pub(super) slot: SlotId,
    pub(super) tally: Arc<Tally>,
    feed: Feed,
}

/// Where frames come from; ends when dropped, which may take 2 s.
pub(super) enum Feed {
    Live(LiveCamera),
    Recorded(Playback),
}

impl Camera {
    /// Begins to fill `slot`.
    pub(super) fn open(
        wanted: &Assign,
        model: ModelId,
        slot: SlotId,
        tally: Arc<Tally>,
        way: Way,
    ) -> Result<Self, IngestError> {
        let VisionCamera { id, source, .. } = &wanted.camera;
        redact_source(source);
        let ledger = Arc::clone(&way.ledger);
        let glance = Mutex::new(Glance::new(id.clone(), Arc::clone(&way.ledger)));
        let sink = Sink { name: id.clone(), slot, tally: Arc::clone(&tally), glance, way };
        let sink = Arc::new(sink);
        let feed = if let Source::File { path } = source {
            sink.state(FeedState::Connecting);
            Feed::Recorded(Playback::start(id, path, sink, ledger)?)
        } else {
            // Any number that differs from camera to camera and from start to start.
            let seed =
                u64::from(wanted.epoch) << 16 | id.as_str().bytes().map(u64::from).sum::<u64>();
            let mut options = CameraOptions::new(id.clone(), source.clone(), seed);
            options.demand = demand(wanted.camera.need);
            Feed::Live(LiveCamera::start(options, sink, ledger)?)
        };
        Ok(Self { plan: wanted.camera.clone(), epoch: wanted.epoch, model, slot, tally, feed })
    }

    /// What is needed of it has changed.
    pub(super) fn attend(&self) {
        if let Feed::Live(camera) = &self.feed {
            camera.demand(demand(self.plan.need));
        }
    }

    /// Asks for the picture of now, where that is not decoded anyway; false when it is.
    pub(super) fn peek(&self, desk: &Desk) -> bool {
        let Feed::Live(camera) = &self.feed else { return false };
        let mode = camera.counters().decoding.map(|decoding| decoding.mode);
        if !matches!(mode, Some(DecodeMode::None | DecodeMode::Keys)) {
            return false;
        }
        desk.ask_fresh(self.slot);
        camera.peek();
        true
    }

    pub(super) fn stats(&self, desk: &Desk) -> CameraStats {
        let counters: CameraCounters = match &self.feed {
            Feed::Live(camera) => camera.counters(),
            Feed::Recorded(playback) => playback.counters(),
        };
        self.tally.stats(&counters, desk.counts(self.slot, clock::event_time()))
    }

    /// What is to be dropped where nobody waits.
    pub(super) fn into_feed(self) -> Feed {
        self.feed
    }
}

/// What pictures are needed for.
fn demand(need: Need) -> Demand {
    let looks = (need.looks_hz > 0.0).then(|| Looks {
        period: Duration::from_secs_f32(1.0 / need.pace_hz().clamp(0.01, 120.0)),
        gap_max: Duration::from_millis(u64::from(need.gap_max_ms)),
    });
    Demand { looks }
}

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
struct Sink {
    name: Name,
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
        self.tally.is(status);
        if status != CameraStatus::Online {
            self.way.desk.away(self.slot);
        }
        let report = CameraReport { camera: self.name.clone(), status, reason };
        self.way.outlet.tell(FromWorker::Camera(report));
    }
}
