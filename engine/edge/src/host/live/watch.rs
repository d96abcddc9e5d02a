//! What is known of the disk, and how much may be given up for a commit.

use crate::store::StoreError;
use std::time::Instant;

/// How much may be given up for one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// A few steps; the next try is soon.
    Some,
    /// All, before the last words are lost.
    All,
}

impl Price {
    pub(super) fn steps(self) -> usize {
        match self {
            Self::Some => 8,
            Self::All => usize::MAX,
        }
    }
}

/// What is known of the disk.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// There was too little room, and it is not ample yet.
    pub(super) low: bool,
    /// Bytes of our own given up so far.
    pub(super) given_up: u64,
    /// Why the last commit failed.
    pub(super) store: Option<String>,
    /// Why pictures cannot be written.
    pub(super) evidence: Option<String>,
    pub(super) probed_at: Option<Instant>,
    /// Times that a picture met a disk that does not take it.
    pub(super) evidence_errors: u64,
}

impl Watch {
    /// How the last commit ended.
    pub(super) fn committed(&mut self, error: Option<&StoreError>) {
        self.store = error.map(|error| match error.fault() {
            Some(fault) => format!("{fault}; {}", fault.remedy()),
            None => error.to_string(),
        });
    }
}
