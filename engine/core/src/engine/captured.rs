//! A picture that was asked for is on disk, or will never be, or is late.

use super::event::Effect;
use super::machine::Engine;
use crate::artefact::Artefact;
use crate::id::CaptureId;

impl Engine {
    pub(super) fn captured(
        &mut self,
        capture: CaptureId,
        evidence: Option<Artefact>,
        effects: &mut Vec<Effect>,
    ) {
        if self.answer_snapshot(capture, evidence.as_ref(), effects) {
            return;
        }
        let Some(key) = self.memory.take_awaited(capture) else {
            // Asked for by a case that is gone, or answered too late.
            effects.push(Effect::Discard(capture));
            return;
        };
        self.answered(&key, capture, evidence, effects);
    }

    /// What waits for this picture waits no longer. One that nobody waits for any more is no matter.
    pub(super) fn late(&mut self, capture: CaptureId, effects: &mut Vec<Effect>) {
        if let Some(key) = self.memory.note_late(capture) {
            self.unanswered(&key, capture, effects);
        }
    }
}
