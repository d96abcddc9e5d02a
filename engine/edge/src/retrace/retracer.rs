//! The thread: one question at a time.

use super::budget::Budget;
use super::error::RetraceError;
use super::explain::explain;
use super::preview::preview;
use crate::refused::Refused;
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use viahe_contract::id::{CommandId, IncidentId, Name};
use viahe_contract::message::{Refusal, Story, StoryKnown};
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

/// How long an explanation may take; a centre waits a little longer for it.
const EXPLAIN_WITHIN: Duration = Duration::from_secs(15);
/// How long a preview may take; a centre waits a little longer for it.
const PREVIEW_WITHIN: Duration = Duration::from_secs(100);
/// Lowest priority there is: it is worth nothing to who is not looked at because of it.
const NICE: i32 = 19;

/// A question, with the plan that runs.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The command that asks it.
    pub(crate) id: CommandId,
    /// What is known until then is gone through.
    pub(crate) now: Timestamp,
    /// What runs.
    pub(crate) plan: Arc<Plan>,
    /// What is asked.
    pub(crate) question: Question,
}

/// What is asked of the history.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// Why was this told?
    Explain(IncidentId),
    /// What would this plan have told?
    Preview {
        /// As edited.
        then: Arc<Plan>,
        /// Of which camera.
        camera: Name,
        /// So far back.
        back: Duration,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retraced {
    /// The command that asked.
    pub(crate) id: CommandId,
    /// For people, and for programs; or why there is none.
    pub(crate) result: Result<(String, Value), Refused>,
}

impl Job {
    /// Answers it; `stop` ends that.
    pub(crate) fn answered(self, stop: &Arc<AtomicBool>) -> Retraced {
        let result = self.question.answer(&self.plan, self.now, stop);
        let refused = |why: RetraceError| Refused { text: why.to_string(), code: why.code() };
        Retraced { id: self.id, result: result.map_err(refused) }
    }
}

impl Question {
    fn answer(
        &self,
        plan: &Plan,
        now: Timestamp,
        stop: &Arc<AtomicBool>,
    ) -> Result<(String, Value), RetraceError> {
        match self {
            Self::Explain(incident) => {
                let story =
                    explain(plan, incident, now, &Budget::new(EXPLAIN_WITHIN, Arc::clone(stop)))?;
                Ok((in_words(&story), serde_json::to_value(&story)?))
            }
            Self::Preview { then, camera, back } => {
                let back = i64::try_from(back.as_nanos()).unwrap_or(i64::MAX);
                let span = [now.shifted(-back), now];
                let budget = Budget::new(PREVIEW_WITHIN, Arc::clone(stop));
                let preview = preview([plan, then], camera, span, &budget)?;
                let [is, edited] = [&preview.now, &preview.then]
                    .map(|told| told.incidents.len() as u64 + told.left_out);
                let text = format!(
                    "from {} on the rules of {camera} tell {is} incidents, and {edited} as edited",
                    preview.from
                );
                Ok((text, serde_json::to_value(&preview)?))
            }
        }
    }
}

fn in_words(story: &Story) -> String {
    let Story { incident, known_from, .. } = story;
    let from =
        known_from.map_or_else(|| "not known".to_owned(), |from| format!("known from {from} on"));
    match story.known {
        StoryKnown::Whole => format!("why {incident} was told"),
        StoryKnown::Part => format!("why {incident} was told; what was seen is {from}"),
        StoryKnown::None => {
            format!("the history does not reach back to {incident}: what was seen is {from}")
        }
        StoryKnown::Changed => format!(
            "under the pipeline as it is now nothing comes of what was seen: the rule was changed after {incident}"
        ),
    }
}

/// Has questions answered, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Retracer {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    id: CommandId,
    stop: Arc<AtomicBool>,
    answer: Receiver<Retraced>,
}

impl Retracer {
    /// Begins to answer a question.
    ///
    /// # Errors
    /// Why that is not done: another one is being answered, or no thread is to be had.
    pub(crate) fn begin(&mut self, job: Job) -> Result<(), Refused> {
        if self.running.is_some() {
            let why = "another question about the history is being answered; ask again in a minute";
            return Err(Refused::new(Refusal::Busy, why));
        }
        let (id, stop) = (job.id.clone(), Arc::<AtomicBool>::default());
        let (send, answer) = bounded(1);
        let may = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("retrace".into()).spawn(move || {
            give_way();
            // Nobody hears it any more once the box stops.
            let _ = send.send(job.answered(&may));
        });
        thread.map_err(|error| format!("no thread can be started to answer it: {error}"))?;
        self.running = Some(Running { id, stop, answer });
        Ok(())
    }

    /// The answer, once it is there. Whoever asked is answered also when nothing came of it.
    pub(crate) fn answer(&mut self) -> Option<Retraced> {
        let running = self.running.take()?;
        match running.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => {
                self.running = Some(running);
                None
            }
            Err(TryRecvError::Disconnected) => {
                tracing::error!(id = %running.id, "the thread that goes through the history ended");
                let why = "going through the history failed; the log says how".to_owned();
                Some(Retraced { id: running.id, result: Err(why.into()) })
            }
        }
    }

    /// Ends what is being answered, without waiting for it; whose question that is.
    pub(crate) fn give_up(&mut self) -> Option<CommandId> {
        let running = self.running.take()?;
        running.stop.store(true, Ordering::Relaxed);
        Some(running.id)
    }
}

/// This thread gets what nobody else wants of the processor.
fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "the history is gone through at the usual priority");
    }
}
