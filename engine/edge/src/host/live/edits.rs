//! The pipeline file, told and changed by order of the centre.
//!
//! All that can refuse a change is asked before the file is touched: the reader, what needs a restart, what
//! the box has no model for. So what was written is what runs.

use super::commands::Outcome;
use super::plane::EventPlane;
use crate::clerk::{Change, Clerk, Reason, Refusal};
use crate::refused::Refused;
use serde::Serialize;
use viahe_contract::message::{self, Edit, Edited, Order};
use viahe_contract::sha256::Sha256;
use viahe_core::engine::Command;
use viahe_core::plan::Plan;

impl EventPlane {
    /// Carries out an order that is about the pipeline file.
    pub(super) fn keep_file(&mut self, command: &Command) -> Outcome {
        match &command.order {
            Order::Edit { base, edits, why, check } => {
                self.change(command, (*base, Change::Edits(edits)), why, *check)
            }
            Order::Revert { base, to, why, check } => {
                self.change(command, (*base, Change::Back(to)), why, *check)
            }
            _ => self.tell_file(),
        }
    }

    fn tell_file(&self) -> Outcome {
        let live = self.driver.host();
        let zone = &live.plan.site.timezone;
        let site = self.clerk().and_then(|clerk| clerk.site(zone).map_err(Refused::from));
        match site {
            Ok(site) => outcome(Ok(format!("{} cameras", site.cameras.len())), &site),
            Err(why) => Outcome::refused(why),
        }
    }

    fn clerk(&self) -> Result<&Clerk, Refused> {
        let clerk = self.driver.host().reload.as_ref().and_then(|reload| reload.clerk.as_deref());
        let why = "this run has no pipeline file that could be edited";
        clerk.ok_or_else(|| Refused::new(message::Refusal::NoFile, why))
    }

    /// What would run after these edits of the file, which stays as it is.
    ///
    /// # Errors
    /// What is answered instead.
    pub(super) fn edited(&self, base: Sha256, edits: &[Edit]) -> Result<Plan, Outcome> {
        let clerk = self.clerk().map_err(Outcome::refused)?;
        let draft = clerk.draft(base, Change::Edits(edits), &self.driver.host().plan);
        draft.map(|draft| draft.plan).map_err(|refusal| refused(refusal, false))
    }

    fn change(
        &mut self,
        command: &Command,
        (base, change): (Sha256, Change<'_>),
        why: &str,
        check: bool,
    ) -> Outcome {
        let clerk = match self.clerk() {
            Ok(clerk) => clerk,
            Err(why) => return Outcome::refused(why),
        };
        if let Some(version) = clerk.done(&command.id) {
            return outcome(Ok("it was done already".to_owned()), &Edited::nothing(version));
        }
        let draft = match clerk.draft(base, change, &self.driver.host().plan) {
            Ok(draft) => draft,
            Err(refusal) => return refused(refusal, check),
        };
        let version = draft.edited.version;
        let ready = match self.ready(draft.plan.clone()) {
            Ok(ready) => ready,
            Err(why) => return Outcome::refused(why),
        };
        if check {
            return outcome(Ok("it can be".to_owned()), &draft.edited);
        }
        if version == base {
            return outcome(Ok("nothing is different".to_owned()), &draft.edited);
        }
        let (by, why) = (command.by.clone(), why.to_owned());
        let at = self.driver.host().time.now();
        let reason = Reason { command: command.id.clone(), by, why, at };
        let written = self.clerk().and_then(|clerk| clerk.write(&draft, &reason));
        if let Err(why) = written {
            return Outcome::refused(why);
        }
        self.go_on(ready);
        let Reason { by, why, .. } = reason;
        tracing::info!(%version, by, why, "the pipeline file was changed by order");
        outcome(Ok("the pipeline was changed and read again".to_owned()), &draft.edited)
    }
}

/// What came of an order, as an answer has it.
fn outcome(told: Result<String, Refused>, result: &impl Serialize) -> Outcome {
    // Strings, finite numbers and maps with text keys: cannot fail.
    Outcome { told, result: serde_json::to_value(result).ok() }
}

/// A check that finds something wrong has done what it was to do.
fn refused(refusal: Refusal, check: bool) -> Outcome {
    match refusal {
        Refusal::Conflict(now) => {
            let why = "conflict: the pipeline file has another version now; look at it again, and edit that";
            let refused = Refused::new(message::Refusal::Conflict, why);
            outcome(Err(refused), &Edited::nothing(now))
        }
        Refusal::Wrong(edited) if check => outcome(Ok("it cannot be".to_owned()), &edited),
        Refusal::Wrong(edited) => {
            let first = edited.problems.first();
            let first = first.map(|p| format!(": {}: {}; {}", p.field, p.text, p.remedy));
            let why = format!("the pipeline would be wrong{}", first.unwrap_or_default());
            let refused = Refused::new(message::Refusal::WouldBeWrong, why);
            outcome(Err(refused), &edited)
        }
        Refusal::Other(why) => Outcome::refused(why),
    }
}
