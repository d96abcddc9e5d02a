//! How the cameras are: what the worker reports of them, told to the centre, the log and the engine.

use super::host::Live;
use super::parts::PlaneError;
use crate::publish::{RulesState, camera_state};
use crate::trouble::Trouble;
use std::collections::BTreeMap;
use viahe_contract::id::WorkerId;
use viahe_contract::message::CameraStatus;
use viahe_core::attention::{Attention, Need};
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::{CameraReport, CameraStats, ModelRun, WorkerStats};
use viahe_core::time::Timestamp;

impl Live {
    /// A worker's counters.
    ///
    /// # Errors
    /// [`PlaneError::PartMissing`] when a model of the plan cannot be used, and never could.
    pub(super) fn worker_stats(
        &mut self,
        worker: WorkerId,
        stats: WorkerStats,
    ) -> Result<Vec<Event>, PlaneError> {
        self.books.metrics.worker(worker, &stats);
        let heard: BTreeMap<Name, CameraStatus> =
            stats.cameras.iter().map(|(camera, of)| (camera.clone(), of.status)).collect();
        let all = self.workers.report(worker, stats);
        self.observer.stats(&all);
        self.troubles.set(Trouble::ModelOutput, of_models(&all.models_wrong));
        let refused = of_models(&all.models_refused);
        if let Some(refused) = &refused
            && self.books.stats.reloads == 0
            && all.models_refused.keys().any(|model| !self.workers.has_looked(model))
        {
            return Err(PlaneError::PartMissing(refused.clone()));
        }
        // Without a classifier things are what the detector says: the box goes on.
        let classifiers = of_models(&all.classifiers_refused);
        let refused = refused.into_iter().chain(classifiers).reduce(|a, b| format!("{a}; {b}"));
        self.troubles.set(Trouble::ModelRefused, refused);
        self.troubles.set(Trouble::ProviderUnused, elsewhere(&all.models));
        self.hear_of_looks(&all, heard.keys());
        let before = std::mem::replace(&mut self.books.totals.worker, all);
        self.tell_new_sizes(&before);
        self.tell_clocks(&before);
        // A report that was lost on the way is made up for.
        let differing: Vec<CameraReport> = heard
            .into_iter()
            .filter(|(camera, status)| {
                let told = self.told.reports.get(camera);
                *status != told.map_or(CameraStatus::Offline, |told| told.status)
            })
            .map(|(camera, status)| {
                let (reason, causes) = (String::new(), Vec::new());
                CameraReport { camera, status, reason, causes }
            })
            .collect();
        Ok(differing.into_iter().filter_map(|report| self.camera(report)).collect())
    }

    /// Do the looks at these cameras come as often as their rules bear?
    fn hear_of_looks<'a>(&mut self, all: &WorkerStats, cameras: impl Iterator<Item = &'a Name>) {
        let now = self.time.monotonic();
        for camera in cameras {
            if let (Some(of), Some(attention)) =
                (all.cameras.get(camera), self.told.attention.get(camera))
            {
                self.below.hear(camera, of, attention.need, now);
            }
        }
    }

    /// How a camera is, as its worker says it. Until it looks at it the camera is about to begin, which is no
    /// warning: a model that cannot be loaded is a trouble of its own.
    pub(super) fn camera_of(&mut self, worker: WorkerId, report: CameraReport) -> Option<Event> {
        let begins = !self.workers.has_begun(worker, &report.camera);
        self.reported(report, begins)
    }

    /// How a camera is.
    pub(super) fn camera(&mut self, report: CameraReport) -> Option<Event> {
        self.reported(report, false)
    }

    fn reported(&mut self, report: CameraReport, begins: bool) -> Option<Event> {
        // A camera that is away says so at each try; once is enough.
        if self.told.reports.get(&report.camera) == Some(&report) {
            return None;
        }
        let (camera, reason) = (&report.camera, &report.reason);
        match report.status {
            CameraStatus::Online if !reason.is_empty() => {
                tracing::warn!(%camera, reason, "online, and not as it should be");
            }
            CameraStatus::Online => tracing::info!(%camera, "online"),
            CameraStatus::Stalled => tracing::warn!(%camera, reason, "stalled"),
            CameraStatus::Offline if begins => tracing::info!(%camera, reason, "not looked at yet"),
            CameraStatus::Offline => tracing::warn!(%camera, reason, "offline"),
        }
        self.books.metrics.camera(&report);
        self.observer.camera(&report);
        self.tell_camera(&report);
        let (camera, status) = (report.camera.clone(), report.status);
        self.told.reports.insert(camera.clone(), report);
        Some(Event::Camera { camera, at: self.time.now(), status })
    }

    /// `…/cam/{camera}/state`.
    pub(super) fn tell_camera(&self, report: &CameraReport) {
        let known = self.books.totals.worker.cameras.get(&report.camera);
        let view = self.told.suspended.get(&report.camera).copied();
        let zone = &self.plan.site.timezone;
        let step = self.time.step(known, zone);
        let attention = self.told.attention.get(&report.camera);
        let rules = RulesState { view, orders: &self.told.orders, attention };
        let mut state = camera_state(report, known, &rules, step, self.time.now(), zone);
        state.quarantine = self.told.quarantined.told(&report.camera, zone);
        if let Some(planned) = self.plan.cameras.iter().find(|c| c.id == report.camera) {
            state.name.clone_from(&planned.name);
            state.position = planned.position;
        }
        self.centre.camera_state(&report.camera, &state);
    }

    /// The states of all cameras, as they were reported last.
    pub(super) fn tell_cameras(&self) {
        self.told.reports.values().for_each(|report| self.tell_camera(report));
    }

    /// A camera goes online before its first numbers are there; its state is told again with them, once its
    /// frame rate is known, and when its streams change.
    fn tell_new_sizes(&self, before: &WorkerStats) {
        let now = &self.books.totals.worker.cameras;
        let changed = |report: &&CameraReport| {
            let [before, now] = [&before.cameras, now].map(|cameras| cameras.get(&report.camera));
            let told = |c: &CameraStats| (c.size_px, c.streams.clone());
            let paced = |c: &CameraStats| c.fps_in > 0.0;
            before.map(told) != now.map(told)
                || now.is_some_and(paced) && !before.is_some_and(paced)
        };
        self.told.reports.values().filter(changed).for_each(|report| self.tell_camera(report));
    }

    /// A camera is looked at so from now on.
    pub(super) fn attend(&mut self, camera: Name, attention: Attention) {
        let Need { looks_hz, gap_max_ms, .. } = attention.need;
        let before = self.told.attention.get(&camera);
        // What comes and goes in a street changes how rarely is enough, many times an hour.
        let gap_alone = before.is_some_and(|before| {
            before.resting == attention.resting && before.need.differs_by_gap_alone(attention.need)
        });
        // A reload tells all of them again.
        if gap_alone {
            tracing::debug!(%camera, gap_max_ms, "looks so far apart are enough for its rules");
        } else if before != Some(&attention) {
            let resting = attention.resting.len();
            tracing::info!(%camera, looks_hz, resting, "its rules ask for this many looks a second");
        }
        self.fleet.attend(&camera, attention.need);
        self.books.metrics.attend(&camera, attention.need);
        if let Some(of) = self.plan.cameras.iter().find(|of| of.id == camera) {
            self.observer.attends(of, &attention);
        }
        let report = self.told.reports.get(&camera).cloned();
        self.told.attention.insert(camera, attention);
        if let Some(report) = report.filter(|_| !gap_alone) {
            self.tell_camera(&report);
        }
    }

    /// The rules of a camera are suspended, or apply again.
    pub(super) fn view_changed(
        &mut self,
        camera: &Name,
        trouble: Option<CameraTrouble>,
        since: Timestamp,
    ) {
        if let Some(trouble) = trouble {
            tracing::warn!(%camera, %trouble, %since, "its rules are suspended: look at it");
            self.told.suspended.insert(camera.clone(), (trouble, since));
        } else {
            tracing::info!(%camera, "its view is as it was; its rules apply again");
            self.told.suspended.remove(camera);
        }
        if let Some(report) = self.told.reports.get(camera) {
            self.tell_camera(report);
        }
    }
}

/// Models that do not run on what the pipeline asks for, and why, in one text.
fn elsewhere(models: &BTreeMap<Name, ModelRun>) -> Option<String> {
    let others = models.iter().filter(|(_, run)| run.asked != run.used);
    let why = |(name, run): (&Name, &ModelRun)| {
        let (asked, used) = (run.asked.title(), run.used.title());
        (name.clone(), format!("it runs on the {used}, though {asked} was asked for: {}", run.why))
    };
    of_models(&others.map(why).collect())
}

/// What is said of models, in one text; none when nothing is.
fn of_models(said: &BTreeMap<Name, String>) -> Option<String> {
    let said: Vec<String> = said.iter().map(|(name, why)| format!("model {name}: {why}")).collect();
    (!said.is_empty()).then(|| said.join("; "))
}
