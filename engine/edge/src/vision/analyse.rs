//! Frames → observations: preprocessing, inference and tracking, for live cameras and recordings
//! alike.

use crate::infer::{Detector, DetectorOptions, InferError, RunStats, Runtime};
use crate::ledger::Ledger;
use crate::models::Package;
use crate::preprocess::Preprocessor;
use std::sync::Arc;
use viahe_core::detect::{DecodeStats, Detection};
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_core::observe::{Class, Object, Observation};
use viahe_core::track::{Tracker, TrackerOptions};

/// What is remembered of one camera from frame to frame.
pub(super) struct Gaze {
    camera: Name,
    labels: Arc<[Option<Class>]>,
    preprocessor: Preprocessor,
    tracker: Tracker,
    ledger: Arc<Ledger>,
}

impl Gaze {
    pub(super) fn new(camera: Name, model: &Model, epoch: u32, ledger: Arc<Ledger>) -> Self {
        let options =
            TrackerOptions { class_groups: class_groups(&model.labels), ..Default::default() };
        Self {
            camera,
            labels: model.labels.clone().into(),
            preprocessor: Preprocessor::new(model.input),
            tracker: Tracker::new(options, epoch),
            ledger,
        }
    }

    /// Tracks held, lost ones included.
    pub(super) fn tracks(&self) -> u32 {
        self.tracker.held() as u32
    }

    fn observe(&mut self, frame: &dyn Frame, detections: &[Detection]) -> Observation {
        let (stamp, view) = (frame.stamp(), frame.view());
        let (width, height) = (view.width(), view.height());
        let labels = &self.labels;
        let objects = self
            .tracker
            .update(stamp.captured, detections)
            .iter()
            .filter(|t| t.confirmed)
            .filter_map(|t| {
                let class = labels.get(usize::from(t.class.0))?.clone()?;
                let bbox = t.bbox.to_unit(width as f32, height as f32);
                Some(Object { track: t.id, class, confidence: t.confidence, bbox })
            })
            .collect();
        Observation {
            camera: self.camera.clone(),
            frame: stamp,
            size_px: [width as u32, height as u32],
            objects,
        }
    }
}

/// Classes of one kind (`vehicle.car`, `vehicle.truck`) may be one thing to the tracker; a person
/// and a vehicle never.
fn class_groups(labels: &[Option<Class>]) -> Vec<u16> {
    let mut roots: Vec<&str> = Vec::new();
    labels
        .iter()
        .map(|label| {
            let root = label.as_ref().map_or("", |c| c.as_str());
            let root = root.split('.').next().unwrap_or_default();
            let known = roots.iter().position(|r| *r == root).unwrap_or_else(|| {
                roots.push(root);
                roots.len() - 1
            });
            known as u16
        })
        .collect()
}

/// One thread's session of one model.
pub(super) struct Eye {
    detector: Detector,
    found: Vec<Vec<Detection>>,
    /// Counted since it was last taken.
    decoded: DecodeStats,
}

impl Eye {
    /// Loads the model.
    pub(super) fn open(runtime: &Runtime, package: &Package) -> Result<Self, InferError> {
        let options = DetectorOptions::default();
        let detector = Detector::new(runtime, &package.model, &package.weights, options)?;
        Ok(Self { detector, found: Vec::new(), decoded: DecodeStats::default() })
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
        self.run(looks)?;
        let seen = looks.iter_mut().zip(&self.found);
        Ok(seen.map(|((frame, gaze), found)| gaze.observe(*frame, found)).collect())
    }

    /// Looks at one frame.
    pub(super) fn look_at(
        &mut self,
        frame: &dyn Frame,
        gaze: &mut Gaze,
    ) -> Result<Observation, InferError> {
        self.run(&mut [(frame, &mut *gaze)])?;
        Ok(gaze.observe(frame, self.found.first().map_or(&[], Vec::as_slice)))
    }

    /// Leaves the detections of look `i` in `found[i]`.
    fn run(&mut self, looks: &mut [(&dyn Frame, &mut Gaze)]) -> Result<RunStats, InferError> {
        let count = looks.len();
        let mut fill = |i: usize, tensor: &mut [f32]| {
            let (frame, gaze) = &mut looks[i];
            let gaze = &mut **gaze;
            Ok(gaze.preprocessor.run(&frame.view(), tensor, &gaze.ledger)?)
        };
        let stats = self.detector.run(count, &mut fill, &mut self.found)?;
        self.decoded.add(&stats.decode);
        Ok(stats)
    }
}
