//! What is done to evidence apart from the thread that decides: the worker's word is checked against the
//! file, and zone and boxes are drawn beside it.
//!
//! Whoever asks never waits. What cannot be taken because too much waits, or because the thread ended, is
//! refused with the reason, and another thread is started for the next.

use super::drawings::Sketch;
use super::files::StoredFile;
use super::store::EvidenceStore;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded, never};
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_contract::id::CaptureId;
use viahe_core::seam::Picture;

/// Steps that may wait: as many pictures as the worker keeps, and a drawing of each.
const QUEUE_MAX: usize = 128;

/// What is to be done.
#[derive(Debug)]
pub enum Step {
    /// Take charge of a picture that the worker has written.
    Adopt(CaptureId, Picture),
    /// Draw beside a picture.
    Draw(Box<Sketch>),
}

impl Step {
    /// Does it; what there is to be told of it.
    pub(crate) fn done(self, store: &EvidenceStore) -> Option<Finished> {
        match self {
            Self::Adopt(capture, picture) => {
                Some(Finished::Adopted(capture, adopt(store, capture, picture)))
            }
            Self::Draw(sketch) => {
                sketch.draw(store).err().map(|why| Finished::NotDrawn(why.to_string()))
            }
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// A picture is what was said of it and waits to be wanted; or why it is lost.
    Adopted(CaptureId, Result<Picture, String>),
    /// There is no drawing beside a picture, and why.
    NotDrawn(String),
}

/// The thread that finishes evidence.
#[derive(Debug)]
pub struct Finisher {
    store: Arc<EvidenceStore>,
    steps: Sender<Step>,
    finished: Receiver<Finished>,
}

impl Finisher {
    /// Starts the thread. Where none can be started, each step is refused.
    pub fn start(store: Arc<EvidenceStore>) -> Self {
        let (steps, finished) = spawn(&store);
        Self { store, steps, finished }
    }

    /// Has a step done; never waits.
    ///
    /// # Errors
    /// Why it will not be done.
    pub fn take(&mut self, step: Step) -> Result<(), String> {
        match self.steps.try_send(step) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(format!("{QUEUE_MAX} pictures wait to be finished")),
            Err(TrySendError::Disconnected(_)) => {
                self.revive();
                Err("the thread that finishes pictures had ended".to_owned())
            }
        }
    }

    /// The thread ended: another is started. What waited for the last one is lost.
    pub fn revive(&mut self) {
        tracing::error!("the thread that finishes pictures ended; another is started");
        (self.steps, self.finished) = spawn(&self.store);
    }

    /// What it has done; disconnected when the thread has ended.
    pub fn finished(&self) -> &Receiver<Finished> {
        &self.finished
    }

    /// Steps that wait.
    pub fn waiting(&self) -> usize {
        self.steps.len()
    }

    /// Ends the thread once all is done; says whether it was within this time.
    pub fn end(self, within: Duration) -> bool {
        let until = crate::clock::monotonic() + within;
        drop(self.steps);
        loop {
            match self.finished.recv_timeout(until.saturating_duration_since(now())) {
                Ok(Finished::NotDrawn(why)) => tracing::warn!(why, "no drawing beside the picture"),
                // It is found again at the next start.
                Ok(Finished::Adopted(..)) => {}
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    }
}

fn now() -> Instant {
    crate::clock::monotonic()
}

fn spawn(store: &Arc<EvidenceStore>) -> (Sender<Step>, Receiver<Finished>) {
    let (steps, todo) = bounded::<Step>(QUEUE_MAX);
    let (done, finished) = bounded(QUEUE_MAX);
    let store = Arc::clone(store);
    let thread = std::thread::Builder::new().name("finish".into()).spawn(move || {
        for step in todo {
            let told = step.done(&store);
            if told.is_some_and(|told| done.send(told).is_err()) {
                return;
            }
        }
    });
    match thread {
        Ok(_) => (steps, finished),
        // The other ends went with the thread: each step is refused.
        Err(error) => {
            tracing::error!(%error, "no thread can be started to finish pictures");
            (steps, never())
        }
    }
}

fn adopt(store: &EvidenceStore, capture: CaptureId, picture: Picture) -> Result<Picture, String> {
    let Picture { sha256, bytes, medium, .. } = picture;
    store.adopt(capture, StoredFile { sha256, bytes, medium }).map_err(|why| why.to_string())?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::super::PendingWriter;
    use super::*;
    use viahe_contract::message::Medium;
    use viahe_core::time::Timestamp;

    fn store(dir: &std::path::Path) -> Arc<EvidenceStore> {
        Arc::new(EvidenceStore::open(dir, 1 << 20).unwrap())
    }

    fn picture(writer: &PendingWriter, capture: u64) -> Picture {
        let stored = writer.put(CaptureId(capture), Medium::Jpeg, &capture.to_le_bytes()).unwrap();
        Picture {
            sha256: stored.sha256,
            bytes: stored.bytes,
            medium: stored.medium,
            captured: Timestamp::from_secs(1),
            seq: 1,
            size_px: [640, 360],
        }
    }

    #[test]
    fn a_picture_is_held_against_what_was_said_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = (store(dir.path()), PendingWriter::new(dir.path()));
        let mut finisher = Finisher::start(Arc::clone(&store));
        let good = picture(&writer, 1);
        let mut bad = picture(&writer, 2);
        bad.bytes += 1;
        finisher.take(Step::Adopt(CaptureId(1), good.clone())).unwrap();
        finisher.take(Step::Adopt(CaptureId(2), bad)).unwrap();
        let done = finisher.finished().clone();
        assert_eq!(done.recv(), Ok(Finished::Adopted(CaptureId(1), Ok(good))));
        let Ok(Finished::Adopted(CaptureId(2), Err(why))) = done.recv() else { panic!() };
        assert!(why.contains("not the one that was told"), "{why}");
        assert!(finisher.end(Duration::from_mins(1)));
        assert_eq!(store.counters().pending, 1);
    }

    /// Nobody takes what is done, so the thread stands still: who asks goes on all the same.
    #[test]
    fn whoever_asks_never_waits() {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = (store(dir.path()), PendingWriter::new(dir.path()));
        let mut finisher = Finisher::start(store);
        let one = picture(&writer, 1);
        let refused =
            (0..).find_map(|_| finisher.take(Step::Adopt(CaptureId(1), one.clone())).err());
        assert_eq!(refused.unwrap(), "128 pictures wait to be finished");
        // What is done is taken, so there is room again.
        let done = finisher.finished().clone();
        while finisher.waiting() == QUEUE_MAX {
            done.recv().unwrap();
        }
        finisher.take(Step::Adopt(CaptureId(1), one)).unwrap();
        assert!(finisher.end(Duration::from_mins(1)));
    }

    #[test]
    fn a_thread_that_ended_costs_one_picture_and_another_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = (store(dir.path()), PendingWriter::new(dir.path()));
        let mut finisher = Finisher::start(store);
        // As after a panic: both of its ends are gone.
        finisher.steps = bounded(1).0;
        finisher.finished = bounded(1).1;
        assert!(finisher.finished().recv().is_err(), "which is how it is noticed");
        let one = picture(&writer, 1);
        finisher.take(Step::Adopt(CaptureId(1), one.clone())).unwrap_err();
        finisher.take(Step::Adopt(CaptureId(1), one.clone())).unwrap();
        assert_eq!(finisher.finished().recv(), Ok(Finished::Adopted(CaptureId(1), Ok(one))));
    }
}
