//! Why there is no answer.

use crate::record::RecordError;
use crate::store::StoreError;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::Refusal;
use viahe_core::engine::RestoreError;

/// Why a question about the history has no answer; for who asked it.
#[derive(Debug, thiserror::Error)]
pub(super) enum RetraceError {
    /// The store does not have it.
    #[error(
        "this box knows no incident {0}, or not any more: it remembers the newest ones; ask the box that told it"
    )]
    Unknown(IncidentId),
    /// Nothing can be asked of a rule that is not there.
    #[error("the pipeline has no rule {rule}{} any more, so nobody can say why it told this", at(.camera.as_ref()))]
    NoRule {
        /// Of which camera; none for one of the site.
        camera: Option<Name>,
        /// Which.
        rule: Name,
    },
    /// There is no such camera.
    #[error("the pipeline has no camera {0}")]
    NoCamera(Name),
    /// Nothing is kept.
    #[error(
        "this box has no history of that time; it keeps one while `history_mb` of [engine] is above 0 and its disk takes it"
    )]
    NoHistory,
    /// It would take too long.
    #[error(
        "to go through the history takes this box more than {0} s now; ask for less time, or when it has less to do"
    )]
    TooLong(u64),
    /// The box stops.
    #[error("the engine is stopping; ask again when it has started")]
    Stopped,
    /// The answer cannot be written down.
    #[error("the answer cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] RecordError),
    /// What the engine remembered when it began cannot be used.
    #[error(transparent)]
    State(#[from] RestoreError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RetraceError {
    /// The same for who makes words of it; none of what is wrong with the box itself.
    pub(super) fn code(&self) -> Option<Refusal> {
        Some(match self {
            Self::Unknown(_) => Refusal::UnknownIncident,
            Self::NoRule { rule, .. } => Refusal::NoRule { rule: rule.clone() },
            Self::NoCamera(camera) => Refusal::NoCamera { camera: camera.clone() },
            Self::NoHistory => Refusal::NoHistory,
            Self::TooLong(secs) => Refusal::TooLong { secs: *secs },
            Self::Stopped => Refusal::Stopping,
            Self::Unwritable(_) | Self::History(_) | Self::State(_) | Self::Store(_) => {
                return None;
            }
        })
    }
}

fn at(camera: Option<&Name>) -> String {
    camera.map(|camera| format!(" of {camera}")).unwrap_or_default()
}
