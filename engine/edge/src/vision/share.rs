//! What one worker is to do.

use std::collections::BTreeMap;
use viahe_contract::id::Name;
use viahe_core::attention::Need;
use viahe_core::seam::{ModelFiles, ProcessPlan, VisionCamera};

/// The part of one worker in what a box watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// What its process needs. Another one needs another process.
    pub process: ProcessPlan,
    /// Where its models lie.
    pub models: BTreeMap<Name, ModelFiles>,
    /// What it looks at.
    pub cameras: BTreeMap<Name, VisionCamera>,
}

impl Share {
    /// From now on one of its cameras is looked at so.
    pub(crate) fn attend(&mut self, camera: &Name, need: Need) {
        if let Some(camera) = self.cameras.get_mut(camera) {
            camera.need = need;
        }
    }
}
