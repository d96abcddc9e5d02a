//! Rows that the disk does not take, in memory until it does.
//!
//! They are sent from here as from the file: a disk that is full or worn out must not silence a street.
//! A row has its number from the start and keeps it when it is written later, so that an acknowledgement
//! that comes meanwhile meets it in either place. Bounded; what finds no room is lost, aloud.

use super::row::{OutboxRow, Pending};
use super::rows;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use viahe_contract::sha256::Sha256;

/// Most rows held, and most bytes of them. Judgement: hours of a busy box, and memory that it has.
const ROWS_MAX: usize = 10_000;
const BYTES_MAX: usize = 64 << 20;

/// What the connections of a store share, beside the file. Its clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) rows: BTreeMap<i64, One>,
    bytes: usize,
    /// Highest number given so far, here or in the file.
    pub(super) newest: i64,
    /// Pictures that are about to be named by a row.
    about_to: BTreeSet<Sha256>,
    /// Rows found whose bytes are not those that were written.
    damaged: u64,
    /// Pictures that are not sent because no more may wait.
    not_sent: u64,
    /// Why the file cannot be read, when it cannot.
    unreadable: Option<String>,
    /// The file is damaged; it is set aside by the next start.
    corrupt: Option<String>,
}

/// A row in memory.
#[derive(Clone, Debug)]
pub(super) struct One {
    pub(super) row: OutboxRow,
    pub(super) fate: Fate,
    /// Hashes of the pictures that it names.
    pictures: Vec<Sha256>,
}

/// What became of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Waits,
    /// Acknowledged; only to be remembered.
    Delivered,
    /// Set aside, and why.
    Aside(String),
}

impl State {
    fn note_damage(&mut self, error: Option<&super::StoreError>) {
        if let Some(super::StoreError::Corrupt { detail, .. }) = error {
            self.corrupt = Some(detail.clone());
        }
    }

    /// Takes a row; says whether there was room.
    fn take(&mut self, row: OutboxRow) -> bool {
        let bytes = size(&row);
        while self.rows.len() >= ROWS_MAX || self.bytes + bytes > BYTES_MAX {
            if !self.drop_one() {
                return false;
            }
        }
        self.newest += 1;
        self.bytes += bytes;
        let pictures = rows::named(&row.payload).pictures;
        self.rows.insert(self.newest, One { row, fate: Fate::Waits, pictures });
        true
    }

    /// Makes room: one that was delivered, or one that a newer revision of its incident replaces.
    fn drop_one(&mut self) -> bool {
        let delivered = self.rows.iter().find(|(_, one)| one.fate == Fate::Delivered);
        let number = delivered.map(|(number, _)| *number).or_else(|| {
            let mut newest = BTreeMap::new();
            for (number, one) in &self.rows {
                newest.insert(&one.row.incident, *number);
            }
            let replaced = |(n, one): &(&i64, &One)| newest.get(&one.row.incident) > Some(*n);
            self.rows.iter().find(replaced).map(|(number, _)| *number)
        });
        number.is_some_and(|number| self.remove(number).is_some())
    }

    fn remove(&mut self, number: i64) -> Option<One> {
        let gone = self.rows.remove(&number)?;
        self.bytes -= size(&gone.row);
        Some(gone)
    }

    /// All rows are in the file.
    pub(super) fn committed(&mut self, newest: i64, damaged: u64, not_sent: u64) {
        self.rows.clear();
        self.bytes = 0;
        self.about_to.clear();
        self.newest = newest;
        self.damaged += damaged;
        self.not_sent += not_sent;
    }

    fn waiting(&self) -> impl Iterator<Item = (&i64, &OutboxRow)> {
        self.rows.iter().filter(|(_, o)| o.fate == Fate::Waits).map(|(n, o)| (n, &o.row))
    }
}

fn size(row: &OutboxRow) -> usize {
    row.payload.len() + row.record.len() + row.topic.len()
}

fn pending(number: i64, row: &OutboxRow) -> Pending {
    Pending {
        row: number,
        incident: row.incident.as_str().to_owned(),
        revision: row.revision,
        topic: row.topic.clone(),
        payload: row.payload.clone(),
    }
}

impl Held {
    /// Revisions that wait to be delivered, and are nowhere but here.
    pub fn waiting(&self) -> u64 {
        self.lock().waiting().count() as u64
    }

    /// Nothing is here, also nothing that is only to be remembered.
    pub fn is_empty(&self) -> bool {
        self.lock().rows.is_empty()
    }

    /// Ids of those revisions, oldest first; at most `limit`.
    pub fn ids(&self, limit: usize) -> Vec<String> {
        let state = self.lock();
        let id = |(_, row): (_, &OutboxRow)| format!("{}-r{}", row.incident, row.revision);
        state.waiting().take(limit).map(id).collect()
    }

    /// Rows found damaged since the start.
    pub fn damaged(&self) -> u64 {
        self.lock().damaged
    }

    /// Pictures that are not sent because no more may wait, since the start.
    pub(super) fn not_sent(&self) -> u64 {
        self.lock().not_sent
    }

    /// Why the file cannot be read, when it cannot.
    pub fn unreadable(&self) -> Option<String> {
        self.lock().unreadable.clone()
    }

    /// What damage was found in the file while it was read, if any.
    pub fn corrupt(&self) -> Option<String> {
        self.lock().corrupt.clone()
    }

    /// A row that is about to be committed or held names these pictures.
    pub fn about_to_name(&self, sha256: impl IntoIterator<Item = Sha256>) {
        self.lock().about_to.extend(sha256);
    }

    /// All that was announced is committed or held.
    pub(super) fn named(&self) {
        self.lock().about_to.clear();
    }

    /// Does a row in memory name this picture?
    pub(super) fn names(&self, sha256: Sha256) -> bool {
        let state = self.lock();
        state.about_to.contains(&sha256)
            || state
                .rows
                .values()
                .any(|one| one.fate != Fate::Delivered && one.pictures.contains(&sha256))
    }

    /// Takes `rows`; returns those that found no room.
    pub(super) fn take(&self, rows: Vec<OutboxRow>) -> Vec<OutboxRow> {
        let mut state = self.lock();
        rows.into_iter().filter_map(|row| (!state.take(row.clone())).then_some(row)).collect()
    }

    pub(super) fn pending(&self, limit: usize, after: i64) -> Vec<Pending> {
        let state = self.lock();
        let later = state.waiting().filter(|(number, _)| **number > after);
        later.take(limit).map(|(number, row)| pending(*number, row)).collect()
    }

    pub(super) fn row(&self, number: i64) -> Option<Pending> {
        let state = self.lock();
        let one = state.rows.get(&number).filter(|one| one.fate == Fate::Waits)?;
        Some(pending(number, &one.row))
    }

    pub(super) fn find(&self, incident: &str, revision: u32) -> Option<i64> {
        let state = self.lock();
        let is_it = |row: &OutboxRow| row.incident.as_str() == incident && row.revision == revision;
        state.waiting().find(|(_, row)| is_it(row)).map(|(number, _)| *number)
    }

    /// A row was delivered, or is set aside; says whether it is one of these.
    pub(super) fn settle(&self, number: i64, fate: Fate) -> bool {
        let mut state = self.lock();
        let one = state.rows.get_mut(&number).filter(|one| one.fate == Fate::Waits);
        one.is_some_and(|one| {
            one.fate = fate;
            true
        })
    }

    /// Revisions that wait, their bytes, and those set aside.
    pub(super) fn depth(&self) -> [u64; 3] {
        let state = self.lock();
        let bytes = state.waiting().map(|(_, row)| row.payload.len() as u64).sum();
        let aside = state.rows.values().filter(|one| matches!(one.fate, Fate::Aside(_)));
        [state.waiting().count() as u64, bytes, aside.count() as u64]
    }

    pub(super) fn found_damaged(&self, rows: u64) {
        self.lock().damaged += rows;
    }

    pub(super) fn sends_not(&self, pictures: u64) {
        self.lock().not_sent += pictures;
    }

    /// How reading the file went.
    pub(super) fn note_read<T>(&self, read: &Result<T, super::StoreError>) {
        let error = read.as_ref().err();
        let mut state = self.lock();
        state.note_damage(error);
        if state.unreadable.is_some() || error.is_some() {
            state.unreadable = error.map(ToString::to_string);
        }
    }

    /// As [`Held::note_read`], of a thread that reads beside the one that says whether the file can be read.
    pub(super) fn note_damage<T>(&self, done: &Result<T, super::StoreError>) {
        self.lock().note_damage(done.as_ref().err());
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
