//! What the event plane does when it is told to: readings, commands, a new pipeline.

use super::commands::{Asked, Outcome};
use super::inbound::Inbound;
use super::plane::EventPlane;
use crate::fleet::{FleetOptions, vision_plan};
use crate::publish::Heard;
use std::sync::Arc;
use viahe_contract::message::Order;
use viahe_core::engine::{Answer, Command, Event};
use viahe_core::plan::{EngineOptions, Plan};

impl EventPlane {
    /// A message over MQTT.
    pub(super) fn heard(&mut self, mut heard: Heard) {
        let (engine, live) = self.driver.parts();
        heard.at = live.time.at(heard.at);
        let now = live.time.monotonic();
        match live.inbox.read(&live.plan, engine, heard, now) {
            // What is not saved any more is not taken either.
            Inbound::Events(_) if self.stopping => {}
            Inbound::Events(events) => {
                live.books.stats.readings += events.len() as u64;
                self.apply_all(events);
            }
            Inbound::Command(Asked::Do(command)) if self.stopping => live.refuse(command.id),
            Inbound::Command(Asked::Do(command)) => self.command(command),
            Inbound::Command(Asked::Said(said)) => said.into_iter().for_each(|said| live.say(said)),
        }
        self.driver.host_mut().tell_kept_commands(now);
    }

    fn command(&mut self, command: Command) {
        self.driver.host_mut().log_command(&command);
        match &command.order {
            Order::Snapshot { .. } | Order::Suspend { .. } | Order::Disaster { .. } => {
                self.apply(Event::Command(command));
            }
            Order::Reload => {
                let outcome = self.reload().into();
                self.answer(command, outcome);
            }
            Order::Pipeline
            | Order::Edit { .. }
            | Order::Revert { .. }
            | Order::Preview { .. }
            | Order::Explain { .. } => {
                let name = command.order.name();
                let why = format!("this box does not carry out {name} yet; update viahe on it");
                self.answer(command, Err(why).into());
            }
        }
        let (engine, live) = self.driver.parts();
        live.tell_orders(engine);
    }

    /// Answers what no engine carried out; what changed something is done once.
    fn answer(&mut self, command: Command, outcome: Outcome) {
        let Outcome { told, result } = outcome;
        let answer = Answer { id: command.id, result: told, evidence: None };
        if command.order.changes() {
            self.driver.note(command.order, &answer);
        }
        self.driver.host_mut().answer_with(answer, result);
    }

    /// Reads the pipeline again, if somebody on the box asked for it.
    pub(super) fn reload_if_asked(&mut self) {
        let reload = self.driver.host().reload.as_ref();
        if reload.is_some_and(|reload| reload.asked.try_recv().is_ok()) {
            match self.reload() {
                Ok(text) => tracing::info!("{text}"),
                Err(text) => tracing::error!(text, "the pipeline that runs goes on"),
            }
        }
    }

    /// Goes on under the pipeline as it is now on disk, or says why not and goes on as before.
    fn reload(&mut self) -> Result<String, String> {
        let live = self.driver.host_mut();
        let Some(reload) = &live.reload else {
            return Err("this run has no pipeline file to read again".into());
        };
        let read = (reload.load)().and_then(|plan| {
            let restart = needs_restart(&live.plan, &plan);
            if !restart.is_empty() {
                return Err(format!("restart viahe to change {}", restart.join(", ")));
            }
            let workers = live.fleet.workers_for(&plan);
            let vision = vision_plan(&plan, &live.tuned, workers).map_err(|missing| {
                missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })?;
            Ok((Arc::new(plan), vision.recorded(live.journal.records())))
        });
        let (plan, vision) = match read {
            Ok(read) => read,
            Err(why) => {
                live.books.stats.reloads_refused += 1;
                return Err(why);
            }
        };
        let before = live.seats();
        live.plan = Arc::clone(&plan);
        let Ok(()) = self.driver.reload(Arc::clone(&plan));
        let live = self.driver.host_mut();
        live.fleet.apply(&vision, FleetOptions::of(&plan));
        let lost = live.fleet_changed(&before);
        live.journal.rules_changed();
        live.books.stats.reloads += 1;
        self.apply_all(lost);
        Ok("the pipeline was read again".into())
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
