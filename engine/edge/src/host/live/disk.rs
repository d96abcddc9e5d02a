//! The disk takes nothing, or little: what goes first, and what is told.
//!
//! Our own gives way to incidents: history first, since it grows again; then pictures of incidents that
//! are over and acknowledged, oldest first; then the ballast; at last the pictures that are needed. What
//! cannot be committed all the same is held by the store and sent from memory.

use super::host::Live;
use crate::disk::{self, Fault, Room};
use crate::evidence::{PENDING, evidence_dir};
use crate::trouble::Trouble;
use std::time::{Duration, Instant};

/// How often a disk that did not take a picture is tried.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// Least that is given up at once.
const STEP_BYTES: u64 = 4 << 20;

impl Live {
    /// Makes room when it runs out, and tells what does not work. Once a second.
    pub(super) fn look_at_disk(&mut self, now: Instant) {
        let room = self.owed.store.room();
        if room.is_some_and(|room| room.is_low()) {
            self.disk.low = true;
            self.give_way(STEP_BYTES);
        } else if self.disk.low && room.is_none_or(|room| room.is_ample()) {
            self.disk.low = false;
            self.owed.no_need_to_wait(now);
        }
        if room.is_some_and(|room| room.read_only) {
            self.owed.try_at_once(now);
        }
        self.probe_for_evidence(now);
        self.tell_of_disk(room);
    }

    /// Gives up history and pictures that nobody waits for; the bytes.
    fn give_way(&mut self, bytes: u64) -> u64 {
        let mut freed = self.journal.give_up(bytes);
        if freed < bytes {
            freed += self.pictures.store().give_up(bytes - freed, false);
        }
        self.disk.given_up += freed;
        freed
    }

    /// Gives up what comes next for a commit of so many bytes; says whether there was anything.
    pub(super) fn make_room(&mut self, bytes: u64) -> bool {
        let bytes = STEP_BYTES.max(bytes.saturating_mul(4));
        if self.give_way(bytes) > 0 || self.owed.store.give_up_ballast() {
            return true;
        }
        let needed = self.pictures.store().give_up(bytes, true);
        self.disk.given_up += needed;
        needed > 0
    }

    /// Is it the disk that takes no pictures?
    fn probe_for_evidence(&mut self, now: Instant) {
        let suspected = self.pictures.take_suspicion();
        let rested = self.disk.probed_at.is_none_or(|at| now.duration_since(at) >= PROBE_EVERY);
        if !(suspected || self.disk.evidence.is_some()) || !rested {
            return;
        }
        self.disk.probed_at = Some(now);
        let dir = evidence_dir(&self.plan.engine.state_dir).join(PENDING);
        let made = disk::make_dir(&dir);
        self.disk.evidence = match made.and_then(|_| disk::probe(&dir)) {
            Ok(None) => None,
            Ok(Some(fault)) => Some(format!("{fault}; {}", fault.remedy())),
            Err(error) => {
                let why = Fault::of(&error, &dir).map_or(error.to_string(), |f| f.to_string());
                Some(format!("{}: {why}", dir.display()))
            }
        };
        self.disk.evidence_errors += u64::from(self.disk.evidence.is_some());
    }

    fn tell_of_disk(&self, room: Option<Room>) {
        let dir = self.plan.engine.state_dir.display();
        let full = self.disk.low.then(|| {
            let lacking = match room {
                Some(Room { inodes: Some(..32), .. }) => "takes hardly any more files",
                _ => "is full, or nearly",
            };
            format!(
                "the disk of {dir} {lacking}; history and old pictures are given up for incidents: \
                 free some space"
            )
        });
        self.troubles.set(Trouble::DiskFull, full);

        let held = self.owed.store.held();
        let why = self.disk.store.clone().or_else(|| held.unreadable());
        let failing = why.map(|why| {
            let waiting = held.waiting();
            let waits = match waiting {
                0 => "incidents would wait in memory only".to_owned(),
                n => format!("incident revisions that wait in memory only: {n}; do not restart"),
            };
            format!("the outbox in {dir} takes nothing: {why}. {waits}")
        });
        self.troubles.set(Trouble::StoreFailing, failing);

        let copies = self.owed.store.copies_set_aside();
        let mut damage = Vec::new();
        if let Some(newest) = copies.last() {
            damage.push(format!(
                "the database was damaged, emptied or replaced, and set aside (copies: {}, the newest {}): \
                 incidents may be lost; look at it and at the disk, then move it away",
                copies.len(),
                newest.display()
            ));
        }
        if held.damaged() > 0 {
            damage.push(format!(
                "rows whose bytes had changed on the disk, set aside and not sent: {}; check the disk",
                held.damaged()
            ));
        }
        let damage = (!damage.is_empty()).then(|| damage.join("; "));
        self.troubles.set(Trouble::StoreDamaged, damage);

        self.tell_of_unread_states();

        let evidence = self.disk.evidence.as_ref();
        let evidence = evidence.map(|why| format!("evidence pictures cannot be written: {why}"));
        self.troubles.set(Trouble::EvidenceFailing, evidence);
        let history = self.journal.history_failing();
        let history = history.map(|why| format!("no history is kept for `viahe explain`: {why}"));
        self.troubles.set(Trouble::HistoryFailing, history);
        let recording = self.journal.recording_failed();
        let recording = recording.map(|why| format!("the recording ended: {why}"));
        self.troubles.set(Trouble::RecordingFailing, recording);
    }
}
