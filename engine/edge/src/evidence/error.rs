//! What can go wrong with evidence, and what to do about it.

use crate::disk::Fault;
use std::io;
use std::path::PathBuf;
use viahe_contract::id::CaptureId;
use viahe_contract::sha256::Sha256;

/// Pictures that may wait for a decision.
pub(super) const PENDING_MAX: usize = 1024;

/// What evidence could not be kept, and why.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The disk has no room.
    #[error("{path:?}: no space left; free some, or lower the budget of evidence")]
    Full {
        /// What was to be written.
        path: PathBuf,
    },
    /// A file or folder cannot be used.
    #[error("{path:?} cannot be {what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The capture was never stored, or was discarded; or its picture was kept and has since been removed.
    #[error("capture {0} is not pending")]
    NotPending(CaptureId),
    /// Too many captures wait for a decision.
    #[error("{PENDING_MAX} captures are pending; promote or discard some first")]
    TooManyPending,
    /// All that is there is needed by incidents.
    #[error(
        "evidence of incidents that are open or wait, or that the console does not have yet, fills the budget; \
         raise evidence_max_mb"
    )]
    NoRoom,
    /// There is no such picture, or it has been removed to keep the budget.
    #[error("there is no picture {0}")]
    NoPicture(Sha256),
    /// A picture is not what was said of it.
    #[error("the picture of capture {capture} is not the one that was told: {what}")]
    Other {
        /// Whose.
        capture: CaptureId,
        /// What differs.
        what: String,
    },
}

impl EvidenceError {
    /// What it says of the disk; none when it is about something else.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Full { path } => {
                let dir = path.parent().unwrap_or(path);
                Fault::of(&rustix::io::Errno::NOSPC.into(), dir)
            }
            Self::Io { path, source, .. } => Fault::of(source, path.parent().unwrap_or(path)),
            Self::NotPending(_)
            | Self::TooManyPending
            | Self::NoRoom
            | Self::NoPicture(_)
            | Self::Other { .. } => None,
        }
    }
}
