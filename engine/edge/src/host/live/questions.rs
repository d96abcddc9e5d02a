//! Questions about the history: answered beside this thread, and told once the answer is there.

use super::host::Live;
use crate::retrace::{Job, Question, Retraced};
use std::sync::Arc;
use viahe_contract::id::CommandId;
use viahe_core::engine::Answer;

impl Live {
    /// Has a question of a command answered. What was seen until now is on the disk before.
    pub(super) fn ask(&mut self, id: CommandId, question: Question) {
        self.journal.flush_history();
        let (now, plan) = (self.time.now(), Arc::clone(&self.plan));
        if let Err(why) = self.retracer.begin(Job { id: id.clone(), now, plan, question }) {
            // It has no picture, so nothing more comes of it.
            let answer = Answer { id, result: Err(why.text), evidence: None };
            self.answer_with(answer, None, why.code);
        }
    }

    /// Tells an answer that has come.
    pub(super) fn hear_retraced(&mut self) {
        let Some(Retraced { id, result }) = self.retracer.answer() else { return };
        let (told, result, refusal) = match result {
            Ok((text, result)) => (Ok(text), Some(result), None),
            Err(why) => (Err(why.text), None, why.code),
        };
        self.answer_with(Answer { id, result: told, evidence: None }, result, refusal);
    }

    /// Nobody waits for an answer any more: the box stops.
    pub(super) fn give_up_retracing(&mut self) {
        // It may have come a moment ago.
        self.hear_retraced();
        if let Some(id) = self.retracer.give_up() {
            self.refuse(id);
        }
    }
}
