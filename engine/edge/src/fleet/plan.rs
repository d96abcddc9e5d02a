//! What vision workers need of a plan, and which changes they must be told of.

use crate::clock;
use crate::evidence::evidence_dir;
use crate::models::{Locations, ModelError};
use viahe_contract::id::Name;
use viahe_core::plan::Plan;
use viahe_core::seam::{Installed, SEAM_VERSION, VisionCamera, VisionPlan};

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
pub fn vision_plan(plan: &Plan) -> Result<VisionPlan, Vec<ModelError>> {
    Ok(VisionPlan {
        version: SEAM_VERSION,
        epoch: 0,
        axis_zero: clock::axis_zero(),
        threads: plan.engine.threads,
        installed: installed(plan)?,
        evidence_dir: evidence_dir(&plan.engine.state_dir),
        cameras: plan
            .cameras
            .iter()
            .map(|camera| VisionCamera {
                id: camera.id.clone(),
                source: camera.source.clone(),
                model: camera.model.clone(),
                analyse_hz: camera.analyse_hz,
            })
            .collect(),
    })
}

/// The part of a plan that is about these cameras.
pub(super) fn share(plan: &VisionPlan, has: impl Fn(&Name) -> bool) -> VisionPlan {
    let cameras = plan.cameras.iter().filter(|c| has(&c.id)).cloned().collect();
    let mut share = VisionPlan { cameras, ..plan.clone() };
    let needed = |model: &Name| share.cameras.iter().any(|c| c.model == *model);
    share.installed.models.retain(|model, _| needed(model));
    share
}

/// Does a worker that runs under the one do what the other asks? To look more often than rules need does
/// no harm; the order of cameras means nothing.
pub(super) fn serves(running: &VisionPlan, wanted: &VisionPlan) -> bool {
    let serves = |one: &VisionCamera, wanted: &VisionCamera| {
        let VisionCamera { id, source, model, analyse_hz } = wanted;
        (&one.id, &one.source, &one.model) == (id, source, model) && one.analyse_hz >= *analyse_hz
    };
    let apart = |plan: &VisionPlan| VisionPlan { cameras: Vec::new(), epoch: 0, ..plan.clone() };
    running.cameras.len() == wanted.cameras.len()
        && wanted.cameras.iter().all(|w| running.cameras.iter().any(|one| serves(one, w)))
        && apart(running) == apart(wanted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use viahe_contract::sha256::Sha256;
    use viahe_core::plan::Source;
    use viahe_core::seam::ModelFiles;

    fn name(text: &str) -> Name {
        Name::try_from(text).unwrap()
    }

    fn camera(id: &str, model: &str) -> VisionCamera {
        let source = Source::Pattern { size_px: [64, 64], fps: 1 };
        VisionCamera { id: name(id), source, model: name(model), analyse_hz: 2.0 }
    }

    fn plan() -> VisionPlan {
        let files = |n: u8| ModelFiles {
            description: "model.toml".into(),
            weights: "weights".into(),
            sha256: Sha256::from_bytes([n; 32]),
        };
        let models = [(name("day"), files(1)), (name("night"), files(2))].into();
        VisionPlan {
            version: SEAM_VERSION,
            epoch: 0,
            axis_zero: viahe_core::time::Timestamp::default(),
            threads: 1,
            installed: Installed { models, ..Installed::default() },
            evidence_dir: "evidence".into(),
            cameras: vec![camera("cam-a", "day"), camera("cam-b", "night"), camera("cam-c", "day")],
        }
    }

    #[test]
    fn a_share_has_its_cameras_and_their_models() {
        let share = share(&plan(), |camera| camera.as_str() != "cam-b");
        let ids: Vec<&str> = share.cameras.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["cam-a", "cam-c"]);
        assert_eq!(share.installed.models.keys().map(Name::as_str).collect::<Vec<_>>(), ["day"]);
    }

    #[test]
    fn only_what_changes_the_work_needs_another_worker() {
        let running = plan();
        let with = |change: &dyn Fn(&mut VisionPlan)| {
            let mut wanted = plan();
            change(&mut wanted);
            serves(&running, &wanted)
        };
        assert!(with(&|_| ()));
        assert!(with(&|plan| plan.epoch = 7));
        assert!(with(&|plan| plan.cameras.reverse()));
        assert!(with(&|plan| plan.cameras[0].analyse_hz = 1.0), "it looks often enough");
        assert!(!with(&|plan| plan.cameras[0].analyse_hz = 3.0));
        assert!(!with(&|plan| plan.cameras[0].model = name("night")));
        assert!(!with(&|plan| plan.cameras[0].id = name("cam-d")));
        assert!(!with(&|plan| drop(plan.cameras.pop())));
        assert!(!with(&|plan| plan.cameras.push(camera("cam-d", "day"))));
        assert!(!with(&|plan| plan.threads = 2));
        let other = Source::Pattern { size_px: [64, 64], fps: 2 };
        assert!(!with(&|plan| plan.cameras[0].source = other.clone()));
        let other = Sha256::from_bytes([9; 32]);
        let model = |plan: &mut VisionPlan| {
            plan.installed.models.values_mut().for_each(|files| files.sha256 = other);
        };
        assert!(!with(&model), "a model of the same name");
    }
}
