//! A vision worker has started: tracks are counted anew, and other models may look.

use super::machine::Engine;
use crate::id::Name;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use viahe_contract::message::ModelRef;

impl Engine {
    pub(super) fn worker_started(&mut self, mut models: BTreeMap<Name, ModelRef>) {
        for camera in &mut self.memory.cameras {
            camera.model = models.remove(&camera.id);
            // The clock may have been set meanwhile; a new worker begins a new time.
            camera.last = Timestamp::default();
            camera.beats.iter_mut().for_each(|beat| beat.scene.forget_tracks());
        }
    }
}
