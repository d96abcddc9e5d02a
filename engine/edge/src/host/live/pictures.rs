//! Pictures on their way from the worker's frame to an incident's evidence.
//!
//! Each one that is asked for is answered once: with a file, or with its loss, also when the
//! worker dies or says nothing. Only the worker that was asked can answer, also when another one has the
//! camera by then. What it is to show is what it was asked for, whatever the worker says.
//! Files that nobody wants any more are removed.
//!
//! What is to be said waits for its pictures for a moment only; what is late is said once more with them.

use super::lately::Lately;
use super::outside::Finish;
use super::trust::Its;
use crate::evidence::{Drawings, EvidenceError, EvidenceStore, Finished, Step};
use crate::store::Held;
use crossbeam_channel::Receiver;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_contract::id::{CaptureId, WorkerId};
use viahe_contract::message::Moment;
use viahe_core::artefact::{Artefact, Span};
use viahe_core::engine::{Capture, Event};
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::seam::Picture;

/// A picture that has not come after this never will.
const CAPTURE_WITHIN: Duration = Duration::from_secs(5);

/// All pictures of the event plane.
pub(super) struct Pictures {
    store: Arc<EvidenceStore>,
    finisher: Box<dyn Finish>,
    asked: BTreeMap<CaptureId, Asked>,
    /// Not waited for any more, and not answered: the answer may be on its way.
    let_go: Lately<(WorkerId, CaptureId)>,
    /// What is drawn beside them.
    drawings: Drawings,
    /// What was seen in the frame at hand.
    seen: Option<Observation>,
    failed: u64,
    late: u64,
    /// One was lost, and it may be the disk.
    suspicion: bool,
    /// What is about to be named, so that it is not removed before it is.
    held: Held,
}

/// A picture that is waited for.
struct Asked {
    /// None when nobody could be asked.
    of: Option<WorkerId>,
    camera: Name,
    moment: Moment,
    until: Instant,
    /// What is to be said waits for it until then; none when it waits no longer.
    patience: Option<Instant>,
    /// The worker has answered, and the file is being looked at.
    finishing: bool,
}

impl Pictures {
    /// Goes on with what an earlier run left pending and `known` still wants.
    pub(super) fn new(
        store: Arc<EvidenceStore>,
        finisher: Box<dyn Finish>,
        held: Held,
        known: impl Fn(CaptureId) -> bool,
    ) -> Self {
        if let Err(error) = store.discard_unless(known) {
            tracing::warn!(%error, "pictures of the last run are left over");
        }
        Self {
            store,
            finisher,
            asked: BTreeMap::new(),
            let_go: Lately::default(),
            drawings: Drawings::default(),
            seen: None,
            failed: 0,
            late: 0,
            suspicion: false,
            held,
        }
    }

    /// What is about to be applied: pictures that are asked for because of it show what was seen in it.
    pub(super) fn sees(&mut self, event: &Event) {
        self.seen = match event {
            Event::Observed(observation) => Some(observation.clone()),
            _ => None,
        };
    }

    /// A picture was asked of a worker, if one could be asked; what is to be said waits for it so long.
    pub(super) fn ask(
        &mut self,
        capture: &Capture,
        of: Option<WorkerId>,
        wait: Duration,
        now: Instant,
    ) {
        if let Some(seen) = &self.seen {
            self.drawings.asked(capture, seen);
        }
        let until = now + CAPTURE_WITHIN;
        let (camera, moment) = (capture.camera.clone(), capture.moment);
        // Whoever asked for it by a command waits for the picture itself.
        let patience = (moment != Moment::Commanded).then_some(now + wait);
        let asked = Asked { of, camera, moment, until, patience, finishing: false };
        self.asked.insert(capture.id, asked);
    }

    /// Is this worker's answer waited for?
    pub(super) fn standing(&self, worker: WorkerId, id: CaptureId, now: Instant) -> Its {
        let asked = self.asked.get(&id);
        let awaited = asked.is_some_and(|asked| !asked.finishing && asked.of == Some(worker));
        Its::of(awaited, || self.let_go.any(now, |one| *one == (worker, id)))
    }

    /// Nothing comes of a worker's answer: what was written for it goes, unless it is another's.
    pub(super) fn refuse(&mut self, worker: WorkerId, id: CaptureId, now: Instant) {
        // Its next one is a second answer.
        self.let_go.take(now, |one| *one == (worker, id));
        if !self.asked.contains_key(&id)
            && let Err(error) = self.store.refuse(id)
        {
            tracing::warn!(%error, "a picture that nobody asked for stays");
        }
    }

    /// The worker's answer. A picture is looked at first; what is lost is told at once.
    pub(super) fn taken(
        &mut self,
        id: CaptureId,
        answer: Result<Picture, String>,
        now: Instant,
    ) -> Option<Event> {
        let asked = self.asked.get_mut(&id)?;
        (asked.finishing, asked.until) = (true, now + CAPTURE_WITHIN);
        let step = answer.map(|picture| Step::Adopt(id, picture));
        let reason = step.and_then(|step| self.finisher.take(step)).err()?;
        Some(self.give_up(id, &reason))
    }

    /// A step is done, or nobody does any more. What it says of a picture that nobody waits for any more
    /// is nothing new.
    pub(super) fn finished(&mut self, done: Option<Finished>) -> Option<Event> {
        match done {
            None => self.finisher.revive(),
            Some(Finished::NotDrawn(why)) => self.not_drawn(&why),
            Some(Finished::Adopted(id, answer)) => {
                let Some(moment) = self.asked.get(&id).map(|asked| asked.moment) else {
                    self.discard(id);
                    return None;
                };
                return Some(match answer {
                    Ok(picture) => self.came(id, moment, &picture),
                    Err(reason) => self.give_up(id, &reason),
                });
            }
        }
        None
    }

    fn came(&mut self, id: CaptureId, moment: Moment, picture: &Picture) -> Event {
        self.asked.remove(&id);
        self.drawings.came(id, picture.seq, picture.size_px);
        let evidence = Artefact {
            sha256: picture.sha256,
            bytes: picture.bytes,
            medium: picture.medium,
            moment,
            span: Span::at(picture.captured),
            capture: id,
        };
        Event::Captured { capture: id, evidence: Some(evidence) }
    }

    /// Steps that are done; disconnected when nobody does any.
    pub(super) fn done(&self) -> &Receiver<Finished> {
        self.finisher.finished()
    }

    /// A picture will not come any more, if it ever was to.
    pub(super) fn give_up(&mut self, capture: CaptureId, reason: &str) -> Event {
        self.lost(capture, reason);
        Event::Captured { capture, evidence: None }
    }

    /// Says that a picture will not come. Who asked for it by a command is told, and asks again; of an
    /// incident's it is the loss.
    fn lost(&mut self, id: CaptureId, reason: &str) {
        // What nobody asked for here was asked for by an incident of the run before.
        if self.asked.get(&id).is_none_or(|asked| asked.moment != Moment::Commanded) {
            self.failed += 1;
            self.suspicion = true;
            tracing::error!(capture = %id, reason, "a picture is lost");
        }
        self.discard(id);
    }

    fn not_drawn(&mut self, why: &str) {
        self.suspicion = true;
        tracing::warn!(why, "no drawing beside the picture");
    }

    /// Those that nothing waits for any longer, when all is heard up to then. They may still come.
    pub(super) fn late(&mut self, heard_up_to: Instant) -> Vec<Event> {
        let late = self.asked.iter_mut().filter_map(|(id, asked)| {
            let over = asked.patience.take_if(|until| *until <= heard_up_to);
            over.map(|_| {
                tracing::debug!(capture = %id, camera = %asked.camera, "a picture is late");
                Event::Late { capture: *id }
            })
        });
        let late: Vec<Event> = late.collect();
        self.late += late.len() as u64;
        late
    }

    /// When something is late that is not yet.
    pub(super) fn next_late(&self) -> Option<Instant> {
        self.asked.values().filter_map(|asked| asked.patience).min()
    }

    /// Gives up pictures that should have come, when all is heard up to then.
    pub(super) fn give_up_overdue(&mut self, heard_up_to: Instant) -> Vec<Event> {
        let overdue = self.asked.iter().filter(|(_, asked)| asked.until <= heard_up_to);
        let overdue: Vec<CaptureId> = overdue.map(|(id, _)| *id).collect();
        let why = "the vision worker did not answer in time";
        overdue.into_iter().map(|id| self.give_up(id, why)).collect()
    }

    /// Gives up all that are waited for.
    pub(super) fn give_up_all(&mut self, why: &str) -> Vec<Event> {
        let all: Vec<CaptureId> = self.asked.keys().copied().collect();
        all.into_iter().map(|id| self.give_up(id, why)).collect()
    }

    /// How many are waited for.
    pub(super) fn outstanding(&self) -> usize {
        self.asked.len()
    }

    /// Those that a worker was asked for and has not answered.
    pub(super) fn unanswered_by(&self, worker: WorkerId) -> Vec<CaptureId> {
        self.unanswered(|asked| asked.of == Some(worker))
    }

    /// Those of such cameras that no worker has answered.
    pub(super) fn unanswered_of(&self, is: impl Fn(&Name) -> bool) -> Vec<CaptureId> {
        self.unanswered(|asked| is(&asked.camera))
    }

    fn unanswered(&self, is: impl Fn(&Asked) -> bool) -> Vec<CaptureId> {
        let those = self.asked.iter().filter(|(_, asked)| !asked.finishing && is(asked));
        those.map(|(id, _)| *id).collect()
    }

    pub(super) fn discard(&mut self, id: CaptureId) {
        if let Some(Asked { of: Some(worker), until, finishing: false, .. }) =
            self.asked.remove(&id)
        {
            self.let_go.note((worker, id), until);
        }
        self.drawings.forget(id);
        if let Err(error) = self.store.discard(id) {
            tracing::warn!(%error, "a picture that nobody wants stays");
        }
    }

    /// Puts the pictures of a revision in their place; what cannot be is not named in it. Those
    /// that an earlier revision named may have been removed since, to keep the budget.
    pub(super) fn keep(&mut self, revision: &mut Revision) {
        self.held.about_to_name(revision.evidence.iter().map(|e| e.sha256));
        let (store, failed, suspicion) = (&self.store, &mut self.failed, &mut self.suspicion);
        let said_before = revision.revision > 1;
        revision.evidence.retain(|e| match store.promote(e) {
            Ok(()) => true,
            Err(EvidenceError::NotPending(_)) if said_before => true,
            Err(error) => {
                *failed += 1;
                *suspicion = true;
                tracing::error!(%error, incident = %revision.incident, "a picture is lost");
                false
            }
        });
    }

    /// Puts the picture of a command in its place.
    ///
    /// # Errors
    /// When it cannot be kept; whoever asked for it is told.
    pub(super) fn keep_one(&mut self, artefact: &Artefact) -> Result<(), EvidenceError> {
        self.store.promote(artefact)
    }

    /// Has zone and boxes drawn beside each picture that has no drawing yet.
    pub(super) fn draw(&mut self, revision: &Revision, plan: &Arc<Plan>) {
        for sketch in self.drawings.sketches(revision, plan) {
            if let Err(why) = self.finisher.take(Step::Draw(Box::new(sketch))) {
                self.not_drawn(&why);
            }
        }
    }

    /// Ends what is being finished; what takes longer is left.
    pub(super) fn end(self, within: Duration) {
        if !self.finisher.end(within) {
            tracing::warn!("drawings beside the last pictures may be missing: the disk is slow");
        }
    }

    /// Pictures that were lost.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// Pictures that nothing waited for to the end.
    pub(super) fn late_so_far(&self) -> u64 {
        self.late
    }

    /// Steps that wait to be done.
    pub(super) fn unfinished(&self) -> usize {
        self.finisher.waiting()
    }

    /// Was one lost since this was asked last?
    pub(super) fn take_suspicion(&mut self) -> bool {
        std::mem::take(&mut self.suspicion)
    }

    /// The folder's counters.
    pub(super) fn store(&self) -> &EvidenceStore {
        &self.store
    }
}
