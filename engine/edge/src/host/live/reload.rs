//! A new pipeline, taken up while all goes on.

use super::plane::EventPlane;
use crate::fleet::{FleetOptions, vision_plan};
use crate::refused::Refused;
use crate::vision::share::Share;
use std::sync::Arc;
use viahe_contract::message::Refusal;
use viahe_core::plan::{EngineOptions, Plan};

/// A pipeline that can be gone on under, and what workers are to look at then.
pub(super) struct Ready {
    plan: Arc<Plan>,
    vision: Share,
}

impl EventPlane {
    /// Reads the pipeline again, if somebody on the box asked for it.
    pub(super) fn reload_if_asked(&mut self) {
        let reload = self.driver.host().reload.as_ref();
        if reload.is_some_and(|reload| reload.asked.try_recv().is_ok()) {
            match self.reload() {
                Ok(text) => tracing::info!("{text}"),
                Err(why) => tracing::error!(text = why.text, "the pipeline that runs goes on"),
            }
        }
    }

    /// Goes on under the pipeline as it is now on disk, or says why not and goes on as before.
    pub(super) fn reload(&mut self) -> Result<String, Refused> {
        let Some(reload) = &self.driver.host().reload else {
            let why = "this run has no pipeline file to read again";
            return Err(Refused::new(Refusal::NoFile, why));
        };
        match (reload.load)().map_err(Refused::from).and_then(|plan| self.ready(plan)) {
            Ok(ready) => {
                self.go_on(ready);
                Ok("the pipeline was read again".into())
            }
            Err(why) => {
                self.driver.host_mut().books.stats.reloads_refused += 1;
                Err(why)
            }
        }
    }

    /// Can this be gone on under?
    pub(super) fn ready(&self, plan: Plan) -> Result<Ready, Refused> {
        let live = self.driver.host();
        let restart = needs_restart(&live.plan, &plan);
        if !restart.is_empty() {
            let text = format!("restart viahe to change {}", restart.join(", "));
            return Err(Refused::new(Refusal::NeedsRestart { of: restart }, text));
        }
        let workers = live.fleet.workers_for(&plan);
        let vision = vision_plan(&plan, &live.tuned, workers).map_err(|missing| {
            let why: Vec<String> = missing.iter().map(ToString::to_string).collect();
            Refused::new(Refusal::ModelMissing, why.join("; "))
        })?;
        let vision = vision.recorded(live.journal.records());
        Ok(Ready { plan: Arc::new(plan), vision })
    }

    /// Goes on under another pipeline.
    pub(super) fn go_on(&mut self, Ready { plan, vision }: Ready) {
        let live = self.driver.host_mut();
        let before = live.seats();
        live.plan = Arc::clone(&plan);
        let Ok(()) = self.driver.reload(Arc::clone(&plan));
        let live = self.driver.host_mut();
        live.fleet.apply(&vision, FleetOptions::of(&plan));
        live.shadow.iter().for_each(|keeper| keeper.goes_on(&plan));
        let lost = live.fleet_changed(&before);
        live.journal.rules_changed();
        live.books.stats.reloads += 1;
        self.apply_all(lost);
    }
}

/// What of a new plan cannot be taken up while running.
fn needs_restart(old: &Plan, new: &Plan) -> Vec<String> {
    let mut all = Vec::new();
    let mut note = |differs: bool, what: &str| {
        if differs {
            all.push(what.to_owned());
        }
    };
    note(old.site.id != new.site.id, "the site's id");
    note(old.mqtt != new.mqtt, "[mqtt]");
    note(old.console != new.console, "[console]");
    let EngineOptions { state_dir, listen, evidence_bytes_max, history_bytes_max, .. } =
        &old.engine;
    note(*state_dir != new.engine.state_dir, "state_dir");
    note(*listen != new.engine.listen, "listen");
    note(*evidence_bytes_max != new.engine.evidence_bytes_max, "evidence_max_mb");
    note(*history_bytes_max != new.engine.history_bytes_max, "history_mb");
    note(old.engine.lateness != new.engine.lateness, "lateness_secs");
    let topics = |plan: &Plan| plan.sensors.iter().map(|s| s.topic.clone()).collect::<Vec<_>>();
    note(topics(old) != topics(new), "topics of sensors");
    all
}
