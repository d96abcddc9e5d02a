//! What operators tell the box to do, and its answers.

use super::{Capture, CaptureId, Effect, Engine};
use crate::id::Name;
use crate::incident::{Evidence, EvidenceKind};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Highest level of a disaster.
const DISASTER_LEVEL_MAX: u8 = 3;

/// A command, with when it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Told with the answer.
    pub id: String,
    /// When it came, by the box's clock.
    pub at: Timestamp,
    /// What is to be done.
    pub order: Order,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Take a picture of the newest frame.
    Snapshot {
        /// Of this camera.
        camera: Name,
    },
    /// Be silent until a time; now or earlier lifts it.
    Suspend {
        /// Of this camera; without it, of the site and all cameras.
        camera: Option<Name>,
        /// This rule; without it, all of them.
        rule: Option<Name>,
        /// Until then.
        until: Timestamp,
    },
    /// Declare a disaster of this level, or its end with 0.
    Disaster {
        /// 0 to 3.
        level: u8,
    },
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Of the command.
    pub id: String,
    /// For people: what was done, or why not and what to do.
    pub result: Result<String, String>,
    /// The picture that was asked for.
    pub evidence: Option<Evidence>,
}

impl Engine {
    pub(super) fn command(&mut self, command: Command, effects: &mut Vec<Effect>) {
        let Command { id, at, order } = command;
        let result = match order {
            Order::Snapshot { camera } => match self.snapshot(&id, &camera, effects) {
                // Answered when the picture is there.
                Ok(()) => return,
                Err(why) => Err(why),
            },
            Order::Suspend { camera, rule, until } => {
                self.suspend_rules(camera.as_ref(), rule.as_ref(), at, until)
            }
            Order::Disaster { level } => {
                if level > DISASTER_LEVEL_MAX {
                    Err(format!("there is no level {level}; use 0 (none) to {DISASTER_LEVEL_MAX}"))
                } else {
                    self.memory.disaster_level = level;
                    Ok(format!("disaster level {level}"))
                }
            }
        };
        effects.push(Effect::Answer(Answer { id, result, evidence: None }));
    }

    fn snapshot(
        &mut self,
        id: &str,
        camera: &Name,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let memory = self.memory.cameras.iter().find(|c| c.id == *camera);
        let memory = memory.ok_or_else(|| self.no_camera(camera))?;
        let frame = memory.frame.ok_or_else(|| {
            format!("{camera} has shown nothing yet; try again when it is online")
        })?;
        let capture = self.next_capture();
        self.memory.commanded.insert(capture, id.to_owned());
        effects.push(Effect::Capture(Capture {
            id: capture,
            camera: camera.clone(),
            seq: frame.seq,
            kind: EvidenceKind::Commanded,
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
        evidence: Option<&Evidence>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(id) = self.memory.commanded.remove(&capture) else { return false };
        let result = match evidence {
            Some(_) => Ok("picture taken".to_owned()),
            None => Err("the frame was gone or could not be written; try again".to_owned()),
        };
        effects.push(Effect::Answer(Answer { id, result, evidence: evidence.cloned() }));
        true
    }

    fn suspend_rules(
        &mut self,
        camera: Option<&Name>,
        rule: Option<&Name>,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<String, String> {
        if let Some(camera) = camera
            && !self.plan.cameras.iter().any(|c| c.id == *camera)
        {
            return Err(self.no_camera(camera));
        }
        let cameras =
            self.memory.cameras.iter_mut().filter(|c| camera.is_none_or(|id| c.id == *id));
        let of_cameras = cameras.flat_map(|c| c.rules.iter_mut());
        let of_site = self.memory.site_rules.iter_mut().filter(|_| camera.is_none());
        let mut count = 0;
        for memory in of_cameras.chain(of_site).filter(|m| rule.is_none_or(|id| m.id == *id)) {
            memory.suspended_until = until;
            count += 1;
        }
        match (count, rule) {
            (0, Some(rule)) => Err(format!("there is no rule {rule} here; see the pipeline file")),
            (0, None) => Err("there are no rules here".to_owned()),
            (_, _) if until > at => Ok(format!("{count} rules suspended until {until}")),
            _ => Ok(format!("{count} rules not suspended any more")),
        }
    }
}
