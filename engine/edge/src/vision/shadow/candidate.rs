//! The eyes of the candidate.

use crate::clock;
use crate::infer::{DetectorOptions, InferError, Network, Runtime};
use crate::ledger::Ledger;
use crate::models::{Locations, ModelError};
use crate::vision::analyse::{Eye, Gaze};
use crate::vision::areas::{About, Areas};
use crate::vision::lens::Lens;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::ModelRef;
use viahe_core::detect::Sanity;
use viahe_core::frame::{Frame, FrameStamp};
use viahe_core::gate::Proof;
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_core::observe::Observation;
use viahe_core::plan::Camera;
use viahe_core::region::areas;
use viahe_core::tune::Provider;

/// A candidate whose looks fail so often in a row is not worth another one.
const FAILURES_MAX: u32 = 10;

/// Why a candidate cannot be tried any further.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// It, or the runtime, is not there.
    #[error(transparent)]
    Missing(#[from] ModelError),
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] InferError),
    /// It cannot look at pictures of the cameras.
    #[error("{FAILURES_MAX} looks in a row failed: {0}")]
    Fails(InferError),
    /// What comes out is not what its description says.
    #[error("{0}")]
    Wrong(String),
}

/// A model, and what it remembers of each camera.
pub struct Candidate {
    eye: Eye,
    model: Model,
    gazes: BTreeMap<Name, Gaze>,
    ledger: Arc<Ledger>,
    sanity: Sanity,
    failures: u32,
    runtime: Runtime,
    locations: Locations,
    /// Classifiers of cameras; none of one that cannot be used, which was told.
    lenses: BTreeMap<Name, Option<Arc<Lens>>>,
}

impl Candidate {
    /// Loads an installed model.
    ///
    /// # Errors
    /// [`CandidateError`].
    pub fn load(locations: &Locations, name: &Name) -> Result<Self, CandidateError> {
        let package = locations.load_package(name)?;
        let runtime = Runtime::load(&locations.onnxruntime()?)?;
        let options = DetectorOptions::default();
        let network = Network::load(&runtime, &package.model, &package.weights, options)?;
        let eye = Eye::on(&Arc::new(network))?;
        let (ledger, sanity) = (Arc::default(), Sanity::default());
        let (model, gazes, lenses) = (package.model, BTreeMap::new(), BTreeMap::new());
        let locations = locations.clone();
        Ok(Self { eye, model, gazes, ledger, sanity, failures: 0, runtime, locations, lenses })
    }

    /// As incidents name it.
    pub fn model(&self) -> ModelRef {
        self.model.fingerprint()
    }

    /// A stretch of a camera begins.
    pub fn begin(&mut self, camera: &Camera) {
        let lenses = camera.refine.iter().filter_map(|name| self.lens(name)).collect();
        let about = About {
            lenses,
            areas: areas(camera),
            closely: camera.regions,
            confidence_min: camera.confidence_min(),
        };
        let (areas, ledger) = (Arc::new(Areas::new(about)), Arc::clone(&self.ledger));
        let gaze = Gaze::new(camera.id.clone(), &self.model, 0, areas, ledger);
        // Only so is it known what was in the last frame; it is not asked whether another one is the same.
        self.gazes.insert(camera.id.clone(), gaze.gated(Proof::default()));
    }

    /// The candidate's things are shown to the classifiers to which those of the model at work are.
    fn lens(&mut self, name: &Name) -> Option<Arc<Lens>> {
        if let Some(known) = self.lenses.get(name) {
            return known.clone();
        }
        let package = self.locations.load_classifier(name).map_err(|e| e.to_string());
        let load = |(package, _)| {
            Lens::load(&self.runtime, &package, Provider::Cpu).map_err(|e| e.to_string())
        };
        let lens = package.and_then(load);
        let lens = lens.inspect_err(|why| tracing::warn!(model = %name, why, "no such classifier"));
        self.lenses.insert(name.clone(), lens.as_ref().ok().cloned());
        lens.ok()
    }

    /// It is over.
    pub fn end(&mut self, camera: &Name) {
        self.gazes.remove(camera);
    }

    /// What is in a frame, and what that cost of the processor; none when the look failed.
    ///
    /// # Errors
    /// [`CandidateError`] when it is not worth another look.
    pub fn look(
        &mut self,
        camera: &Name,
        frame: &dyn Frame,
    ) -> Result<Option<(Observation, Duration)>, CandidateError> {
        let Some(gaze) = self.gazes.get_mut(camera) else { return Ok(None) };
        let before = clock::thread_cpu();
        let seen = self.eye.look_at(frame, gaze);
        let cpu = clock::thread_cpu().saturating_sub(before);
        self.sanity.add(&self.eye.take_decoded());
        if let Some(wrong) = self.sanity.complaint(&self.model.head) {
            return Err(CandidateError::Wrong(wrong));
        }
        match seen {
            Ok(seen) => {
                self.failures = 0;
                Ok(Some((seen, cpu)))
            }
            Err(error) => {
                gaze.failed();
                self.failures += 1;
                if self.failures >= FAILURES_MAX {
                    return Err(CandidateError::Fails(error));
                }
                Ok(None)
            }
        }
    }

    /// What was in the last frame, in a later one that shows the same.
    pub fn again(&mut self, camera: &Name, stamp: FrameStamp) -> Option<Observation> {
        Some(self.gazes.get_mut(camera)?.again(stamp))
    }
}
