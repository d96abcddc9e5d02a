//! What one thread asks a classifier with.

use super::error::{BoxError, InferError};
use super::heap::{GivesBack, give_back};
use super::network::Network;
use super::slot::{Slot, giving_back};
use crate::clock;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::tensor::InputSpec;

/// Runs in which it is measured what one costs; the fastest counts.
const TRIALS: usize = 3;

/// A classifier ready to run, one crop at a time: on the processor several at once are no faster. Its input is written
/// right into ONNX Runtime's memory, and what it says is read there.
#[derive(Debug)]
pub struct Judge {
    network: Arc<Network>,
    slot: Slot,
    run: Duration,
    /// After its tensors, which hold the session too.
    _gives_back: GivesBack,
}

impl Judge {
    /// Buffers for a network that is loaded; runs on an empty input.
    ///
    /// # Errors
    /// [`InferError`]; others of the network go on.
    pub fn on(network: &Arc<Network>) -> Result<Self, InferError> {
        let model = network.model();
        let slot = Slot::new(network, model, 1).map_err(|e| network.refused(e.to_string()))?;
        let failed = |why: String| InferError::Trial { model: model.name.clone(), why };
        let giving = giving_back().map_err(|e| failed(e.to_string()))?;
        let network = Arc::clone(network);
        let mut judge = Self { network, slot, run: Duration::MAX, _gives_back: GivesBack };
        judge.slot.trial(&judge.network, Some(&giving)).map_err(failed)?;
        for _ in 0..TRIALS {
            let began = clock::monotonic();
            judge.slot.trial(&judge.network, None).map_err(failed)?;
            judge.run = judge.run.min(clock::monotonic() - began);
        }
        give_back();
        Ok(judge)
    }

    /// What it must be fed.
    pub fn input(&self) -> &InputSpec {
        &self.network.model().input
    }

    /// What a run costs, as measured when it was made.
    pub fn run(&self) -> Duration {
        self.run
    }

    /// What it says of one crop, which `fill` writes: a value for each of its columns.
    ///
    /// # Errors
    /// [`InferError`]; it can go on being used.
    pub fn ask(
        &mut self,
        fill: impl FnOnce(&mut [f32]) -> Result<(), BoxError>,
    ) -> Result<&[f32], InferError> {
        let model = self.network.model();
        let failed =
            |e: ort::Error| InferError::Run { model: model.name.clone(), why: e.to_string() };
        let (_, values) = self.slot.input.try_extract_tensor_mut::<f32>().map_err(failed)?;
        fill(values).map_err(|source| InferError::Fill { frame: 0, source })?;
        self.slot.run(&self.network, None).map_err(failed)?;
        Ok(self.slot.output(0).data)
    }
}
