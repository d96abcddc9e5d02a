//! Files off the disk, when no line is left that names them.

use crate::evidence::{Files, Stays, Turn};
use crate::store::{Brought, Store, StoreError};
use std::collections::BTreeSet;
use viahe_contract::sha256::Sha256;

/// Why something whose time is over is still there.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk of the pictures.
    #[error("{first}{}", more(*others))]
    Disk {
        /// What stays.
        first: Stays,
        /// And so many others.
        others: usize,
    },
}

fn more(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" (and {others} more)") }
}

/// What the disk does not give up: it holds up nothing else, and is tried again the next time.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    count: usize,
    first: Option<Stays>,
}

impl Refusals {
    pub(super) fn add(&mut self, stays: Stays) {
        self.count += 1;
        self.first.get_or_insert(stays);
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// # Errors
    /// When there is one.
    pub(super) fn told(self) -> Result<(), KeepingError> {
        let Self { count, first } = self;
        let others = count.saturating_sub(1);
        first.map_or(Ok(()), |first| Err(KeepingError::Disk { first, others }))
    }
}

/// What became of files.
pub(super) struct Off {
    /// Nothing is to be known of these any more: they are gone, or somebody else has brought them too.
    pub(super) done: BTreeSet<Sha256>,
    /// Those that were there, and are gone.
    pub(super) removed: usize,
    /// Nobody brings them anew before this is dropped.
    _turns: Vec<Turn>,
}

/// Takes files off the disk whose lines are all among `lines`. Those that somebody brings just now are left for the next
/// time, as are those that the disk does not give up.
pub(super) async fn take_off(
    (store, files): (&Store, &Files),
    wanted: BTreeSet<Sha256>,
    lines: &[Brought],
    refused: &mut Refusals,
) -> Result<Off, StoreError> {
    let held = wanted.into_iter().filter_map(|file| Some((file, files.hold(&file)?)));
    let (mut done, turns): (BTreeSet<Sha256>, Vec<Turn>) = held.unzip();
    let mut others = store.bringers(done.clone()).await?;
    for line in lines {
        others.remove(line);
    }
    let kept: BTreeSet<Sha256> = others.into_iter().map(|(file, _)| file).collect();
    let (files, alone) = (files.clone(), &done - &kept);
    let job = move || alone.iter().map(|file| (*file, files.remove(file))).collect::<Vec<_>>();
    // That it is not waited for means that the console stops.
    let tried = tokio::task::spawn_blocking(job).await.map_err(|_| StoreError::Stopped)?;
    let mut removed = 0;
    for (file, was_there) in tried {
        match was_there {
            Ok(was_there) => removed += usize::from(was_there),
            Err(stays) => {
                done.remove(&file);
                refused.add(stays);
            }
        }
    }
    Ok(Off { done, removed, _turns: turns })
}
