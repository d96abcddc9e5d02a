//! Frames → observations: preprocessing, inference and tracking, for live cameras and recordings
//! alike.

use super::areas::Areas;
use super::kinds;
use super::second::Second;
use crate::infer::BoxError;
use crate::infer::{Detector, InferError, Network, RunStats};
use crate::ledger::{Ledger, Stage};
use crate::preprocess::Preprocessor;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::detect::{DecodeStats, Detection};
use viahe_core::frame::{Frame, FrameStamp};
use viahe_core::gate::{Answer, Compared, Gate, Proof, Sizes};
use viahe_core::geometry::PxBox;
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::region::{Focus, View};
use viahe_core::seam::CropStats;
use viahe_core::tensor::Sheet;
use viahe_core::time::Timestamp;
use viahe_core::track::{Tracked, Tracker};

/// What is not believed yet is worth more looks from this confidence on: a detector flickers below it, also on a street
/// where nothing moves.
const UNDECIDED_MIN: f32 = 0.5;

/// What is remembered of one camera from frame to frame.
pub(super) struct Gaze {
    camera: Name,
    labels: Arc<[Option<Class>]>,
    /// What its rules are about, as far as that is known.
    areas: Arc<Areas>,
    focus: Focus,
    whole: Preprocessor,
    close: Preprocessor,
    tracker: Tracker,
    /// Says which frames need no inference; none where each is to be looked at.
    gate: Option<Gate>,
    /// In the last frame that was analysed, of what the gate speaks of.
    found: Vec<Detection>,
    /// Of that frame.
    found_px: [usize; 2],
    /// What kinds of things those are who are followed.
    second: Second,
    /// Of the first frame: what is followed is measured in its pixels, also when later ones are larger.
    size_px: Option<[usize; 2]>,
    ledger: Arc<Ledger>,
}

impl Gaze {
    pub(super) fn new(
        camera: Name,
        model: &Model,
        epoch: u32,
        areas: Arc<Areas>,
        ledger: Arc<Ledger>,
    ) -> Self {
        Self {
            camera,
            labels: model.labels.clone().into(),
            focus: Focus::new(model, Vec::new()),
            areas,
            whole: Preprocessor::new(model.input),
            close: Preprocessor::new(model.input),
            tracker: Tracker::new(kinds::tracking(&model.labels), epoch),
            gate: None,
            found: Vec::new(),
            found_px: [0; 2],
            second: Second::default(),
            size_px: None,
            ledger,
        }
    }

    /// With a gate that has to show this first.
    pub(super) fn gated(self, proof: Proof) -> Self {
        Self { gate: Some(Gate::new(proof)), ..self }
    }

    /// What is in a frame that shows what the last analysed one did, as far as rules are about it; none when this one
    /// has to be analysed as well. Rules bear this gap between two looks, and by their sizes nothing has happened since `quiet`.
    pub(super) fn unchanged(
        &mut self,
        frame: &dyn Frame,
        gap_max: Duration,
        quiet: Option<Timestamp>,
    ) -> Option<Observation> {
        self.turn();
        let gate = self.gate.as_mut()?;
        let answer = gate.ask(&frame.view(), frame.stamp().captured, gap_max, quiet);
        self.ledger.add(Stage::Gate, gate.samples());
        if answer == Answer::Look {
            return None;
        }
        Some(self.again(frame.stamp()))
    }

    /// What was found last, in a later frame. The tracker hears of it too: to it, a thing that is not seen for seconds may
    /// be anywhere. Elsewhere in the picture nobody has looked.
    pub(super) fn again(&mut self, stamp: FrameStamp) -> Observation {
        let found = std::mem::take(&mut self.found);
        let seen = self.track(stamp, self.found_px, &found, None);
        self.found = found;
        seen
    }

    /// The same of a frame that was not decoded, by the sizes of those since the last decoded one.
    pub(super) fn unchanged_by(
        &mut self,
        sizes: &mut Sizes,
        stamp: FrameStamp,
        gap_max: Duration,
    ) -> Option<Observation> {
        self.turn();
        let gate = self.gate.as_mut()?;
        let same = gate.ask_sizes(stamp.captured, gap_max, sizes) == Answer::Unchanged;
        same.then(|| self.again(stamp))
    }

    /// What comparing the newest frame has shown; once.
    pub(super) fn take_compared(&mut self) -> Option<Compared> {
        self.gate.as_mut()?.take_compared()
    }

    /// The frame that was to be looked at could not be.
    pub(super) fn failed(&mut self) {
        if let Some(gate) = &mut self.gate {
            gate.failed();
        }
    }

    /// What became of the crops of what was seen, since the last call.
    pub(super) fn take_crops(&mut self) -> CropStats {
        self.second.take_counts()
    }

    /// Crops get their share of what a look has cost, as on a box that has to keep up.
    pub(super) fn in_time(self) -> Self {
        Self { second: self.second.in_time(), ..self }
    }

    /// Tracks held, lost ones included.
    pub(super) fn tracks(&self) -> u32 {
        self.tracker.held() as u32
    }

    /// To what its rules are about now. When they were about something else, the last look tells nothing of it.
    fn turn(&mut self) {
        let about = self.areas.now();
        self.tracker.start_as_asked(about.confidence_min);
        self.second.turn_to(&about.lenses);
        let closely = self.focus.turn_to(about.close());
        if let Some(gate) = &mut self.gate {
            gate.turn_to(&about.areas);
            if closely {
                gate.failed();
            }
        }
    }

    /// A look at a frame begins: the sizes of the images that it takes.
    fn begin(&mut self, frame: &dyn Frame) -> impl Iterator<Item = [usize; 2]> {
        self.turn();
        let view = frame.view();
        let count = self.focus.look(view.width(), view.height());
        (0..count).map_while(|i| self.focus.image(i)).map(|(_, sheet)| sheet.size())
    }

    /// Writes image `i` of the look that began.
    fn fill(&mut self, frame: &dyn Frame, i: usize, tensor: &mut [f32]) -> Result<Sheet, BoxError> {
        let (view, sheet) = self.focus.image(i).ok_or("the look has no such image")?;
        let kernel = match view {
            View::Whole => &mut self.whole,
            View::Close => &mut self.close,
        };
        kernel.run_sheet(&frame.view(), sheet, tensor, &self.ledger)?;
        Ok(sheet.clone())
    }

    fn observe(&mut self, frame: &dyn Frame, detections: &[Detection]) -> Observation {
        let view = frame.view();
        self.found_px = [view.width(), view.height()];
        let seen = self.track(frame.stamp(), self.found_px, detections, Some(frame));
        if let Some(gate) = &mut self.gate {
            let [w, h] = self.found_px.map(|px| px as f32);
            gate.looked(&seen);
            self.found.clear();
            let concerns = |found: &&Detection| gate.concerns(&found.bbox.to_unit(w, h));
            self.found.extend(detections.iter().filter(concerns));
        }
        seen
    }

    /// Without a frame nobody has looked: it is known what is there where the camera's rules are about.
    fn track(
        &mut self,
        stamp: FrameStamp,
        seen_px: [usize; 2],
        detections: &[Detection],
        frame: Option<&dyn Frame>,
    ) -> Observation {
        let own_px = *self.size_px.get_or_insert(seen_px);
        let [width, height] = own_px.map(|px| px as f32);
        let scale = [width / seen_px[0] as f32, height / seen_px[1] as f32];
        let resized: Vec<Detection>;
        let detections = if seen_px == own_px {
            detections
        } else {
            let of = |found: &Detection| Detection { bbox: found.bbox.scaled(scale), ..*found };
            resized = detections.iter().map(of).collect();
            &resized
        };
        let labels = &self.labels;
        let gate = self.gate.as_ref().filter(|_| frame.is_none());
        let there = |bbox: &PxBox| gate.is_none_or(|g| g.concerns(&bbox.to_unit(width, height)));
        self.tracker.update_part(stamp.captured, detections, there);
        let tracked = self.tracker.told();
        if self.second.is_on() {
            self.second.keep(&self.tracker.ids().collect());
            let back = scale.map(|scale| 1.0 / scale);
            if let Some(frame) = frame {
                self.second.look(frame, labels, tracked, back, &self.ledger);
            }
        }
        let is_told = |t: &Tracked| t.confirmed || t.confidence.get() >= UNDECIDED_MIN;
        let told = |believed: bool| {
            let tracked = tracked.iter().filter(|t| t.confirmed == believed && is_told(t));
            // One piece of memory, whatever is seen: it goes away with the observation.
            let mut objects = Vec::with_capacity(tracked.clone().count());
            objects.extend(tracked.filter_map(|t| {
                let class =
                    self.second.refined(t.id, labels.get(usize::from(t.class.0))?.as_ref()?);
                let bbox = t.bbox.to_unit(width, height);
                Some(Object { track: t.id, class, confidence: t.confidence, bbox })
            }));
            objects
        };
        let (objects, undecided) = (told(true), told(false));
        let size_px = seen_px.map(|px| px as u32);
        Observation { camera: self.camera.clone(), frame: stamp, size_px, objects, undecided }
    }
}

/// What one thread looks with.
pub(super) struct Eye {
    detector: Detector,
    /// By image.
    found: Vec<Vec<Detection>>,
    /// Which look each image is of, and which of its images it is.
    images: Vec<(usize, usize)>,
    /// Of the images.
    sizes: Vec<[usize; 2]>,
    /// Counted since it was last taken.
    decoded: DecodeStats,
}

impl Eye {
    pub(super) fn on(network: &Arc<Network>) -> Result<Self, InferError> {
        Ok(Self {
            detector: Detector::on(network)?,
            found: Vec::new(),
            images: Vec::new(),
            sizes: Vec::new(),
            decoded: DecodeStats::default(),
        })
    }

    /// What became of the candidates since the last call.
    pub(super) fn take_decoded(&mut self) -> DecodeStats {
        std::mem::take(&mut self.decoded)
    }

    pub(super) fn batch_max(&self) -> usize {
        self.detector.batch_max()
    }

    /// Looks at one frame each of several cameras; observations in their order.
    pub(super) fn look(
        &mut self,
        looks: &mut [(&dyn Frame, &mut Gaze)],
    ) -> Result<Vec<Observation>, InferError> {
        let stats = self.run(looks)?;
        let cost = stats.cost(looks.len());
        let mut seen = Vec::with_capacity(looks.len());
        for (i, (frame, gaze)) in looks.iter_mut().enumerate() {
            let found = self.found_in(i, &mut gaze.focus);
            gaze.second.cost(cost);
            seen.push(gaze.observe(*frame, found));
        }
        Ok(seen)
    }

    /// Looks at one frame.
    pub(super) fn look_at(
        &mut self,
        frame: &dyn Frame,
        gaze: &mut Gaze,
    ) -> Result<Observation, InferError> {
        let stats = self.run(&mut [(frame, &mut *gaze)])?;
        gaze.second.cost(stats.cost(1));
        let found = self.found_in(0, &mut gaze.focus);
        Ok(gaze.observe(frame, found))
    }

    /// Leaves the detections of each image in `found`.
    fn run(&mut self, looks: &mut [(&dyn Frame, &mut Gaze)]) -> Result<RunStats, InferError> {
        self.images.clear();
        self.sizes.clear();
        for (look, (frame, gaze)) in looks.iter_mut().enumerate() {
            for (image, size) in gaze.begin(*frame).enumerate() {
                self.images.push((look, image));
                self.sizes.push(size);
            }
        }
        let images = &self.images;
        let mut fill = |at: usize, tensor: &mut [f32]| {
            let (look, image) = images[at];
            let (frame, gaze) = &mut looks[look];
            gaze.fill(*frame, image, tensor)
        };
        let stats = self.detector.run_sizes(&self.sizes, &mut fill, &mut self.found)?;
        self.decoded.add(&stats.decode);
        Ok(stats)
    }

    /// What there is in the frame of a look.
    fn found_in(&mut self, look: usize, focus: &mut Focus) -> &[Detection] {
        let first = self.images.partition_point(|(of, _)| *of < look);
        let end = self.images.partition_point(|(of, _)| *of <= look);
        let found = self.found.get_mut(first..end).unwrap_or_default();
        focus.conclude(found);
        found.first().map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::areas::About;
    use super::*;
    use viahe_core::config::{Taxonomy, model};
    use viahe_core::detect::Confidence;
    use viahe_core::frame::{ColorMatrix, ColorRange, FrameStamp, FrameView, PixelFormat, Plane};
    use viahe_core::id::ClassIx;
    use viahe_core::time::ClockSource;
    use viahe_testing::model::TINY;

    /// A frame of a wall.
    struct Wall(u64);

    impl Frame for Wall {
        fn stamp(&self) -> FrameStamp {
            let at = Timestamp::from_secs(1_000 + self.0);
            let clock = ClockSource::Arrival;
            FrameStamp { seq: self.0, captured: at, arrived: at, offset_ms: 0, clock }
        }

        fn view(&self) -> FrameView<'_> {
            let plane = Plane { data: &[90; 64 * 64], stride: 64 };
            let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
            FrameView::new(64, 64, PixelFormat::Nv12, matrix, range, &[plane; 2]).unwrap()
        }
    }

    /// A gaze whose gate is believed after two looks.
    fn gated(areas: Arc<Areas>) -> Gaze {
        let model = model::parse_with("model.toml", TINY, &Taxonomy::builtin()).unwrap();
        let camera = Name::try_from("gate").unwrap();
        Gaze::new(camera, &model, 0, areas, Arc::default()).gated(Proof { looks: 2 })
    }

    /// A person at this place of the wall.
    fn at(x: f32) -> Detection {
        Detection {
            class: ClassIx(0),
            confidence: 0.9.try_into().unwrap(),
            bbox: PxBox::new(x, 10.0, x + 5.0, 22.0).unwrap(),
            part: 0,
        }
    }

    /// Who stood here a second ago is not who is there now, however long ago they were analysed.
    #[test]
    fn a_track_is_as_fresh_as_its_newest_look() {
        let mut gaze = gated(Arc::default());
        let (mut since, mut told) = (0, Vec::new());
        // Up to the fourth look in a row that was not analysed.
        let last = (0..100).find(|secs| {
            let frame = Wall(*secs);
            let same = gaze.unchanged(&frame, Duration::from_secs(5), None);
            since = if same.is_some() { since + 1 } else { 0 };
            let seen = same.unwrap_or_else(|| gaze.observe(&frame, &[at(10.0)]));
            assert_eq!(seen.frame, frame.stamp());
            told.extend(seen.objects.iter().map(|object| object.track));
            since == 4
        });
        let next = Wall(last.unwrap() + 1);
        assert!(told.len() > 4 && told.iter().all(|track| *track == told[0]), "{told:?}");
        let other = gaze.observe(&next, &[at(40.0)]);
        assert_eq!(other.objects, [], "nobody is believed to be there yet");
        assert_eq!(other.undecided.len(), 1, "somebody may be");
    }

    /// What a rule would be shown has a track, though the model is never surer of it.
    #[test]
    fn what_is_as_sure_as_rules_ask_is_followed() {
        for (asked, confidence, followed) in [
            (None, 0.47, false),
            (Some(0.3), 0.47, true),
            (Some(0.48), 0.47, false),
            (Some(0.3), 0.4, false),
        ] {
            let about = About { confidence_min: asked, ..About::default() };
            let mut gaze = gated(Arc::new(Areas::new(about)));
            let unsure = Detection { confidence: confidence.try_into().unwrap(), ..at(10.0) };
            let mut look = |secs| {
                gaze.turn();
                gaze.observe(&Wall(secs), &[unsure])
            };
            let last = (0..6).map(&mut look).last().unwrap();
            assert_eq!(last.objects.len() == 1, followed, "{asked:?} {confidence}");
        }
    }

    /// What moves where no rule asks is not told of again, is no news, and keeps its track.
    #[test]
    fn elsewhere_nobody_is_told_of_again_and_nobody_is_lost() {
        let corner = vec![[0.0, 0.0, 0.2, 0.2].try_into().unwrap()];
        let areas = Arc::new(Areas::new(About { areas: corner, ..About::default() }));
        let mut gaze = gated(areas);
        let (mut here, mut there, mut same) = (Vec::new(), Vec::new(), 0);
        for secs in 0..20 {
            let frame = Wall(secs);
            let told = gaze.unchanged(&frame, Duration::from_secs(5), None);
            same += u32::from(told.is_some());
            let again = told.is_some();
            let seen = told.unwrap_or_else(|| {
                let walks = at(32.0 + secs as f32);
                gaze.observe(&frame, &[at(10.0), walks])
            });
            for object in &seen.objects {
                let is_here = object.bbox.corners()[0] < 0.3;
                assert!(is_here || !again, "{secs}: {object:?}");
                if is_here { &mut here } else { &mut there }.push(object.track);
            }
        }
        assert!(same >= 8, "{same}");
        assert!(here.len() >= 18 && here.iter().all(|track| *track == here[0]), "{here:?}");
        assert!(there.len() >= 8 && there.iter().all(|track| *track == there[0]), "{there:?}");
    }

    static GREY: [u8; 640 * 360] = [128; 640 * 360];

    struct Grey([usize; 2], u64);

    impl Frame for Grey {
        fn stamp(&self) -> FrameStamp {
            let captured = Timestamp::from_secs(1_000).plus(Duration::from_millis(self.1 * 200));
            let clock = ClockSource::Arrival;
            FrameStamp { seq: self.1, captured, arrived: captured, offset_ms: 0, clock }
        }

        fn view(&self) -> FrameView<'_> {
            let plane = Plane { data: &GREY, stride: self.0[0] };
            let (matrix, range) = (ColorMatrix::Bt601, ColorRange::Limited);
            let [width, height] = self.0;
            FrameView::new(width, height, PixelFormat::I420, matrix, range, &[plane; 3]).unwrap()
        }
    }

    /// As when looks go from one stream of a camera to the other.
    #[test]
    fn what_is_followed_goes_on_when_pictures_get_another_size() {
        let model = model::parse_with("model.toml", TINY, &Taxonomy::builtin()).unwrap();
        let camera = Name::try_from("gate").unwrap();
        let mut gaze = Gaze::new(camera, &model, 1, Arc::default(), Arc::default());
        let mut seen = Vec::new();
        for n in 0..30 {
            let [width, height] = if (10..20).contains(&n) { [640, 360] } else { [160, 90] };
            let of = |x: f32, y: f32| (x * width as f32, y * height as f32);
            let ((x0, y0), (x1, y1)) = (of(0.25, 0.5), of(0.5, 0.75));
            let bbox = PxBox::new(x0, y0, x1, y1).unwrap();
            let confidence = Confidence::try_from(0.9).unwrap();
            let found = Detection { class: ClassIx(1), confidence, bbox, part: 0 };
            let observation = gaze.observe(&Grey([width, height], n), &[found]);
            assert_eq!(observation.size_px, [width as u32, height as u32]);
            seen.extend(observation.objects.into_iter().map(|object| (object.track, object.bbox)));
        }
        let (first, at) = seen[0];
        assert!(seen.len() > 25, "{}", seen.len());
        assert!(
            seen.iter().all(|(track, bbox)| *track == first && bbox.iou(&at) > 0.95),
            "{seen:?}"
        );
    }
}
