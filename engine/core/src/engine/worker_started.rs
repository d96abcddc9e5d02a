//! A vision worker has started: tracks of its cameras are counted anew, and other models may look.

use super::machine::Engine;
use crate::id::Name;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use viahe_contract::message::ModelRef;

impl Engine {
    /// Those of other workers go on.
    pub(super) fn worker_started(&mut self, mut models: BTreeMap<Name, ModelRef>) {
        let whole = is_whole(&models);
        for camera in &mut self.memory.cameras {
            let model = models.remove(&camera.id);
            if model.is_none() && !whole {
                continue;
            }
            camera.model = model;
            // The clock may have been set meanwhile; a new worker begins a new time.
            camera.last = Timestamp::default();
            camera.beats.iter_mut().for_each(|beat| beat.scene.forget_tracks());
        }
    }

    /// Does it look at every camera of the plan?
    pub(super) fn is_only_worker(&self, models: &BTreeMap<Name, ModelRef>) -> bool {
        is_whole(models) || self.plan.cameras.iter().all(|c| models.contains_key(&c.id))
    }
}

/// A worker that names no camera has them all, and does not say which models look.
fn is_whole(models: &BTreeMap<Name, ModelRef>) -> bool {
    models.is_empty()
}
