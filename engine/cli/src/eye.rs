//! A model that looks at still pictures.

use crate::exit::Exit;
use crate::pictures::Picture;
use std::path::Path;
use std::sync::Arc;
use viahe_core::detect::{Detection, Sanity};
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_edge::infer::{Detector, DetectorOptions, Network, Runtime};
use viahe_edge::ledger::Ledger;
use viahe_edge::models::{Locations, Package};
use viahe_edge::preprocess::Preprocessor;

/// An installed model and the runtime that it needs.
pub(crate) fn installed(locations: &Locations, name: &Name) -> Result<(Package, Runtime), Exit> {
    let package = locations.load_package(name).map_err(Exit::missing)?;
    let library = locations.onnxruntime().map_err(Exit::missing)?;
    let runtime = Runtime::load(&library).map_err(Exit::missing)?;
    Ok((package, runtime))
}

/// A model with all that a picture goes through on its way: the kernel and the suppression of a camera's frames.
pub(crate) struct Eye {
    detector: Detector,
    preprocessor: Preprocessor,
    ledger: Ledger,
    model: Model,
    /// Of all pictures.
    sanity: Sanity,
}

impl Eye {
    /// Weaker detections change no average precision that is worth a name.
    pub(crate) const MEASURED_FROM: f32 = 0.001;

    /// With the least confidence of its package, or another one.
    pub(crate) fn open(
        locations: &Locations,
        name: &Name,
        confidence_min: Option<f32>,
    ) -> Result<Self, Exit> {
        let (package, runtime) = installed(locations, name)?;
        let mut model = package.model;
        model.confidence_min = confidence_min.unwrap_or(model.confidence_min);
        let options = DetectorOptions::default();
        let detector = Detector::new(&runtime, &model, &package.weights, options);
        Ok(Self::with(detector.map_err(Exit::missing)?, model))
    }

    /// Of weights that are not installed; messages call them by a path.
    pub(crate) fn of_bytes(
        runtime: &Runtime,
        model: Model,
        weights: (&Path, &[u8]),
    ) -> Result<Self, Exit> {
        let network = Network::of_bytes(runtime, &model, weights, DetectorOptions::default());
        let network = Arc::new(network.map_err(Exit::failed)?);
        Ok(Self::with(Detector::on(&network).map_err(Exit::failed)?, model))
    }

    /// As [`Eye::of_bytes`], with all that average precision rates.
    pub(crate) fn to_measure(
        runtime: &Runtime,
        model: Model,
        weights: (&Path, &[u8]),
    ) -> Result<Self, Exit> {
        Self::of_bytes(runtime, Model { confidence_min: Self::MEASURED_FROM, ..model }, weights)
    }

    fn with(detector: Detector, model: Model) -> Self {
        Self {
            detector,
            preprocessor: Preprocessor::new(model.input),
            ledger: Ledger::default(),
            model,
            sanity: Sanity::default(),
        }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// What it sees, best first.
    pub(crate) fn look(&mut self, picture: &Picture) -> Result<Vec<Detection>, Exit> {
        let still = picture.frame();
        let (preprocessor, ledger) = (&mut self.preprocessor, &self.ledger);
        let mut out = Vec::new();
        let stats = self
            .detector
            .run(1, &mut |_, tensor| Ok(preprocessor.run(&still.view(), tensor, ledger)?), &mut out)
            .map_err(Exit::failed)?;
        self.sanity.add(&stats.decode);
        Ok(out.pop().unwrap_or_default())
    }

    /// What it sees, best first, and what each thing is.
    pub(crate) fn named(&mut self, picture: &Picture) -> Result<Vec<(Detection, String)>, Exit> {
        let found = self.look(picture)?;
        let name = |of: Detection| {
            let at = usize::from(of.class.0);
            let class = self.model.labels.get(at).and_then(Option::as_ref);
            (of, class.map_or_else(|| format!("#{at}"), ToString::to_string))
        };
        Ok(found.into_iter().map(name).collect())
    }

    /// What contradicts its head in the pictures so far.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.sanity.of_pictures(&self.model.head)
    }

    /// Did the pictures so far come out as its head says?
    pub(crate) fn check(&self) -> Result<(), Exit> {
        match self.complaint() {
            Some(wrong) => Err(Exit::Failed(format!("model {}: {wrong}", self.model.name))),
            None => Ok(()),
        }
    }
}
