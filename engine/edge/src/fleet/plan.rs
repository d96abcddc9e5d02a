//! What vision workers need of a plan.

use super::assign::workers_for;
use crate::clock;
use crate::evidence::evidence_dir;
use crate::models::{Installed, Locations, ModelError};
use crate::tune::{self, Tuned};
use crate::vision::shadow::shadow_dir;
use crate::vision::share::Share;
use crate::vision::supervise::Launch;
use std::collections::{BTreeMap, BTreeSet};
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_core::attention::Need;
use viahe_core::plan::{Camera, Plan};
use viahe_core::region::areas;
use viahe_core::seam::{ModelFiles, ProcessPlan, Refine, SEAM_VERSION, VisionCamera};
use viahe_core::tune::Running;

/// Where the parts lie that the vision workers of a plan need.
///
/// # Errors
/// [`ModelError`], of all that are missing or wrong.
pub fn installed(plan: &Plan) -> Result<Installed, Vec<ModelError>> {
    let locations = Locations::discover(Some(&plan.folder)).map_err(|e| vec![e])?;
    let models = plan.cameras.iter().map(|c| &c.model);
    let installed = locations.installed_for(models, plan.engine.provider);
    match (installed, classifiers(plan, &locations)) {
        (Ok(installed), Ok(classifiers)) => Ok(Installed { classifiers, ..installed }),
        (one, other) => Err(one.err().into_iter().chain(other.err()).flatten().collect()),
    }
}

/// The part of a plan that vision workers need, of whom there are so many.
///
/// # Errors
/// [`ModelError`], of all that are missing or wrong.
pub fn vision_plan(plan: &Plan, tuned: &Tuned, workers: usize) -> Result<Share, Vec<ModelError>> {
    let installed = installed(plan)?;
    let models = installed.in_precisions(&tuned.precisions);
    let Installed { library, taxonomies, classifiers, .. } = installed;
    let refine =
        |name: &Name| Some(Refine { name: name.clone(), files: classifiers.get(name)?.clone() });
    let camera = |camera: &Camera| VisionCamera {
        refine: camera.refine.iter().filter_map(refine).collect(),
        id: camera.id.clone(),
        source: camera.source.clone(),
        substream: camera.substream.clone(),
        model: camera.model.clone(),
        // The engine says what it needs before any worker looks.
        need: Need::NONE,
        areas: areas(camera),
        closely: camera.regions,
        confidence_min: camera.confidence_min(),
        recorded: false,
    };
    let (threads, running) = threads(plan.engine.threads, tuned, workers);
    Ok(Share {
        process: ProcessPlan {
            version: SEAM_VERSION,
            axis_zero: clock::axis_zero(),
            threads,
            running,
            provider: plan.engine.provider,
            library,
            taxonomies,
            evidence_dir: evidence_dir(&plan.engine.state_dir),
            shadow_dir: Some(shadow_dir(&plan.engine.state_dir)),
        },
        models,
        cameras: plan.cameras.iter().map(|c| (c.id.clone(), camera(c))).collect(),
    })
}

/// Where the classifiers of a plan lie.
fn classifiers(
    plan: &Plan,
    locations: &Locations,
) -> Result<BTreeMap<Name, ModelFiles>, Vec<ModelError>> {
    let names: BTreeSet<&Name> = plan.cameras.iter().flat_map(|camera| &camera.refine).collect();
    let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
    for name in names {
        match locations.load_classifier(name) {
            Ok((_, files)) => drop(found.insert(name.clone(), files)),
            Err(error) => missing.push(error),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(missing) }
}

/// Inference threads of one of so many workers, and how it runs its models. The pipeline wins over what was
/// measured.
fn threads(
    asked: Option<usize>,
    tuned: &Tuned,
    workers: usize,
) -> (usize, BTreeMap<Sha256, Running>) {
    if let Some(threads) = asked {
        return (threads, BTreeMap::new());
    }
    let running = tuned.of_worker(workers);
    (running.values().map(|run| run.sessions).max().unwrap_or(1), running)
}

/// How many workers there are for so many cameras, where a plan asks for so many or for none.
pub(super) fn workers(launch: &Launch, cameras: usize, asked: Option<usize>) -> usize {
    let asked = match launch {
        Launch::Process { .. } => asked,
        // All in one process, where several would gain nothing.
        Launch::InProcess(_) => Some(1),
    };
    workers_for(cameras, tune::cores(), asked)
}

/// How the models of a plan are to be run on this box by the processes that are usual, by what was measured on
/// it. What is missing for that is told by [`vision_plan`].
pub fn tuned(plan: &Plan) -> Tuned {
    tuned_for(plan, workers_for(plan.cameras.len(), tune::cores(), plan.engine.workers))
}

/// As [`tuned`], by so many workers.
pub(crate) fn tuned_for(plan: &Plan, workers: usize) -> Tuned {
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
    use viahe_core::tune::Setting;

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

    #[test]
    fn threads_are_the_pipelines_or_what_was_measured_or_one() {
        let sha256 = |n: u8| Sha256::from_bytes([n; 32]);
        let running = [(sha256(1), Setting::plain(4)), (sha256(2), Setting::plain(6))].into();
        let tuned = Tuned { running, ..Tuned::default() };
        let of = |asked, workers| {
            let (threads, running) = threads(asked, &tuned, workers);
            (threads, running.len())
        };
        assert_eq!([of(None, 1), of(None, 2)], [(6, 2), (3, 2)]);
        assert_eq!([of(None, 3), of(None, 4), of(None, 5)], [(2, 1), (1, 0), (1, 0)]);
        assert_eq!(of(Some(8), 2), (8, 0));
        assert_eq!(threads(None, &Tuned::default(), 2).0, 1);
    }

    #[test]
    fn there_is_one_worker_where_all_is_one_process() {
        let process = Launch::Process { program: "viahe".into(), args: Vec::new() };
        assert_eq!(workers(&process, 20, Some(3)), 3);
        assert_eq!(workers(&Launch::InProcess(|_, _| ()), 20, Some(3)), 1);
        assert_eq!(workers(&Launch::InProcess(|_, _| ()), 0, None), 0);
    }
}
