//! What operators tell the box to do.

use super::command::{Answer, Command, Declared, STANDING_MAX, Snapshot, Standing};
use super::done::Known;
use super::event::{Capture, Effect};
use super::machine::Engine;
use crate::artefact::Artefact;
use crate::id::{CaptureId, CommandId, Name};
use crate::time::Timestamp;
use std::time::Duration;
use viahe_contract::message::{Moment, Order};

/// Highest level of a disaster.
const DISASTER_LEVEL_MAX: u8 = 3;
/// A camera gives an operator one picture in so long: a page that asks without end must not take
/// the time of evidence.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// What is known of an order under this id.
    pub fn known(&self, id: &CommandId, order: &Order) -> Known<'_> {
        self.memory.site.done.known(id, order)
    }

    /// An order that others carried out.
    pub fn note(&mut self, order: Order, answer: &Answer) {
        self.memory.site.done.note(order, answer.clone());
    }

    /// What was noted under this id did not come about after all.
    pub fn forget(&mut self, id: &CommandId) {
        self.memory.site.done.forget(id);
    }

    pub(super) fn command(&mut self, mut command: Command, effects: &mut Vec<Effect>) {
        // Operators mean the clock on the wall.
        command.at = self.memory.site.clock.day_time(command.at);
        let result = match &command.order {
            Order::Snapshot { camera } => match self.snapshot(&command, camera, effects) {
                // Answered when the picture is there.
                Ok(()) => return,
                Err(why) => Err(why),
            },
            Order::Suspend { camera, rule, until } => {
                self.suspend_rules(&command, camera.as_ref(), rule.as_ref(), *until)
            }
            Order::Disaster { level, until } => self.declare(&command, *level, *until),
            // Not of the engine: a recording has no pipeline file and no history.
            Order::Reload
            | Order::Pipeline
            | Order::Edit { .. }
            | Order::Revert { .. }
            | Order::Preview { .. }
            | Order::Explain { .. } => return,
        };
        let Command { id, order, .. } = command;
        let answer = Answer { id, result, evidence: None };
        self.note(order, &answer);
        effects.push(Effect::Answer(answer));
    }

    fn snapshot(
        &mut self,
        command: &Command,
        camera: &Name,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let Some(memory) = self.memory.camera_mut(camera) else {
            return Err(self.no_camera(camera));
        };
        let frame = memory.picture().ok_or_else(|| {
            format!("{camera} has shown nothing yet; try again when it is online")
        })?;
        // A clock that was set back must not make it wait for the old time.
        let last = memory.snapshot_at;
        if command.at >= last && command.at.since(last) < SNAPSHOT_EVERY {
            return Err(format!(
                "a picture of {camera} was asked for less than a second ago; ask again in a second"
            ));
        }
        memory.snapshot_at = command.at;
        let capture = self.next_capture();
        let snapshot = Snapshot { command: command.id.clone(), camera: camera.clone() };
        self.memory.site.snapshots.insert(capture, snapshot);
        effects.push(Effect::Capture(Capture {
            id: capture,
            camera: camera.clone(),
            seq: frame.seq,
            moment: Moment::Commanded,
        }));
        Ok(())
    }

    fn no_camera(&self, camera: &Name) -> String {
        let ids: Vec<&str> = self.plan.cameras.iter().map(|c| c.id.as_str()).collect();
        format!("there is no camera {camera}; there are {}", ids.join(", "))
    }

    /// Answers a command whose picture this is.
    pub(super) fn answer_snapshot(
        &mut self,
        capture: CaptureId,
        evidence: Option<&Artefact>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(snapshot) = self.memory.site.snapshots.remove(&capture) else { return false };
        let result = match evidence {
            Some(_) => Ok("picture taken".to_owned()),
            None => Err("the frame was gone or could not be written; try again".to_owned()),
        };
        let answer = Answer { id: snapshot.command, result, evidence: evidence.cloned() };
        self.note(Order::Snapshot { camera: snapshot.camera }, &answer);
        effects.push(Effect::Answer(answer));
        true
    }

    fn suspend_rules(
        &mut self,
        command: &Command,
        camera: Option<&Name>,
        rule: Option<&Name>,
        until: Timestamp,
    ) -> Result<String, String> {
        if let Some(camera) = camera
            && !self.plan.cameras.iter().any(|c| c.id == *camera)
        {
            return Err(self.no_camera(camera));
        }
        self.within_a_day(command, until)?;
        let told = self.local(until);
        let lifted = until <= command.at;
        let standing = Standing::new(command, until);
        let cameras =
            self.memory.cameras.iter_mut().filter(|c| camera.is_none_or(|id| c.id == *id));
        let of_cameras = cameras.flat_map(|c| c.rules.iter_mut());
        let of_site = self.memory.site.rules.iter_mut().filter(|_| camera.is_none());
        let mut count = 0;
        for memory in of_cameras.chain(of_site).filter(|m| rule.is_none_or(|id| m.id == *id)) {
            memory.suspended = (!lifted).then(|| standing.clone());
            count += 1;
        }
        let rules = if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") };
        match (count, rule) {
            (0, Some(rule)) => Err(format!("there is no rule {rule} here; see the pipeline file")),
            (0, None) => Err("there are no rules here".to_owned()),
            (_, _) if lifted => Ok(format!("{rules} not suspended any more")),
            _ => Ok(format!("{rules} suspended until {told}")),
        }
    }

    fn declare(
        &mut self,
        command: &Command,
        level: u8,
        until: Option<Timestamp>,
    ) -> Result<String, String> {
        if level > DISASTER_LEVEL_MAX {
            return Err(format!("there is no level {level}; use 0 (none) to {DISASTER_LEVEL_MAX}"));
        }
        if level == 0 {
            self.memory.site.disaster = None;
            return Ok("no disaster any more".to_owned());
        }
        let until = until.unwrap_or_else(|| command.at.plus(STANDING_MAX));
        self.within_a_day(command, until)?;
        let told = self.local(until);
        if until <= command.at {
            let now = self.local(command.at);
            return Err(format!("`until` {told} is over: by the box's clock it is {now}"));
        }
        self.memory.site.disaster =
            Some(Declared { level, standing: Standing::new(command, until) });
        Ok(format!("disaster level {level} until {told}; give it again to go on"))
    }

    /// Whoever orders rules to be silent must say so again every day.
    fn within_a_day(&self, command: &Command, until: Timestamp) -> Result<(), String> {
        let latest = command.at.plus(STANDING_MAX);
        if until <= latest {
            return Ok(());
        }
        let (until, now, latest) = (self.local(until), self.local(command.at), self.local(latest));
        Err(format!(
            "`until` {until} is more than 24 h away: by the box's clock it is {now}; set it to \
             {latest} at most, and give the command again before then to go on"
        ))
    }

    /// As told to people: with the site's offset.
    fn local(&self, at: Timestamp) -> String {
        at.rfc3339(&self.plan.site.timezone)
    }
}
