//! What vision workers need of a plan.

use super::assign::workers_for;
use crate::clock;
use crate::evidence::evidence_dir;
use crate::models::{Installed, Locations, ModelError};
use crate::tune::{self, Tuned};
use crate::vision::share::Share;
use std::collections::BTreeMap;
use viahe_contract::id::Name;
use viahe_core::attention::Need;
use viahe_core::plan::{Camera, Plan};
use viahe_core::region::areas;
use viahe_core::seam::{ProcessPlan, SEAM_VERSION, VisionCamera};

/// Where the parts lie that the vision workers of a plan need.
///
/// # Errors
/// [`ModelError`], of all that are missing or wrong.
pub fn installed(plan: &Plan) -> Result<Installed, Vec<ModelError>> {
    let locations = Locations::discover(Some(&plan.folder)).map_err(|e| vec![e])?;
    locations.installed_for(plan.cameras.iter().map(|c| &c.model))
}

/// The part of a plan that vision workers need.
///
/// # Errors
/// [`ModelError`], of all that are missing or wrong.
pub fn vision_plan(plan: &Plan, tuned: &Tuned) -> Result<Share, Vec<ModelError>> {
    let Installed { library, taxonomies, models } = installed(plan)?;
    let camera = |camera: &Camera| VisionCamera {
        id: camera.id.clone(),
        source: camera.source.clone(),
        substream: camera.substream.clone(),
        model: camera.model.clone(),
        // The engine says what it needs before any worker looks.
        need: Need::NONE,
        areas: areas(camera),
        closely: camera.regions,
        recorded: false,
    };
    Ok(Share {
        process: ProcessPlan {
            version: SEAM_VERSION,
            axis_zero: clock::axis_zero(),
            threads: plan.engine.threads.unwrap_or(tuned.threads),
            running: if plan.engine.threads.is_none() {
                tuned.running.clone()
            } else {
                BTreeMap::new()
            },
            library,
            taxonomies,
            evidence_dir: evidence_dir(&plan.engine.state_dir),
        },
        models,
        cameras: plan.cameras.iter().map(|c| (c.id.clone(), camera(c))).collect(),
    })
}

/// How the models of a plan are to be run on this box, by what was measured on it.
/// What is missing for that is told by [`vision_plan`].
pub fn tuned(plan: &Plan) -> Tuned {
    let workers = workers_for(plan.cameras.len(), tune::cores(), plan.engine.workers);
    installed(plan).map(|installed| tune::tuned(plan, &installed, workers)).unwrap_or_default()
}

/// The part of a share that is about these cameras.
pub(super) fn share(of: &Share, has: impl Fn(&Name) -> bool) -> Share {
    let mut share = of.clone();
    share.cameras.retain(|id, _| has(id));
    let cameras = &share.cameras;
    share.models.retain(|model, _| cameras.values().any(|camera| camera.model == *model));
    share
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::vision::share::plain;
    use viahe_contract::sha256::Sha256;
    use viahe_core::seam::ModelFiles;

    fn name(text: &str) -> Name {
        Name::try_from(text).unwrap()
    }

    #[test]
    fn a_share_has_its_cameras_and_their_models() {
        let camera = |id: &str, model: &str| plain::camera(id, model, Need::steady(2.0));
        let files = |n: u8| ModelFiles {
            description: "model.toml".into(),
            weights: "weights".into(),
            sha256: Sha256::from_bytes([n; 32]),
        };
        let whole = Share {
            process: plain::process(),
            models: [(name("day"), files(1)), (name("night"), files(2))].into(),
            cameras: [camera("cam-a", "day"), camera("cam-b", "night"), camera("cam-c", "day")]
                .into(),
        };
        let share = share(&whole, |camera| camera.as_str() != "cam-b");
        let ids: Vec<&str> = share.cameras.keys().map(Name::as_str).collect();
        assert_eq!(ids, ["cam-a", "cam-c"]);
        assert_eq!(share.models.keys().map(Name::as_str).collect::<Vec<_>>(), ["day"]);
        assert_eq!(share.process, whole.process);
    }
}
