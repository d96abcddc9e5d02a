//! The one thread that writes.

use super::error::StoreError;
use crate::vitals::{DISK, Vitals};
use rusqlite::{Connection, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// Jobs that may wait; whoever has one more waits with it.
const JOBS_MAX: usize = 1_024;
/// Most jobs in one commit: nobody waits for more than these.
const GROUP_MAX: usize = 256;

/// Tells whoever waits how it went, once it is on the disk or is not.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
/// Writes, and says why that cannot stay; or hears why nothing can be written.
type Job =
    Box<dyn FnOnce(Result<&Connection, &rusqlite::Error>) -> (Result<(), String>, Answer) + Send>;

/// Hands work to the thread. The thread ends, with all it has done, when this is dropped.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// `committed` counts commits; `vitals` tell while the database takes nothing, whoever asks it.
    pub(super) fn start(
        db: Connection,
        committed: watch::Sender<u64>,
        vitals: Vitals,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || serve(db, waiting, &committed, &vitals))
            .map_err(|e| StoreError::Commit(format!("no thread to write: {e}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Does `work` in a commit; what it gives is given once that is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, done) = job(work);
        let jobs = self.jobs.as_ref().ok_or(StoreError::Stopped)?;
        jobs.send(job).await.map_err(|_| StoreError::Stopped)?;
        done.await.map_err(|_| StoreError::Stopped)?
    }

    /// As [`Writer::write`], for who is no task.
    pub(super) fn write_and_wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, done) = job(work);
        let jobs = self.jobs.as_ref().ok_or(StoreError::Stopped)?;
        jobs.blocking_send(job).map_err(|_| StoreError::Stopped)?;
        done.blocking_recv().map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It catches its own panics.
            let _ = thread.join();
        }
    }
}

fn job<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (to, done) = oneshot::channel();
    let job = move |db: Result<&Connection, &rusqlite::Error>| {
        let result = match db {
            Ok(db) => catch_unwind(AssertUnwindSafe(|| work(db)))
                .unwrap_or_else(|_| Err(StoreError::Commit("a fault of the console".into()))),
            Err(why) => Err(StoreError::Commit(why.to_string())),
        };
        let stays = result.as_ref().map(|_| ()).map_err(ToString::to_string);
        let written = stays.is_ok();
        let answer = move |committed: Result<(), String>| {
            let lost = |why| if written { Err(StoreError::Commit(why)) } else { Ok(()) };
            // Whoever asked may have gone.
            let _ = to.send(committed.or_else(lost).and(result));
        };
        (stays, Box::new(answer) as Answer)
    };
    (Box::new(job), done)
}

fn serve(
    mut db: Connection,
    mut waiting: mpsc::Receiver<Job>,
    committed: &watch::Sender<u64>,
    vitals: &Vitals,
) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = Group::default();
        let result = commit(&mut db, first, &mut waiting, &mut group);
        committed.send_modify(|count| *count += 1);
        let told = result.map_err(|error| error.to_string());
        // One that fails says of the disk what a commit does: all that others refuse is no fault here.
        let _ = vitals.follow(DISK, group.fault.map_or(told.clone(), Err));
        for answer in group.answers {
            answer(told.clone());
        }
    }
}

/// What came of jobs in one commit.
#[derive(Default)]
struct Group {
    answers: Vec<Answer>,
    /// Why the first that failed did.
    fault: Option<String>,
}

impl Group {
    /// Does a job; is it to stay?
    fn add(&mut self, job: Job, db: Result<&Connection, &rusqlite::Error>) -> bool {
        let (stays, answer) = job(db);
        self.answers.push(answer);
        let is_to_stay = stays.is_ok();
        self.fault = self.fault.take().or(stays.err());
        is_to_stay
    }
}

/// Does the first job and those that wait behind it.
fn commit(
    db: &mut Connection,
    first: Job,
    waiting: &mut mpsc::Receiver<Job>,
    group: &mut Group,
) -> Result<(), rusqlite::Error> {
    let mut tx = match db.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(tx) => tx,
        Err(error) => {
            group.add(first, Err(&error));
            return Err(error);
        }
    };
    let mut next = Some(first);
    while let Some(job) = next {
        let mut part = match tx.savepoint() {
            Ok(part) => part,
            Err(error) => {
                group.add(job, Err(&error));
                return Err(error);
            }
        };
        if !group.add(job, Ok(&part)) {
            part.rollback()?;
        }
        part.commit()?;
        next = if group.answers.len() < GROUP_MAX { waiting.try_recv().ok() } else { None };
    }
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn who_asks_is_told_why_nothing_begins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE a (b); BEGIN IMMEDIATE").unwrap();
        let db = Connection::open(&path).unwrap();
        db.busy_timeout(Duration::ZERO).unwrap();
        let vitals = Vitals::default();
        let writer = Writer::start(db, watch::Sender::new(0), vitals.clone()).unwrap();
        let write = || writer.write_and_wait(|db| Ok(db.execute("INSERT INTO a VALUES (1)", [])?));
        let error = write().unwrap_err();
        assert!(matches!(&error, StoreError::Commit(why) if why.contains("locked")), "{error}");
        assert_eq!(vitals.troubles(crate::clock::monotonic()).len(), 1, "whoever wrote");
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(write().unwrap(), 1);
        assert!(vitals.troubles(crate::clock::monotonic()).is_empty());
        // What fails within a commit that holds says the same.
        let broken =
            writer.write_and_wait(|db| Ok(db.execute("INSERT INTO nowhere VALUES (1)", [])?));
        assert!(broken.is_err() && vitals.troubles(crate::clock::monotonic()).len() == 1);
    }
}
