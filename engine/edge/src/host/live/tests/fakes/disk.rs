//! A store whose disk may take nothing.

use super::*;

/// A real store whose disk takes nothing when the world says so.
pub(in crate::host::live::tests) struct Disk {
    store: Store,
    world: World,
    dir: PathBuf,
}

impl Disk {
    pub(in crate::host::live::tests) fn new(store: Store, world: &World, dir: PathBuf) -> Self {
        world.state().outbox = Some(store.outbox());
        Self { store, world: world.clone(), dir }
    }
}

impl Storage for Disk {
    fn state(&self) -> Result<StoredState, StoreError> {
        self.store.state()
    }

    fn keep_unread(&self, unread: &[Unread]) -> Result<PathBuf, StoreError> {
        self.store.keep_unread(unread)
    }

    fn unread_states(&self) -> Vec<PathBuf> {
        self.store.unread_states()
    }

    fn open_incidents(&self) -> Result<Vec<Result<Revision, String>>, StoreError> {
        self.store.open_incidents()
    }

    fn saves(&self) -> &Saves {
        self.store.saves()
    }

    fn commit(&mut self, rows: &[OutboxRow], state: &Changes) -> Result<Committed, StoreError> {
        if self.world.state().disk_full {
            return Err(StoreError::DiskFull { path: self.dir.join(FILE_NAME) });
        }
        let done = self.store.commit(rows, Some(state));
        self.world.state().commits += u64::from(done.is_ok());
        done
    }

    fn judge(&mut self, verdicts: &[Verdict]) -> Result<Vec<Judged>, StoreError> {
        if let Some(detail) = self.world.state().damage.clone() {
            return Err(StoreError::Corrupt { path: self.dir.join(FILE_NAME), detail });
        }
        self.store.judge(verdicts)
    }

    fn send_asked(&mut self, sha256: Sha256, asked: Timestamp) -> Result<(), StoreError> {
        if self.world.state().disk_full {
            return Err(StoreError::DiskFull { path: self.dir.join(FILE_NAME) });
        }
        self.store.send_asked(sha256, asked)
    }

    fn hold(&mut self, rows: Vec<OutboxRow>) -> Vec<OutboxRow> {
        self.store.hold(rows)
    }

    fn held(&self) -> &Held {
        self.store.held()
    }

    fn depth(&self) -> Result<Depth, StoreError> {
        self.store.depth()
    }

    fn give_up_ballast(&self) -> bool {
        false
    }

    fn begin_anew(&mut self) -> Result<(), StoreError> {
        self.store.begin_anew()
    }

    fn copies_set_aside(&self) -> Vec<PathBuf> {
        self.store.copies_set_aside()
    }

    fn room(&self) -> Option<Room> {
        self.world.state().room
    }
}
