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
    /// When what is seen is recorded, all of each picture is really looked at, and not only what the rules of the plan
    /// are about: it is written down for others.
    pub(crate) fn recorded(mut self, recorded: bool) -> Self {
        for camera in self.cameras.values_mut() {
            camera.recorded = recorded;
            camera.closely &= !recorded;
        }
        self
    }

    /// From now on one of its cameras is looked at so.
    pub(crate) fn attend(&mut self, camera: &Name, need: Need) {
        if let Some(camera) = self.cameras.get_mut(camera) {
            camera.need = need;
        }
    }
}

/// Shares of workers that open nothing, for the tests of who hands them out.
#[cfg(test)]
pub(crate) mod plain {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Name, Need, ProcessPlan, VisionCamera};
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use viahe_core::plan::Source;
    use viahe_core::seam::SEAM_VERSION;
    use viahe_core::time::Timestamp;
    use viahe_core::tune::Provider;

    /// Of a worker with one thread.
    pub(crate) fn process() -> ProcessPlan {
        ProcessPlan {
            version: SEAM_VERSION,
            axis_zero: Timestamp::default(),
            threads: 1,
            running: BTreeMap::new(),
            provider: Provider::Cpu,
            library: PathBuf::new(),
            taxonomies: Vec::new(),
            evidence_dir: PathBuf::new(),
            shadow_dir: None,
        }
    }

    /// A test picture that is looked at with `model`.
    pub(crate) fn camera(id: &str, model: &str, need: Need) -> (Name, VisionCamera) {
        let id = Name::try_from(id).unwrap();
        let camera = VisionCamera {
            id: id.clone(),
            source: Source::Pattern { size_px: [64, 64], fps: 1 },
            substream: None,
            model: model.try_into().unwrap(),
            need,
            areas: Vec::new(),
            closely: false,
            confidence_min: None,
            refine: Vec::new(),
            recorded: false,
        };
        (id, camera)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is recorded is for other rules, which may be about other places.
    #[test]
    fn who_records_sees_all_of_each_picture() {
        let (id, mut camera) = plain::camera("cam-a", "day", Need::steady(2.0));
        camera.closely = true;
        let (process, models) = (plain::process(), BTreeMap::new());
        let share = Share { process, models, cameras: [(id.clone(), camera)].into() };
        let camera = |recorded| share.clone().recorded(recorded).cameras[&id].clone();
        assert!(camera(false).closely && !camera(false).recorded);
        assert!(camera(true).recorded && !camera(true).closely);
    }
}
