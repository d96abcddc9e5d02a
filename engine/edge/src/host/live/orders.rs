//! What the event plane does when it is told to: readings and commands.

use super::commands::{Asked, Outcome};
use super::inbound::Inbound;
use super::plane::EventPlane;
use crate::publish::Heard;
use crate::retrace::Question;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::Order;
use viahe_core::engine::{Answer, Command, Event};

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
            Order::Pipeline | Order::Edit { .. } | Order::Revert { .. } => {
                let outcome = self.keep_file(&command);
                self.answer(command, outcome);
            }
            Order::Explain { incident } => {
                let question = Question::Explain(incident.clone());
                self.driver.host_mut().ask(command.id, question);
            }
            Order::Preview { base, edits, camera, minutes } => match self.edited(*base, edits) {
                Ok(plan) => {
                    let back = Duration::from_mins(u64::from(*minutes));
                    let (then, camera) = (Arc::new(plan), camera.clone());
                    let question = Question::Preview { then, camera, back };
                    self.driver.host_mut().ask(command.id, question);
                }
                Err(outcome) => self.answer(command, outcome),
            },
        }
        let (engine, live) = self.driver.parts();
        live.tell_orders(engine);
    }

    /// Answers what no engine carried out.
    fn answer(&mut self, command: Command, outcome: Outcome) {
        let Outcome { told, result } = outcome;
        let refusal = told.as_ref().err().and_then(|refused| refused.code.clone());
        let told = told.map_err(|refused| refused.text);
        let answer = Answer { id: command.id, result: told, evidence: None };
        // Of edits, whoever keeps the file knows which were done; they are too large to be remembered twice.
        if command.order == Order::Reload {
            self.driver.note(command.order, &answer);
        }
        self.driver.host_mut().answer_with(answer, result, refusal);
    }
}
