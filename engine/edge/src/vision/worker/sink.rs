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
use viahe_contract::message::{CameraStatus, Cause};
use viahe_core::frame::FrameStamp;
use viahe_core::gate::{Sizes, Sort};
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

/// A picture has the time at which it reached the box; that is reckoned when its length is read and again when it is
/// decoded, from two clocks that are read one after the other. The picture before it is further away.
const SLACK: Duration = Duration::from_millis(15);

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

    fn sized(&self, at: Timestamp, sort: Sort, bytes: usize) -> bool {
        let sudden = self.sizes().picture(at, sort, bytes);
        if sudden {
            let from = Timestamp(at.0.saturating_sub(SLACK.as_nanos() as u64));
            self.way.desk.hurry(self.slot, from);
        }
        sudden
    }

    fn spares(&self, stamp: FrameStamp) -> bool {
        let seen = self.way.desk.tell_again(self.slot, stamp.captured, |view, gap_max| {
            let View { gaze, news, .. } = view;
            if news.is_some() {
                return None;
            }
            gaze.unchanged_by(&mut self.sizes(), stamp, gap_max)
        });
        let Some(seen) = seen else { return false };
        let age = clock::event_time().since(stamp.captured);
        self.tally.unchanged(age, Duration::ZERO);
        self.way.outlet.seen(seen, None);
        true
    }

    fn state(&self, state: FeedState) {
        // What came before, or comes meanwhile, is not known.
        self.sizes().gap(clock::event_time());
        let (status, reason, code) = match state {
            FeedState::Connecting => {
                // Said before, so that it is known when this process dies of it.
                return self.way.outlet.must_tell(FromWorker::Opening(self.name.clone()));
            }
            FeedState::Online { .. } => (CameraStatus::Online, String::new(), None),
            FeedState::Stalled { reason, code } => (CameraStatus::Stalled, reason, Some(code)),
            FeedState::Offline { reason, code, .. } => (CameraStatus::Offline, reason, Some(code)),
        };
        let cause = |fault| Cause { stream: None, fault };
        self.tell(status, reason, code.map(cause).into_iter().collect());
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

    /// How the camera is, and why: for people, and for who makes words of it.
    pub(super) fn tell(&self, status: CameraStatus, reason: String, causes: Vec<Cause>) {
        self.tally.is(status);
        if status != CameraStatus::Online {
            self.way.desk.away(self.slot);
        }
        let report = CameraReport { camera: self.name.clone(), status, reason, causes };
        self.way.outlet.tell(FromWorker::Camera(report));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::vision::analyse::Gaze;
    use crate::vision::slots::{ModelId, Seat};
    use viahe_core::attention::Need;
    use viahe_core::config::{Taxonomy, model};
    use viahe_core::frame::{ColorMatrix, ColorRange, Frame, FrameView, PixelFormat, Plane};
    use viahe_core::gate::{Answer, Gate, Proof};
    use viahe_core::observe::Observation;
    use viahe_core::seam::DropReason;
    use viahe_core::time::ClockSource;
    use viahe_testing::model::TINY;

    /// A wall, at so many ms.
    struct Wall(u64);

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_secs(1_000_000).plus(Duration::from_millis(ms))
    }

    impl Frame for Wall {
        fn stamp(&self) -> FrameStamp {
            let (captured, clock) = (at(self.0), ClockSource::Arrival);
            FrameStamp { seq: self.0, captured, arrived: captured, offset_ms: 0, clock }
        }

        fn view(&self) -> FrameView<'_> {
            let plane = Plane { data: &[90; 64 * 64], stride: 64 };
            let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
            FrameView::new(64, 64, PixelFormat::Nv12, matrix, range, &[plane; 2]).unwrap()
        }
    }

    /// Sizes by which the look at this moment was told, after so many ms.
    fn relied_on(camera: &Name) -> (Sizes, u64) {
        let mut sizes = Sizes::new(Proof { looks: 0 });
        let mut ms = 0;
        let mut pictures = |sizes: &mut Sizes, count: u64| {
            sizes.picture(at(ms), Sort::Key, 90_000);
            for n in 0..count {
                sizes.picture(at(ms + n * 40), Sort::Reference, 1_000);
            }
            ms += count * 40;
            ms
        };
        (0..40).for_each(|_| _ = pictures(&mut sizes, 25));
        let mut luma = Gate::new(Proof { looks: 0 });
        let longest = Duration::from_secs(5);
        for _ in 0..10 {
            let wall = Wall(pictures(&mut sizes, 25));
            if luma.ask(&wall.view(), wall.stamp().captured, longest, None) == Answer::Look {
                let (camera, frame) = (camera.clone(), wall.stamp());
                let seen = Observation {
                    camera,
                    frame,
                    size_px: [64; 2],
                    objects: Vec::new(),
                    undecided: Vec::new(),
                };
                luma.looked(&seen);
            }
            luma.take_compared().into_iter().for_each(|compared| sizes.checked(compared));
        }
        let now = pictures(&mut sizes, 1);
        assert_eq!(luma.ask_sizes(at(now), longest, &mut sizes), Answer::Unchanged);
        (sizes, now)
    }

    /// The coded pictures before it are decoded with it, and show that nothing happened.
    #[test]
    fn what_happens_is_looked_at_in_the_picture_that_shows_it() {
        let camera = Name::try_from("gate").unwrap();
        let (sizes, now) = relied_on(&camera);
        let (sizes, tally) = (Arc::new(Mutex::new(sizes)), Arc::new(Tally::default()));
        let model = model::parse_with("model.toml", TINY, &Taxonomy::builtin()).unwrap();
        let gaze = Gaze::new(camera.clone(), &model, 0, Arc::default(), Arc::default());
        let state = View { gaze, tally: Arc::clone(&tally), sizes: Arc::clone(&sizes), news: None };
        let (desk, need) = (Arc::new(Desk::default()), Need::steady(1.0));
        let slot = desk.add(Seat { model: ModelId(0), need, state });
        let (to_engine, _heard) = crossbeam_channel::bounded(8);
        let (outlet, ledger) = (Arc::new(Outlet::new(to_engine)), Arc::default());
        let (fresh, _) = crossbeam_channel::bounded(8);
        let way = Way { desk: Arc::clone(&desk), outlet, ledger, fresh, strain: Arc::default() };
        let sink = Sink::new(&camera, Place { slot, tally, sizes }, way);
        assert!(desk.tell_again(slot, at(now), |_, _| Some(())).is_some());

        let happens = now + 400;
        assert!(sink.sized(at(happens), Sort::Reference, 20_000));
        let waits = || desk.longest_wait(clock::monotonic() + HOUR) >= HOUR;
        for before in [120, 80, 40] {
            sink.frame(Arc::new(Wall(happens - before)));
            assert!(!waits(), "{before} ms before it");
        }
        // Its time is reckoned once more when it is decoded.
        sink.frame(Arc::new(Wall(happens - 3)));
        assert!(waits());
        assert_eq!(desk.counts(slot, at(happens)).dropped[&DropReason::NotDue], 3);
    }

    const HOUR: Duration = Duration::from_hours(1);
}
