//! What is kept no longer goes, in small steps.

use crate::config::Keep;
use crate::evidence::Files;
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;
use std::io;
use std::time::Duration;
use viahe_contract::time::Timestamp;

/// Why something whose time is over is still there.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk of the pictures.
    #[error("evidence: {0}")]
    Evidence(#[from] io::Error),
}

/// Lets go of all whose time is over by `now`.
///
/// # Errors
/// When something of it stays; it is looked for again the next time.
pub async fn let_go(
    (store, files, vitals): (&Store, &Files, &Vitals),
    keep: &Keep,
    now: Timestamp,
) -> Result<(), KeepingError> {
    let ago = |by: Duration| Timestamp(now.0.saturating_sub(by.as_nanos() as u64));
    if let Some(incidents) = keep.incidents {
        loop {
            let removed = store.remove_incidents(ago(incidents), now).await?;
            vitals.add("removed", "incidents", removed as u64);
            if removed == 0 {
                break;
            }
        }
    }
    let before = (ago(keep.pictures), ago(keep.confirmed_pictures));
    let mut after = None;
    loop {
        let (over, next) = store.pictures_over(before, after).await?;
        if !over.is_empty() {
            // The file first: what has a line still is looked for again, if this ends in between.
            let (files, gone) = (files.clone(), over.clone());
            let job = move || {
                let mut alone = gone.iter().filter(|picture| !picture.shared);
                alone.try_for_each(|picture| files.remove(&picture.file))
            };
            tokio::task::spawn_blocking(job).await.map_err(io::Error::other)??;
            let removed = over.len() as u64;
            store.pictures_gone(over, now).await?;
            vitals.add("removed", "pictures", removed);
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}
