//! Which pictures go when there are too many, or when the disk is full.
//!
//! Oldest first: pictures that nobody needs, then those that only an operator asked for (a sixteenth of the
//! budget at most), then those that an open or unacknowledged incident names. The newest stays, for the
//! incident that names it is about to be told; but a picture for an operator never takes a needed one's place.

use super::store::{EvidenceStore, State};
use std::fs;
use std::io;
use viahe_contract::sha256::Sha256;

/// Pictures that only operators asked for have one part in so many of the budget: judgement, some hundred
/// pictures of the usual 2 GB.
const SNAPSHOTS_PART: u64 = 16;

impl EvidenceStore {
    /// Deletes pictures until `bytes` are free that were not, or none is left that may go; with
    /// `needed` also those that are needed. Returns the bytes.
    pub fn give_up(&self, bytes: u64, needed: bool) -> u64 {
        let mut state = self.lock();
        let mut freed = 0;
        while freed < bytes {
            match self.remove_oldest(&mut state, needed) {
                Some(more) => freed += more,
                None => break,
            }
        }
        freed
    }

    /// Removes pictures until the budget holds.
    pub(super) fn keep_budget(&self, state: &mut State) {
        self.keep_snapshots_budget(state);
        let over = |state: &State| state.counters.bytes > self.bytes_max;
        while over(state)
            && self
                .remove_oldest(state, false)
                .or_else(|| self.remove_snapshot(state))
                .or_else(|| self.remove_oldest(state, true))
                .is_some()
        {}
    }

    /// The same for one that is not decided on: it may be thrown away, and takes no needed one's place.
    pub(super) fn make_room(&self, state: &mut State) {
        while state.counters.bytes > self.bytes_max && self.remove_oldest(state, false).is_some() {}
    }

    /// All but the newest, which somebody waits for.
    fn keep_snapshots_budget(&self, state: &mut State) {
        let bytes = |state: &State| {
            let pictures = state.snapshots.iter().filter_map(|key| state.pictures.get(key));
            pictures.flat_map(|picture| &picture.files).map(|(_, bytes)| bytes).sum::<u64>()
        };
        while state.snapshots.len() > 1 && bytes(state) > self.bytes_max / SNAPSHOTS_PART {
            let _ = self.remove_snapshot(state);
        }
    }

    /// The oldest one that no incident shows.
    fn remove_snapshot(&self, state: &mut State) -> Option<u64> {
        let key = *state.snapshots.front()?;
        self.remove(state, key)
    }

    /// None when there is none that may go.
    fn remove_oldest(&self, state: &mut State, needed: bool) -> Option<u64> {
        let newest = *state.pictures.keys().next_back()?;
        let is_needed = |sha256: Sha256| self.needed.as_ref().is_some_and(|says| (says.0)(sha256));
        let may_go = |(key, picture): &(&u64, &super::store::Picture)| {
            **key != newest && (needed || !is_needed(picture.sha256))
        };
        let key = state.pictures.iter().find(may_go).map(|(key, _)| *key)?;
        self.remove(state, key)
    }

    fn remove(&self, state: &mut State, key: u64) -> Option<u64> {
        state.snapshots.retain(|known| *known != key);
        let picture = state.pictures.remove(&key)?;
        state.by_hash.remove(&picture.sha256);
        state.counters.evicted += 1;
        let shard = self.shard(picture.sha256);
        let mut freed = 0;
        for (name, bytes) in &picture.files {
            match fs::remove_file(shard.join(name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    // It is found and tried again when the store is next opened.
                    state.counters.remove_failed += 1;
                }
                _ => freed += bytes,
            }
            state.counters.bytes -= bytes;
        }
        Some(freed)
    }
}
