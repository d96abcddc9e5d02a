//! Recordings through the same analysis as live cameras, in event time, as fast as the machine
//! can.
//!
//! One thread a camera decodes, infers and tracks; the main thread merges their observations by
//! time (then by camera), so two runs see the same sequence whatever the threads do.

use super::analyse::{Eye, Gaze};
use super::areas::{About, Areas};
use super::glance::Glance;
use super::lens::Lens;
use crate::infer::{DetectorOptions, InferError, Network, Runtime};
use crate::ingest::{FileReader, IngestError};
use crate::ledger::Ledger;
use crate::models::{Locations, ModelError};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::ModelRef;
use viahe_core::detect::Sanity;
use viahe_core::frame::Frame;
use viahe_core::gate::Proof;
use viahe_core::geometry::UnitBox;
use viahe_core::id::Name;
use viahe_core::observe::{Observation, ViewReport};
use viahe_core::sampler::Sampler;
use viahe_core::time::Timestamp;

/// Observations that a camera's thread may be ahead; their frames are held for pictures.
const AHEAD_MAX: usize = 8;

/// A recording to be seen as a camera.
#[derive(Clone, Debug)]
pub struct ReplayCamera {
    /// The camera it stands for.
    pub id: Name,
    /// Folder under `models/`.
    pub model: Name,
    /// The recording.
    pub file: PathBuf,
    /// Event time of its first frame.
    pub start: Timestamp,
    /// Analysed frames per second.
    pub analyse_hz: f32,
    /// What of its picture its rules are about; all of it when there is none.
    pub areas: Vec<UnitBox>,
    /// These are shown to the model closely.
    pub closely: bool,
    /// The least confidence that its rules ask of a thing; none when no rule looks.
    pub confidence_min: Option<f32>,
    /// Folders of the classifiers that what is seen is shown to.
    pub refine: Vec<Name>,
    /// Frames that need no inference get none; each is looked at without.
    pub gate: Option<ReplayGate>,
}

/// How a recording is gated, as a live camera is.
#[derive(Clone, Copy, Debug)]
pub struct ReplayGate {
    /// What the gate has to show first.
    pub proof: Proof,
    /// As if its rules bore this between two looks.
    pub gap_max: Duration,
}

/// An analysed frame of a recording.
pub struct Seen {
    /// What was seen.
    pub observation: Observation,
    /// What the camera's view looks like, when it was time to tell.
    pub view: Option<ViewReport>,
    /// In what; for pictures.
    pub frame: Arc<dyn Frame>,
    /// By inference; else its picture is that of the last look.
    pub inferred: bool,
    /// Length of the whole recording, when it says so.
    pub length: Option<Duration>,
}

/// Why a recording could not be seen to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The model package.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// The recording.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A thread ended without a word.
    #[error("the thread that analysed camera {0} ended before its recording did")]
    Thread(Name),
    /// The system gives no more threads.
    #[error("there is no thread to analyse camera {0}: {1}; replay fewer cameras at once")]
    NoThread(Name, std::io::Error),
}

/// Recordings in progress: an iterator over what is seen, in event time.
pub struct Replay {
    cameras: Vec<(Name, Receiver<Step>)>,
    /// The next of each camera; none when it is through.
    heads: Vec<Option<Seen>>,
    models: Vec<(Name, ModelRef)>,
    /// What ended it; told after what was seen before it.
    failure: Option<ReplayError>,
    ended: bool,
}

enum Step {
    Seen(Box<Seen>),
    Failed(ReplayError),
    End,
}

impl Replay {
    /// Loads the models and begins.
    ///
    /// # Errors
    /// [`ReplayError`] when a model or a recording cannot be opened.
    pub fn start(
        cameras: Vec<ReplayCamera>,
        locations: &Locations,
        ledger: &Arc<Ledger>,
    ) -> Result<Self, ReplayError> {
        let runtime = Runtime::load(&locations.onnxruntime()?)?;
        let mut running = Vec::with_capacity(cameras.len());
        let mut models = Vec::with_capacity(cameras.len());
        for camera in cameras {
            let package = locations.load_package(&camera.model)?;
            let model = &package.model;
            models.push((camera.id.clone(), model.fingerprint()));
            let (name, head) = (model.name.clone(), model.head.clone());
            let options = DetectorOptions::default();
            let network = Network::load(&runtime, model, &package.weights, options)?;
            let lens = |name| {
                let (package, _) = locations.load_classifier(name)?;
                Ok(Lens::load(&runtime, &package, options.provider)?)
            };
            let lenses = camera.refine.iter().map(lens).collect::<Result<_, ReplayError>>()?;
            let ReplayCamera { areas, closely, confidence_min, .. } = camera;
            let about = About { areas, closely, confidence_min, lenses };
            let areas = Arc::new(Areas::new(about));
            let mut gaze = Gaze::new(camera.id.clone(), model, 0, areas, Arc::clone(ledger));
            if let Some(gate) = camera.gate {
                gaze = gaze.gated(gate.proof);
            }
            let spectator = Spectator {
                reader: FileReader::open(&camera.file, camera.start, Arc::clone(ledger))?,
                sampler: Sampler::new(camera.analyse_hz),
                eye: Eye::on(&Arc::new(network))?,
                gaze,
                glance: Glance::new(camera.id.clone(), Arc::clone(ledger)),
                gap_max: camera.gate.map_or(Duration::ZERO, |gate| gate.gap_max),
            };
            let (tx, rx) = bounded(AHEAD_MAX);
            let thread = std::thread::Builder::new().name("replay".into());
            let spawned = thread.spawn(move || {
                let told = |why: String| tracing::warn!(model = %name, "{why}");
                let end = match spectator.watch(&tx, &|s| s.complaint(&head).map(told)) {
                    Ok(()) => Step::End,
                    Err(error) => Step::Failed(error),
                };
                // Nobody may be left to hear it.
                let _ = tx.send(end);
            });
            spawned.map_err(|error| ReplayError::NoThread(camera.id.clone(), error))?;
            running.push((camera.id, rx));
        }
        let heads = running.iter().map(|_| None).collect();
        let mut replay = Self { cameras: running, heads, models, failure: None, ended: false };
        for i in 0..replay.cameras.len() {
            replay.heads[i] = replay.fetch(i)?;
        }
        Ok(replay)
    }

    /// Which model looks at which camera.
    pub fn models(&self) -> &[(Name, ModelRef)] {
        &self.models
    }

    fn fetch(&self, i: usize) -> Result<Option<Seen>, ReplayError> {
        let (name, steps) = &self.cameras[i];
        match steps.recv() {
            Ok(Step::Seen(seen)) => Ok(Some(*seen)),
            Ok(Step::End) => Ok(None),
            Ok(Step::Failed(error)) => Err(error),
            Err(_) => Err(ReplayError::Thread(name.clone())),
        }
    }

    fn advance(&mut self) -> Option<Seen> {
        let earliest = (0..self.heads.len())
            .filter_map(|i| self.heads[i].as_ref().map(|s| (s.observation.frame.captured, i)))
            .min();
        let (_, i) = earliest?;
        let seen = self.heads[i].take();
        match self.fetch(i) {
            Ok(next) => self.heads[i] = next,
            Err(error) => self.failure = Some(error),
        }
        seen
    }
}

impl Iterator for Replay {
    type Item = Result<Seen, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if let Some(error) = self.failure.take() {
            self.ended = true;
            return Some(Err(error));
        }
        self.advance().map(Ok)
    }
}

/// Who sees a recording to its end.
struct Spectator {
    reader: FileReader,
    sampler: Sampler,
    eye: Eye,
    gaze: Gaze,
    glance: Glance,
    /// What its rules bear between two looks, where it is gated.
    gap_max: Duration,
}

impl Spectator {
    fn watch(
        mut self,
        out: &Sender<Step>,
        judge: &dyn Fn(&Sanity) -> Option<()>,
    ) -> Result<(), ReplayError> {
        let mut length = None;
        let (mut sanity, mut told) = (Sanity::default(), false);
        while let Some(frame) = self.reader.next() {
            let frame: Arc<dyn Frame> = Arc::new(frame?);
            length = length.or_else(|| self.reader.duration());
            let at = frame.stamp().captured;
            if !self.sampler.is_due(at) {
                continue;
            }
            self.sampler.take(at);
            let same = self.gaze.unchanged(&*frame, self.gap_max, None);
            let inferred = same.is_none();
            let observation = match same {
                Some(observation) => observation,
                None => self.eye.look_at(&*frame, &mut self.gaze)?,
            };
            sanity.add(&self.eye.take_decoded());
            told = told || judge(&sanity).is_some();
            let view = self.glance.at(&*frame);
            let frame = Arc::clone(&frame);
            let seen = Seen { observation, view, frame, inferred, length };
            if out.send(Step::Seen(Box::new(seen))).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}
