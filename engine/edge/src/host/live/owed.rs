//! What is owed to the disk: revisions, the answers that wait until it has them, and the state.

use super::outside::Storage;
use super::parts::PlaneError;
use crate::publish::Said;
use crate::store::{FILE_NAME, OutboxRow, StoreError};
use std::path::Path;
use std::time::{Duration, Instant};
use viahe_contract::id::IncidentId;
use viahe_core::incident::Revision;

/// The state is saved at least this often, with or without an incident: so much of a dwell is
/// lost with the power.
/// Each save is a sync to flash memory that has to last for years.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// First and longest wait after the store took nothing.
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];

/// The store, and what it is to get.
pub(super) struct Owed {
    pub(super) store: Box<dyn Storage>,
    /// Revisions that are to be committed.
    pub(super) rows: Vec<(OutboxRow, Revision)>,
    /// Answers to commands that changed something; they wait for the next commit.
    pub(super) replies: Vec<Said>,
    /// What the store knows as open was held against what the engine knows.
    pub(super) forgotten_closed: bool,
    saved_at: Instant,
    /// After the store took nothing.
    retry: Option<Retry>,
}

#[derive(Clone, Copy)]
struct Retry {
    at: Instant,
    /// Longer each time.
    waited: Duration,
}

impl Owed {
    pub(super) fn new(store: Box<dyn Storage>, now: Instant) -> Self {
        Self {
            store,
            rows: Vec::new(),
            replies: Vec::new(),
            forgotten_closed: false,
            saved_at: now,
            retry: None,
        }
    }

    /// Is there anything to commit, and is it time?
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let save = self.retry.is_some() || now.duration_since(self.saved_at) >= SAVE_EVERY;
        let due = save || !self.rows.is_empty() || !self.replies.is_empty();
        due && self.retry.is_none_or(|retry| now >= retry.at)
    }

    /// Nothing waits for a disk that takes nothing.
    pub(super) fn is_taken(&self) -> bool {
        self.retry.is_none() && self.store.held().is_empty()
    }

    pub(super) fn rows(&self) -> Vec<OutboxRow> {
        self.rows.iter().map(|(row, _)| row.clone()).collect()
    }

    /// Incidents of which something waits to be committed.
    pub(super) fn incidents(&self) -> impl Iterator<Item = &IncidentId> {
        self.rows.iter().map(|(row, _)| &row.incident)
    }

    pub(super) fn committed(&mut self, now: Instant) {
        self.saved_at = now;
        self.retry = None;
    }

    /// It took nothing: for how long nothing is tried now.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        let [first, longest] = RETRY_AFTER;
        let waited = self.retry.map_or(first, |retry| (retry.waited * 2).clamp(first, longest));
        self.retry = Some(Retry { at: now + waited, waited });
        waited
    }

    /// There is hope: no need to wait any longer.
    pub(super) fn no_need_to_wait(&mut self, now: Instant) {
        self.retry = self.retry.map(|retry| Retry { at: now, ..retry });
    }

    /// The disk looks bad: it is tried now, not only with the next incident.
    pub(super) fn try_at_once(&mut self, now: Instant) {
        self.retry.get_or_insert(Retry { at: now, waited: Duration::ZERO });
    }

    /// # Errors
    /// [`StoreError::Corrupt`] when damage was found while the file was read.
    pub(super) fn check(&self, state_dir: &Path) -> Result<(), PlaneError> {
        match self.store.held().corrupt() {
            Some(detail) => {
                let path = state_dir.join(FILE_NAME);
                Err(StoreError::Corrupt { path, detail }.into())
            }
            None => Ok(()),
        }
    }
}
