//! What was seen, written down: a run from it gives the same incidents.

use crate::history::History;
use crate::record::Recorder;
use std::time::Instant;
use viahe_core::engine::{Engine, Event};

/// History and recording, where there are any.
pub(super) struct Journal {
    recorder: Option<Recorder>,
    history: Option<History>,
}

impl Journal {
    pub(super) fn new(recorder: Option<Recorder>, history: Option<History>) -> Self {
        Self { recorder, history }
    }

    /// Is it recorded what is seen?
    pub(super) fn records(&self) -> bool {
        self.recorder.is_some()
    }

    /// Writes down what is about to be applied.
    pub(super) fn write(&mut self, engine: &Engine, event: &Event) {
        // A picture is no matter of what was seen; whoever replays has pictures of his own, or none.
        if matches!(event, Event::Captured { .. } | Event::Late { .. }) {
            return;
        }
        if let Some(history) = &mut self.history {
            history.write(event, || engine.save().to_text());
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.write(event);
        }
    }

    /// What comes next is seen by other rules.
    pub(super) fn rules_changed(&mut self) {
        if let Some(history) = &mut self.history {
            history.end_segment();
        }
    }

    /// Once a second.
    pub(super) fn tick(&mut self, now: Instant) {
        if let Some(history) = &mut self.history {
            history.tick(now);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.flush();
        }
    }

    /// Somebody is about to read the history.
    pub(super) fn flush_history(&mut self) {
        if let Some(history) = &mut self.history {
            history.flush();
        }
    }

    /// Gives up history; the bytes.
    pub(super) fn give_up(&mut self, bytes: u64) -> u64 {
        self.history.as_mut().map_or(0, |history| history.give_up(bytes))
    }

    /// Why no history is kept, if it should be.
    pub(super) fn history_failing(&self) -> Option<&str> {
        self.history.as_ref().and_then(History::failing)
    }

    /// Why the recording ended too early, if it did.
    pub(super) fn recording_failed(&self) -> Option<&str> {
        self.recorder.as_ref().and_then(Recorder::failed)
    }

    /// Writes of the history that failed.
    pub(super) fn history_errors(&self) -> u64 {
        self.history.as_ref().map_or(0, History::errors)
    }

    /// Writes the rest.
    pub(super) fn finish(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.finish();
        }
    }
}
