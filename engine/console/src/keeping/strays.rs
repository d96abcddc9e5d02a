//! Files without a line: of what the console was doing when it ended, or of a database that was put back from a copy.
//!
//! Nobody can see them, and nothing else tells of them. So the folders are gone through, a few at a time. What is found
//! there waits for a day: whoever started with the wrong database has time to notice it.

use super::off::{Refusals, take_off};
use crate::evidence::{Files, SHARDS};
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// Folders of a part.
const FOLDERS: u64 = 8;
/// Parts until all folders were gone through.
const PARTS: u64 = SHARDS as u64 / FOLDERS;
/// Files that are asked for at once.
const AT_ONCE: usize = 500;
/// From when a file is found until it goes.
const GRACE: Duration = Duration::from_hours(24);

/// How far the folders were gone through.
#[derive(Debug, Default)]
pub(super) struct Walk {
    done: Option<u64>,
}

impl Walk {
    /// Goes on up to the part `to`, all of them at most. Parts are numbered by the time of day, so that who starts anew
    /// each hour gets through as well. A folder that cannot be read is passed over.
    pub(super) async fn go_on(
        &mut self,
        (store, files): (&Store, &Files),
        (to, now): (u64, Timestamp),
        refused: &mut Refusals,
    ) -> Result<usize, StoreError> {
        let mut found = 0;
        for part in self.rest(to) {
            let first = part % PARTS * FOLDERS;
            for folder in first..first + FOLDERS {
                let (files, folder) = (files.clone(), folder as u8);
                let listed = tokio::task::spawn_blocking(move || files.of_shard(folder)).await;
                // That it is not waited for means that the console stops.
                match listed.map_err(|_| StoreError::Stopped)? {
                    Ok(there) => found += look_up(store, &there, now).await?,
                    Err(stays) => refused.add(stays),
                }
            }
            self.done = Some(part);
        }
        Ok(found)
    }

    /// The parts that are left up to this one.
    fn rest(&self, to: u64) -> RangeInclusive<u64> {
        let all = (to + 1).saturating_sub(PARTS);
        // A clock that was set back: this one alone.
        let next = self.done.filter(|done| *done < to).map_or(to, |done| done + 1);
        next.max(all)..=to
    }
}

/// How many of these files are new strays.
async fn look_up(store: &Store, there: &[Sha256], now: Timestamp) -> Result<usize, StoreError> {
    let mut found = 0;
    for some in there.chunks(AT_ONCE) {
        found += store.found_on_disk(some.to_vec(), now.plus(GRACE)).await?;
    }
    Ok(found)
}

/// Takes those off the disk that are due; what the disk does not give up stays due.
pub(super) async fn remove(
    (store, files, vitals): (&Store, &Files, &Vitals),
    now: Timestamp,
    refused: &mut Refusals,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let (due, next) = store.strays_due(now, after).await?;
        let off = take_off((store, files), BTreeSet::from_iter(due), &[], refused).await?;
        vitals.add("removed", "strays", off.removed as u64);
        if !off.done.is_empty() {
            store.no_strays(off.done.clone()).await?;
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_come_in_their_turn_and_none_for_the_second_time() {
        let rest = |done, to| Walk { done }.rest(to);
        assert_eq!(rest(None, 70), 70..=70);
        assert_eq!(rest(Some(70), 71), 71..=71);
        assert_eq!(rest(Some(70), 73), 71..=73);
        assert_eq!(rest(Some(70), 1_000), 969..=1_000, "all, once");
        assert_eq!(rest(Some(70), 60), 60..=60);
        assert!(rest(Some(0), 0).eq([0]));
    }
}
