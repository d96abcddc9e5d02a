//! Going on where the last run stopped.
//!
//! What was saved and cannot be read is kept in a file, and told. An incident that the store knows as open
//! and of which the engine knows nothing would stay open at the centre for ever: it is closed, whatever
//! the reason that it was forgotten.

use super::EventPlane;
use crate::clock;
use crate::store::{OutboxRow, Store, StoreError, StoredState, Unread};
use crate::trouble::Trouble;
use std::collections::BTreeSet;
use std::sync::Arc;
use viahe_contract::id::IncidentId;
use viahe_core::config::Plan;
use viahe_core::engine::{Effect, Engine, Lost, Restored};

/// Scopes that are named; of more their number is told.
const NAMED_MAX: usize = 5;

/// The engine as it was saved, with what became of incidents whose rules are no more or were changed.
///
/// # Errors
/// [`StoreError`] when the file cannot be read.
pub(super) fn take_up(
    plan: &Arc<Plan>,
    store: &Store,
) -> Result<(Engine, Vec<Effect>), StoreError> {
    let StoredState { saved, damaged } = store.state()?;
    let Restored { engine, effects, lost } = Engine::restore_what_can_be(Arc::clone(plan), &saved);
    let bytes = |scope: &_| saved.parts().find(|(s, _)| *s == scope).map(|(_, b)| b.to_vec());
    let unread = lost.into_iter().map(|Lost { scope, why }| Unread {
        bytes: bytes(&scope).unwrap_or_default(),
        scope: scope.to_string(),
        why: why.to_string(),
    });
    let unread: Vec<Unread> = damaged.into_iter().chain(unread).collect();
    for note in engine.notes() {
        tracing::warn!("the state of an earlier release was taken over: {note}");
    }
    if let Some(first) = unread.first() {
        let named: Vec<&str> =
            unread.iter().take(NAMED_MAX).map(|unread| unread.scope.as_str()).collect();
        let (named, parts, why) = (named.join(", "), unread.len(), &first.why);
        match store.keep_unread(&unread) {
            Ok(path) => {
                let kept = path.display();
                tracing::error!(%kept, parts, named, why, "what was saved of this cannot be read");
            }
            Err(error) => {
                tracing::error!(%error, parts, named, why, "what was saved of this is lost");
            }
        }
    }
    Ok((engine, effects))
}

impl EventPlane {
    /// Closes the incidents that the store knows as open and the engine does not know.
    pub(super) fn close_forgotten(&mut self) {
        let open = match self.store.open_incidents() {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "which incidents are open is asked once the file can be read");
                self.forgotten_closed = false;
                return;
            }
        };
        self.forgotten_closed = true;
        let queued = self.rows.iter().map(|(row, _)| &row.incident);
        let known: BTreeSet<IncidentId> = self.engine.incidents().chain(queued).cloned().collect();
        for revision in open {
            let revision = match revision {
                Ok(revision) if known.contains(&revision.incident) => continue,
                Ok(revision) => revision.forgotten(clock::now()),
                Err(id) if known.iter().any(|known| known.as_str() == id) => continue,
                Err(incident) => {
                    tracing::error!(
                        incident,
                        "it is open at the centre, and nothing is known of it here any more: close it there"
                    );
                    continue;
                }
            };
            match OutboxRow::new(&revision, &self.plan.site.id, &self.plan.site.timezone) {
                Ok(row) => {
                    tracing::error!(
                        incident = %revision.incident,
                        "closed, because what was remembered of it is lost"
                    );
                    self.rows.push((row, revision));
                }
                Err(error) => tracing::error!(%error, "lost: an incident that cannot be written"),
            }
        }
    }

    /// A state that could not be read lies there until somebody takes it away.
    pub(super) fn tell_of_unread_states(&self) {
        let kept = self.store.unread_states();
        let text = kept.last().map(|newest| {
            format!(
                "what the box remembered could not be read {} time(s), at last kept as {}: incidents that \
                 were open are closed as `state_lost` and begin anew if they go on; look at the file and at \
                 the disk, then move it away",
                kept.len(),
                newest.display()
            )
        });
        self.troubles.set(Trouble::StateLost, text);
    }
}
