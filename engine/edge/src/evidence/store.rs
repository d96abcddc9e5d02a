//! Evidence files on disk.
//!
//! A file is pending until it is known whether it is wanted; one that is has the name of its content.
//!
//! Invariants: a file under its final name is whole and on disk (written aside, synced, renamed,
//! folder synced); a picture never changes; pictures over the budget go oldest first, pending ones
//! never. One process owns the folder.

use super::error::{EvidenceError, PENDING_MAX};
use super::files::{
    StoredFile, TMP, clear, failed, file_name, hash, is_hex, list, make_dir, sync_dir, sync_file,
    write_whole,
};
use super::names::{self, Kept, PENDING, capture_of};
use super::needed::Needed;
use super::pending::PendingWriter;
use crate::disk;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use viahe_contract::id::CaptureId;
use viahe_contract::message::{Medium, Moment};
use viahe_contract::sha256::Sha256;
use viahe_core::artefact::Artefact;

/// A larger file is no picture: one of 8K at the best quality is smaller.
const PICTURE_BYTES_MAX: u64 = 64 << 20;

/// What a store holds and has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvidenceCounters {
    /// Bytes on disk, pending ones included.
    pub bytes: u64,
    /// Pictures promoted and kept.
    pub pictures: u64,
    /// Pictures that wait for a decision.
    pub pending: u64,
    /// Pictures removed to keep the budget, or to make room on a full disk.
    pub evicted: u64,
    /// Files that should have been removed and could not be.
    pub remove_failed: u64,
    /// Leftovers of the run before that were removed when the store was opened.
    pub leftovers: u64,
}

/// A folder of evidence. All methods may be called from any thread.
#[derive(Debug)]
pub struct EvidenceStore {
    root: PathBuf,
    pub(super) bytes_max: u64,
    pub(super) needed: Option<Needed>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pending: BTreeMap<CaptureId, StoredFile>,
    /// Oldest first; the key counts promotions.
    pub(super) pictures: BTreeMap<u64, Picture>,
    pub(super) by_hash: BTreeMap<Sha256, u64>,
    /// Keys of pictures that only an operator asked for, oldest first.
    pub(super) snapshots: VecDeque<u64>,
    next: u64,
    pub(super) counters: EvidenceCounters,
}

/// A picture and its drawings.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) sha256: Sha256,
    /// File names and sizes; the picture itself is the last, so it goes last.
    pub(super) files: Vec<(String, u64)>,
}

impl EvidenceStore {
    /// Opens or makes the folder, removes what a crash left half-done, and brings it within
    /// `bytes_max`. Pictures that were pending still are; see [`EvidenceStore::discard_unless`].
    ///
    /// # Errors
    /// [`EvidenceError`] when the folder cannot be made, read or synced.
    pub fn open(root: &Path, bytes_max: u64) -> Result<Self, EvidenceError> {
        Self::open_with(root, bytes_max, None)
    }

    /// As [`EvidenceStore::open`], but pictures that are `needed` go after all others. A disk that
    /// takes nothing is no error: what cannot be made or removed now is tried again when needed.
    ///
    /// # Errors
    /// As [`EvidenceStore::open`].
    pub fn open_with(
        root: &Path,
        bytes_max: u64,
        needed: Option<Needed>,
    ) -> Result<Self, EvidenceError> {
        let whatever = |done: Result<(), EvidenceError>| match done {
            Err(error) if error.fault().is_some() => {
                tracing::error!(%error, "evidence");
                Ok(())
            }
            done => done,
        };
        let waiting = root.join(PENDING);
        whatever(make_dir(root).and_then(|_| make_dir(&waiting)).and_then(|_| sync_dir(root)))?;
        let mut state = State::default();
        let mut leftovers = |dir: &Path, goes: fn(&str) -> bool| {
            whatever(clear(dir, goes).map(|count| state.counters.leftovers += count))
        };
        leftovers(&waiting, |name| capture_of(name).is_none())?;
        let mut found = Vec::new();
        for shard in list(root)? {
            let name = shard.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if name.len() == 2 && is_hex(name) && shard.is_dir() {
                leftovers(&shard, |name| name.ends_with(TMP))?;
                scan(&shard, &mut found)?;
            }
        }
        for path in list(&waiting)? {
            if let Some((id, medium)) = capture_of(&file_name(&path)) {
                disk::close_to_others(&path);
                let bytes = fs::read(&path).map_err(|e| failed("read", &path, e))?;
                let (sha256, bytes) = (hash(&bytes), bytes.len() as u64);
                state.wait(id, StoredFile { sha256, bytes, medium });
            }
        }
        found.sort();
        for (_, sha256, files) in found {
            state.add(Picture { sha256, files });
        }
        let store = Self { root: root.to_owned(), bytes_max, needed, state: Mutex::new(state) };
        store.keep_budget(&mut store.lock());
        Ok(store)
    }

    /// Writes the picture of a capture, to be kept or not; what a power cut leaves of it is nobody's
    /// evidence. The same capture again replaces it.
    ///
    /// # Errors
    /// [`EvidenceError`]; then nothing of it is visible.
    pub fn put_pending(
        &self,
        capture_id: CaptureId,
        medium: Medium,
        bytes: &[u8],
    ) -> Result<StoredFile, EvidenceError> {
        let stored = PendingWriter::new(&self.root).put(capture_id, medium, bytes)?;
        if let Err(full) = self.take(capture_id, stored.clone()) {
            let _ = fs::remove_file(names::pending(&self.root, capture_id, medium));
            return Err(full);
        }
        Ok(stored)
    }

    /// Takes charge of a picture that a [`PendingWriter`] has put there, perhaps in another
    /// process. What that process says of it is not taken on trust: evidence is named by its hash.
    ///
    /// # Errors
    /// [`EvidenceError::TooManyPending`], [`EvidenceError::Other`] when the file is not the one that
    /// was told, or one of the disk; the picture is removed then.
    pub fn adopt(&self, capture_id: CaptureId, stored: StoredFile) -> Result<(), EvidenceError> {
        let medium = stored.medium;
        let taken = self.check(capture_id, &stored).and_then(|()| self.take(capture_id, stored));
        if taken.is_err() {
            // It is found again when the store is next opened, should this fail.
            let _ = fs::remove_file(names::pending(&self.root, capture_id, medium));
        }
        taken
    }

    fn take(&self, capture_id: CaptureId, stored: StoredFile) -> Result<(), EvidenceError> {
        let mut state = self.lock();
        if state.pending.len() >= PENDING_MAX && !state.pending.contains_key(&capture_id) {
            return Err(EvidenceError::TooManyPending);
        }
        state.wait(capture_id, stored);
        self.make_room(&mut state);
        Ok(())
    }

    /// Is the file of a capture what was said of it?
    fn check(&self, capture: CaptureId, told: &StoredFile) -> Result<(), EvidenceError> {
        let path = names::pending(&self.root, capture, told.medium);
        let unreadable = |e| failed("read", &path, e);
        let other = |what| Err(EvidenceError::Other { capture, what });
        let meta = fs::symlink_metadata(&path).map_err(unreadable)?;
        if !meta.is_file() || meta.len() > PICTURE_BYTES_MAX {
            return other(format!("{} bytes are no picture", meta.len()));
        }
        let bytes = fs::read(&path).map_err(unreadable)?;
        let (sha256, bytes) = (hash(&bytes), bytes.len() as u64);
        let found = StoredFile { sha256, bytes, medium: told.medium };
        if found == *told {
            return Ok(());
        }
        other(format!("{} bytes of hash {}", found.bytes, found.sha256))
    }

    /// Discards what is pending from an earlier run and nobody knows of any more.
    ///
    /// # Errors
    /// [`EvidenceError`] when a file cannot be removed.
    pub fn discard_unless(&self, known: impl Fn(CaptureId) -> bool) -> Result<(), EvidenceError> {
        let pending: Vec<CaptureId> = self.lock().pending.keys().copied().collect();
        pending.into_iter().filter(|id| !known(*id)).try_for_each(|id| self.discard(id))
    }

    /// Keeps a file under the name of its content; on disk when this returns. The same content is kept
    /// once, whoever names it, and the same again does no harm.
    ///
    /// What only an operator asked for has a small part of the budget, and never takes the place of
    /// what an incident needs; once an incident shows it too, it is evidence as any other. After a
    /// restart it counts as any other that nobody needs.
    ///
    /// # Errors
    /// [`EvidenceError::NotPending`] when it is neither there nor waits, [`EvidenceError::NoRoom`] when
    /// it is an operator's and all else is needed, or one of the disk.
    pub fn promote(&self, artefact: &Artefact) -> Result<(), EvidenceError> {
        let mut state = self.lock();
        let snapshot = artefact.moment == Moment::Commanded;
        if let Some(key) = state.by_hash.get(&artefact.sha256).copied() {
            if !snapshot {
                state.snapshots.retain(|known| *known != key);
            }
            return self.forget(&mut state, artefact.capture);
        }
        let waits = state.pending.get(&artefact.capture);
        let stored = waits.filter(|stored| stored.sha256 == artefact.sha256).cloned();
        let stored = stored.ok_or(EvidenceError::NotPending(artefact.capture))?;
        let path = names::path_of(&self.root, stored.sha256, stored.medium);
        let shard = self.shard(stored.sha256);
        let new_shard = make_dir(&shard)?;
        let pending = names::pending(&self.root, artefact.capture, stored.medium);
        sync_file(&pending)?;
        fs::rename(&pending, &path).map_err(|e| failed("renamed", &pending, e))?;
        // From here on it is no longer under its pending name, whatever fails.
        state.pending.remove(&artefact.capture);
        state.counters.bytes -= stored.bytes;
        let files = vec![(file_name(&path), stored.bytes)];
        let key = state.add(Picture { sha256: stored.sha256, files });
        state.snapshots.extend(snapshot.then_some(key));
        // Its old name may come back with a power cut, and is removed at the next start.
        sync_dir(&shard)?;
        if new_shard {
            sync_dir(&self.root)?;
        }
        self.keep_budget(&mut state);
        if snapshot && !state.by_hash.contains_key(&stored.sha256) {
            return Err(EvidenceError::NoRoom);
        }
        Ok(())
    }

    /// Removes a capture's picture that nobody wants. A capture that is not pending is fine.
    ///
    /// # Errors
    /// [`EvidenceError`] when the file cannot be removed.
    pub fn discard(&self, capture: CaptureId) -> Result<(), EvidenceError> {
        self.forget(&mut self.lock(), capture)
    }

    /// Removes what was written for a capture that the store has not taken charge of. One that it has
    /// stays: whoever wrote it has no say any more.
    ///
    /// # Errors
    /// [`EvidenceError`] when the file cannot be removed.
    pub fn refuse(&self, capture: CaptureId) -> Result<(), EvidenceError> {
        let mut state = self.lock();
        if state.pending.contains_key(&capture) {
            return Ok(());
        }
        self.forget(&mut state, capture)
    }

    fn forget(&self, state: &mut State, capture: CaptureId) -> Result<(), EvidenceError> {
        for medium in Medium::ALL {
            let path = names::pending(&self.root, capture, medium);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("removed", &path, e));
                }
                _ => {}
            }
        }
        if let Some(stored) = state.pending.remove(&capture) {
            state.counters.bytes -= stored.bytes;
        }
        Ok(())
    }

    /// Writes a drawing beside a promoted picture; on disk when this returns, with its hash. The same
    /// drawing again is the same file.
    ///
    /// # Errors
    /// [`EvidenceError::NoPicture`], or one of the disk.
    pub fn put_overlay(&self, picture: Sha256, svg: &str) -> Result<Sha256, EvidenceError> {
        let there = |state: &State| state.by_hash.get(&picture).copied();
        there(&self.lock()).ok_or(EvidenceError::NoPicture(picture))?;
        let sha256 = hash(svg.as_bytes());
        let path = names::drawing(&self.root, picture, sha256);
        // Not under the lock: whoever keeps a picture does not wait for a drawing.
        write_whole(&path, svg.as_bytes())?;
        let mut state = self.lock();
        let Some(key) = there(&state) else {
            let _ = fs::remove_file(&path);
            return Err(EvidenceError::NoPicture(picture));
        };
        let name = file_name(&path);
        if let Some(picture) = state.pictures.get_mut(&key)
            && !picture.files.iter().any(|(n, _)| *n == name)
        {
            picture.files.insert(0, (name, svg.len() as u64));
            state.counters.bytes += svg.len() as u64;
        }
        self.keep_budget(&mut state);
        Ok(sha256)
    }

    /// Where the picture with this hash is, if it is there.
    pub fn path_of(&self, sha256: Sha256) -> Option<PathBuf> {
        let state = self.lock();
        let picture = state.pictures.get(state.by_hash.get(&sha256)?)?;
        Some(self.shard(sha256).join(&picture.files.last()?.0))
    }

    /// Where the drawing with hash `svg` of `picture` is, if it is there.
    pub fn path_of_overlay(&self, picture: Sha256, svg: Sha256) -> Option<PathBuf> {
        self.path_of(picture)?;
        Some(names::drawing(&self.root, picture, svg)).filter(|path| path.is_file())
    }

    /// What it holds and has done.
    pub fn counters(&self) -> EvidenceCounters {
        let state = self.lock();
        EvidenceCounters {
            pictures: state.pictures.len() as u64,
            pending: state.pending.len() as u64,
            ..state.counters
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of the state is complete before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shard(&self, sha256: Sha256) -> PathBuf {
        names::shard(&self.root, sha256)
    }
}

impl State {
    fn wait(&mut self, capture_id: CaptureId, stored: StoredFile) {
        self.counters.bytes += stored.bytes;
        if let Some(before) = self.pending.insert(capture_id, stored) {
            self.counters.bytes -= before.bytes;
        }
    }

    fn add(&mut self, picture: Picture) -> u64 {
        self.counters.bytes += picture.files.iter().map(|(_, bytes)| bytes).sum::<u64>();
        self.by_hash.insert(picture.sha256, self.next);
        let key = self.next;
        self.pictures.insert(key, picture);
        self.next += 1;
        key
    }
}

/// A picture found on disk: when it was written, its hash, its files with the picture last.
type Found = (SystemTime, Sha256, Vec<(String, u64)>);

/// Finds the pictures of one folder. Drawings without their picture are removed.
fn scan(shard: &Path, found: &mut Vec<Found>) -> Result<(), EvidenceError> {
    let mut drawings: BTreeMap<Sha256, Vec<(String, u64)>> = BTreeMap::new();
    let first = found.len();
    for path in list(shard)? {
        let name = file_name(&path);
        let meta = fs::symlink_metadata(&path).map_err(|e| failed("read", &path, e))?;
        let Some(kept) = names::kept(&name).filter(|_| meta.is_file()) else { continue };
        disk::close_to_others(&path);
        let file = (name, meta.len());
        match kept {
            Kept::Evidence(sha256) => {
                let at = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((at, sha256, vec![file]));
            }
            Kept::Drawing(picture) => drawings.entry(picture).or_default().push(file),
        }
    }
    for (_, sha256, files) in &mut found[first..] {
        if let Some(of_it) = drawings.remove(sha256) {
            files.splice(0..0, of_it);
        }
    }
    for (name, _) in drawings.into_values().flatten() {
        let path = shard.join(name);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "a drawing without its picture stays");
        }
    }
    Ok(())
}
