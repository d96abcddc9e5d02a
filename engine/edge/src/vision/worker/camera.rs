//! A camera at work: where its frames come from, and where they go.

use super::eyes::Desk;
use super::sink::{Place, Sink, Way};
use super::tally::Tally;
use super::twin::Twin;
use crate::clock;
use crate::ingest::{
    CameraCounters, CameraOptions, Demand, FeedState, FrameSink as _, IngestError, LiveCamera,
    Looks,
};
use crate::telemetry::redact_source;
use crate::vision::areas::Areas;
use crate::vision::photographer::Shot;
use crate::vision::playback::Playback;
use crate::vision::slots::{ModelId, SharedFrame, SlotId};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use viahe_contract::message::DecodeMode;
use viahe_core::attention::Need;
use viahe_core::gate::Sizes;
use viahe_core::plan::Source;
use viahe_core::seam::{Assign, CameraStats, DropReason, VisionCamera};

/// A camera that is looked at.
pub(super) struct Camera {
    /// As it is looked at.
    pub(super) plan: VisionCamera,
    /// Of the order that it began with.
    pub(super) epoch: u32,
    /// With this.
    pub(super) model: ModelId,
    pub(super) slot: SlotId,
    pub(super) areas: Arc<Areas>,
    pub(super) tally: Arc<Tally>,
    pub(super) sizes: Arc<Mutex<Sizes>>,
    feed: Feed,
}

/// Where frames come from; ends when dropped, which may take 2 s.
pub(super) enum Feed {
    Live(LiveCamera),
    Twin(Twin),
    Recorded(Playback),
}

impl Camera {
    /// Begins to fill `slot`.
    pub(super) fn open(
        wanted: &Assign,
        (model, areas): (ModelId, Arc<Areas>),
        Place { slot, tally, sizes }: Place,
        way: Way,
    ) -> Result<Self, IngestError> {
        let VisionCamera { id, source, substream, .. } = &wanted.camera;
        for source in [source].into_iter().chain(substream) {
            redact_source(source);
        }
        let (ledger, strain) = (Arc::clone(&way.ledger), Arc::clone(&way.strain));
        let sink = Arc::new(Sink::new(
            id,
            Place { slot, tally: Arc::clone(&tally), sizes: Arc::clone(&sizes) },
            way,
        ));
        let feed = if let Source::File { path } = source {
            sink.state(FeedState::Connecting);
            Feed::Recorded(Playback::start(id, path, sink, ledger)?)
        } else {
            // Any number that differs from camera to camera and from start to start.
            let seed =
                u64::from(wanted.epoch) << 16 | id.as_str().bytes().map(u64::from).sum::<u64>();
            let mut options = CameraOptions::new(id.clone(), source.clone(), seed);
            (options.demand, options.strain) = (demand(wanted.camera.need), strain);
            match substream {
                Some(sub) => Feed::Twin(Twin::start(options, sub.clone(), sink, &ledger)?),
                None => Feed::Live(LiveCamera::start(options, sink, ledger)?),
            }
        };
        let (plan, epoch) = (wanted.camera.clone(), wanted.epoch);
        Ok(Self { plan, epoch, model, slot, areas, tally, sizes, feed })
    }

    /// What is needed of it has changed.
    pub(super) fn attend(&self) {
        let demand = demand(self.plan.need);
        match &self.feed {
            Feed::Live(camera) => camera.demand(demand),
            Feed::Twin(twin) => twin.demand(demand),
            Feed::Recorded(_) => {}
        }
    }

    /// Asks for the picture of now, where that is not decoded anyway; false when it is.
    pub(super) fn peek(&self, desk: &Desk) -> bool {
        let camera = match &self.feed {
            Feed::Live(camera) => camera,
            Feed::Twin(twin) => twin.looked_at(),
            Feed::Recorded(_) => return false,
        };
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
            Feed::Twin(twin) => twin.counters(),
            Feed::Recorded(playback) => playback.counters(),
        };
        let mut counts = desk.counts(self.slot, clock::event_time());
        let Feed::Twin(twin) = &self.feed else { return self.tally.stats(&counters, counts) };
        *counts.dropped.entry(DropReason::NotNeeded).or_default() += twin.unneeded();
        let stats = self.tally.stats(&counters, counts);
        CameraStats { streams: Some(twin.streams()), pictures: self.tally.pictures(), ..stats }
    }

    /// The picture for people of a frame that was looked at.
    pub(super) fn shot(&self, frame: SharedFrame) -> Shot {
        match &self.feed {
            Feed::Twin(twin) => twin.better(frame, &self.tally),
            Feed::Live(_) | Feed::Recorded(_) => Shot::Frame(frame),
        }
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
        severity: need.severity,
    });
    looks.map_or(Demand::GLANCES, Demand::looks)
}
