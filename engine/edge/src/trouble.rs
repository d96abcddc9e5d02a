//! Faults that last: raised once, told everywhere, ended once.
//!
//! Whoever finds that something does not work, and may not for a while, raises a [`Trouble`] with words
//! for people, and ends it when it works again. While it lasts, `/healthz` is `degraded` and gives the
//! words as a reason, the retained `…/status` lists it, and `viahe_trouble{trouble}` is 1. The log has
//! a line when it begins, when its words change and when it ends. So health, log, metric and centre
//! cannot disagree. Not here: what comes and goes with one camera or sensor, which has a state of its own.

use crate::clock;
use crate::redact::redacted;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use viahe_contract::message::{Disaster, Suspension};
use viahe_core::time::Timestamp;

/// What does not work. Few and fixed, so that a time series database can hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The broker has nobody to give incidents to.
    NobodyListens,
    /// The broker cannot be reached, or does not let the box in.
    NoBroker,
    /// The broker takes no incident from the box, or not all.
    IncidentsRefused,
    /// The broker does not take what is told of box and cameras.
    StatesRefused,
    /// The box may not hear the centre's acknowledgements.
    AcksUnheard,
    /// The box does not hear all commands, readings and verdicts, or cannot answer.
    CommandLink,
    /// The broker lacks what the box would use.
    BrokerOffersLess,
    /// Another client uses the box's client id.
    ClientIdTaken,
    /// The disk of the state folder is full, or nearly.
    DiskFull,
    /// The database takes nothing: incidents wait in memory only.
    StoreFailing,
    /// The database, or rows of it, were not what had been written.
    StoreDamaged,
    /// What the box remembered could not be read; what was open is closed.
    StateLost,
    /// Evidence pictures cannot be written.
    EvidenceFailing,
    /// The history for `viahe explain` cannot be written.
    HistoryFailing,
    /// The recording of `viahe record` ended too early.
    RecordingFailing,
    /// Rules say nothing because a command says so.
    RulesSuspended,
    /// A disaster is declared: some rules are patient or silent.
    Disaster,
    /// The broker keeps a command, which is not carried out.
    RetainedCommand,
    /// A model's output is not what its description says.
    ModelOutput,
    /// A model cannot be used as the pipeline wants it.
    ModelRefused,
    /// A model does not run on what the pipeline asks for, but on the processor.
    ProviderUnused,
    /// A candidate model cannot be tried.
    Shadow,
    /// A vision worker was ended because of its memory.
    WorkerMemory,
    /// What a vision worker says does not fit what it was given.
    WorkerRefused,
    /// Cameras are looked at more rarely than their rules bear.
    RulesBelowNeed,
    /// The console does not let the box in.
    ConsoleRefuses,
    /// The console takes no pictures, for long.
    ConsoleAway,
}

impl Trouble {
    /// All there are.
    pub const ALL: [Self; 27] = [
        Self::NobodyListens,
        Self::NoBroker,
        Self::IncidentsRefused,
        Self::StatesRefused,
        Self::AcksUnheard,
        Self::CommandLink,
        Self::BrokerOffersLess,
        Self::ClientIdTaken,
        Self::DiskFull,
        Self::StoreFailing,
        Self::StoreDamaged,
        Self::StateLost,
        Self::EvidenceFailing,
        Self::HistoryFailing,
        Self::RecordingFailing,
        Self::RulesSuspended,
        Self::Disaster,
        Self::RetainedCommand,
        Self::ModelOutput,
        Self::ModelRefused,
        Self::ProviderUnused,
        Self::Shadow,
        Self::WorkerMemory,
        Self::WorkerRefused,
        Self::RulesBelowNeed,
        Self::ConsoleRefuses,
        Self::ConsoleAway,
    ];

    /// In messages and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::NobodyListens => "nobody_listens",
            Self::NoBroker => "no_broker",
            Self::IncidentsRefused => "incidents_refused",
            Self::StatesRefused => "states_refused",
            Self::AcksUnheard => "acks_unheard",
            Self::CommandLink => "command_link",
            Self::BrokerOffersLess => "broker_offers_less",
            Self::ClientIdTaken => "client_id_taken",
            Self::DiskFull => "disk_full",
            Self::StoreFailing => "store_failing",
            Self::StoreDamaged => "store_damaged",
            Self::StateLost => "state_lost",
            Self::EvidenceFailing => "evidence_failing",
            Self::HistoryFailing => "history_failing",
            Self::RecordingFailing => "recording_failing",
            Self::RulesSuspended => "rules_suspended",
            Self::Disaster => "disaster",
            Self::RetainedCommand => "retained_command",
            Self::ModelOutput => "model_output",
            Self::ModelRefused => "model_refused",
            Self::ProviderUnused => "provider_unused",
            Self::Shadow => "shadow",
            Self::WorkerMemory => "worker_memory",
            Self::WorkerRefused => "worker_refused",
            Self::RulesBelowNeed => "rules_below_need",
            Self::ConsoleRefuses => "console_refuses",
            Self::ConsoleAway => "console_away",
        }
    }
}

/// A trouble that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// What.
    pub trouble: Trouble,
    /// What is wrong, and what to do; for people, without secrets.
    pub text: String,
    /// Since when, by the box's clock.
    pub since: Timestamp,
    /// What it silences.
    pub silent: Silent,
}

/// What rules say nothing because of a trouble that is an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silent {
    /// Which, and by whom.
    pub suspensions: Vec<Suspension>,
    /// The disaster that is declared.
    pub disaster: Option<Disaster>,
}

/// All troubles of a box; its clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Troubles(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    lasting: BTreeMap<Trouble, Lasting>,
    /// Goes up with each change.
    revision: u64,
}

impl Troubles {
    /// `trouble` lasts, for the reason in `text`. Saying the same again changes nothing.
    pub fn raise(&self, trouble: Trouble, text: impl AsRef<str>) {
        self.raise_with(trouble, text, Silent::default());
    }

    /// As [`Troubles::raise`], with what it silences.
    pub fn raise_with(&self, trouble: Trouble, text: impl AsRef<str>, silent: Silent) {
        let text = redacted(text.as_ref()).into_owned();
        let mut state = self.state();
        let known = state.lasting.get(&trouble);
        let same_text = known.is_some_and(|known| known.text == text);
        if same_text && known.is_some_and(|known| known.silent == silent) {
            return;
        }
        if !same_text {
            tracing::warn!(trouble = trouble.label(), "{text}");
        }
        let since = state.lasting.get(&trouble).map_or_else(clock::now, |known| known.since);
        state.lasting.insert(trouble, Lasting { trouble, text, since, silent });
        state.revision += 1;
    }

    /// `trouble` is over, if it was there.
    pub fn end(&self, trouble: Trouble) {
        let mut state = self.state();
        if let Some(was) = state.lasting.remove(&trouble) {
            state.revision += 1;
            tracing::info!(trouble = trouble.label(), since = %was.since, "over");
        }
    }

    /// Raises `trouble` with the words in `text`, or ends it when there are none.
    pub fn set(&self, trouble: Trouble, text: Option<impl AsRef<str>>) {
        match text {
            Some(text) => self.raise(trouble, text),
            None => self.end(trouble),
        }
    }

    /// What lasts now.
    pub fn lasting(&self) -> Vec<Lasting> {
        self.state().lasting.values().cloned().collect()
    }

    /// Another number after each change.
    pub fn revision(&self) -> u64 {
        self.state().revision
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_once_and_ends_once() {
        let troubles = Troubles::default();
        let other = troubles.clone();
        troubles.raise(Trouble::NobodyListens, "nobody listens; rtsp://u:p@10.0.0.3/ neither");
        let since = other.lasting()[0].since;
        assert_eq!(other.lasting()[0].text, "nobody listens; rtsp://***@10.0.0.3/ neither");
        troubles.raise(Trouble::NobodyListens, "nobody listens; rtsp://u:p@10.0.0.3/ neither");
        assert_eq!(other.revision(), 1, "the same again");
        troubles.raise(Trouble::NobodyListens, "still nobody");
        assert_eq!((other.revision(), other.lasting()[0].since), (2, since));
        troubles.end(Trouble::NobodyListens);
        troubles.end(Trouble::NobodyListens);
        assert_eq!((other.revision(), other.lasting()), (3, Vec::new()));
    }

    #[test]
    fn labels_are_distinct() {
        let labels: std::collections::BTreeSet<_> = Trouble::ALL.map(Trouble::label).into();
        assert_eq!(labels.len(), Trouble::ALL.len());
    }
}
