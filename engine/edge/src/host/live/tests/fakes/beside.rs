//! What works beside the event plane: at once, or when it is told to.

use super::*;
use crate::refused::Refused;
use viahe_contract::message::Refusal;

/// Finishes pictures at once, on the thread that asks.
pub(in crate::host::live::tests) struct AtOnce {
    store: Arc<EvidenceStore>,
    done: (Sender<Finished>, Receiver<Finished>),
}

impl AtOnce {
    pub(in crate::host::live::tests) fn new(store: Arc<EvidenceStore>) -> Self {
        Self { store, done: bounded(1024) }
    }
}

impl Finish for AtOnce {
    fn take(&mut self, step: Step) -> Result<(), String> {
        if let Some(finished) = step.done(&self.store) {
            self.done.0.try_send(finished).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    fn finished(&self) -> &Receiver<Finished> {
        &self.done.1
    }

    fn waiting(&self) -> usize {
        0
    }

    fn revive(&mut self) {}

    fn end(self: Box<Self>, _within: Duration) -> bool {
        true
    }
}

/// Answers questions when the world says so, on the thread that asks.
pub(in crate::host::live::tests) struct Librarian {
    world: World,
    job: Option<Job>,
}

impl Librarian {
    pub(in crate::host::live::tests) fn new(world: &World) -> Self {
        Self { world: world.clone(), job: None }
    }
}

impl Retraces for Librarian {
    fn begin(&mut self, job: Job) -> Result<(), Refused> {
        if self.job.is_some() {
            return Err(Refused::new(Refusal::Busy, "ask again in a minute"));
        }
        self.job = Some(job);
        Ok(())
    }

    fn answer(&mut self) -> Option<Retraced> {
        if self.world.state().nobody_answers {
            return None;
        }
        self.job.take().map(|job| job.answered(&Arc::default()))
    }

    fn give_up(&mut self) -> Option<CommandId> {
        self.job.take().map(|job| job.id)
    }
}
