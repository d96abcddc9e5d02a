//! Pictures on their way from the worker's frame to an incident's evidence.
//!
//! Each one that is asked for is answered once: with a file, or with its loss, also when the
//! worker dies or says nothing. Files that nobody wants any more are removed.

use crate::evidence::{Drawings, EvidenceError, EvidenceStore, StoredFile};
use crate::store::Held;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::id::CaptureId;
use viahe_contract::message::EvidenceKind;
use viahe_core::engine::{Capture, Effect};
use viahe_core::id::Name;
use viahe_core::incident::{Evidence, Revision};
use viahe_core::observe::Observation;
use viahe_core::plan::Plan;
use viahe_core::seam::Picture;

/// A picture that has not come after this never will.
const CAPTURE_WITHIN: Duration = Duration::from_secs(5);

/// All pictures of the event plane.
pub(super) struct Pictures {
    store: EvidenceStore,
    /// Asked for, and until when to wait.
    asked: BTreeMap<CaptureId, (Capture, Instant)>,
    /// What is drawn beside them.
    drawings: Drawings,
    failed: u64,
    /// One was lost, and it may be the disk.
    suspicion: bool,
    /// What is about to be named, so that it is not removed before it is.
    held: Held,
}

impl Pictures {
    /// Goes on with what an earlier run left pending and `known` still wants.
    pub(super) fn new(store: EvidenceStore, held: Held, known: impl Fn(CaptureId) -> bool) -> Self {
        if let Err(error) = store.discard_unless(known) {
            tracing::warn!(%error, "pictures of the last run are left over");
        }
        let (asked, drawings) = (BTreeMap::new(), Drawings::default());
        Self { store, asked, drawings, failed: 0, suspicion: false, held }
    }

    pub(super) fn ask(&mut self, capture: Capture, now: Instant) {
        self.asked.insert(capture.id, (capture, now + CAPTURE_WITHIN));
    }

    /// The worker's answer.
    pub(super) fn taken(
        &mut self,
        id: CaptureId,
        kind: EvidenceKind,
        answer: Result<Picture, String>,
    ) -> Option<Evidence> {
        self.asked.remove(&id);
        let adopted = answer.and_then(|picture| {
            let stored = StoredFile { sha256: picture.sha256, bytes: picture.bytes };
            self.store.adopt(id, stored).map_err(|e| e.to_string())?;
            Ok(picture)
        });
        match adopted {
            Ok(picture) => {
                self.drawings.came(id, picture.seq, picture.size_px);
                Some(Evidence {
                    kind,
                    sha256: picture.sha256,
                    bytes: picture.bytes,
                    media_type: "image/jpeg".into(),
                    captured: picture.captured,
                    capture: id,
                })
            }
            Err(reason) => {
                self.lose(id, kind, &reason);
                None
            }
        }
    }

    /// Says that a picture will not come.
    pub(super) fn lost(&mut self, id: CaptureId, reason: &str) {
        // What nobody asked for here was asked for by an incident of the run before.
        let kind = self.asked.get(&id).map_or(EvidenceKind::Opened, |(capture, _)| capture.kind);
        self.lose(id, kind, reason);
    }

    /// Who asked for a picture by a command is told, and asks again; of an incident's it is the loss.
    fn lose(&mut self, id: CaptureId, kind: EvidenceKind, reason: &str) {
        if kind != EvidenceKind::Commanded {
            self.failed += 1;
            self.suspicion = true;
            tracing::error!(capture = %id, reason, "a picture is lost");
        }
        self.discard(id);
    }

    /// Pictures that should have come.
    pub(super) fn overdue(&self, now: Instant) -> Vec<CaptureId> {
        self.asked.iter().filter(|(_, (_, until))| *until <= now).map(|(id, _)| *id).collect()
    }

    /// How many are waited for.
    pub(super) fn outstanding(&self) -> usize {
        self.asked.len()
    }

    /// Pictures of these cameras that are waited for.
    pub(super) fn outstanding_of(&self, cameras: &[Name]) -> Vec<CaptureId> {
        let of = self.asked.iter().filter(|(_, (capture, _))| cameras.contains(&capture.camera));
        of.map(|(id, _)| *id).collect()
    }

    pub(super) fn discard(&mut self, id: CaptureId) {
        self.asked.remove(&id);
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
        revision.evidence.retain(|e| match place(store, e) {
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
    pub(super) fn keep_one(&mut self, evidence: &Evidence) -> Result<(), EvidenceError> {
        match self.store.path_of(evidence.sha256) {
            Some(_) => self.store.discard(evidence.capture),
            None => self.store.promote_snapshot(evidence.capture).map(|_| ()),
        }
    }

    /// What was seen in the frames of pictures that are asked for because of it.
    pub(super) fn asked(&mut self, effects: &[Effect], seen: &Observation) {
        self.drawings.asked(effects, seen);
    }

    /// Draws zone and boxes beside each picture that has no drawing yet.
    pub(super) fn draw(&mut self, revision: &Revision, plan: &Plan) {
        if let Err(error) = self.drawings.draw(&self.store, revision, plan) {
            self.suspicion = true;
            tracing::warn!(%error, "no drawing beside the picture");
        }
    }

    /// Pictures that were lost.
    pub(super) fn failed(&self) -> u64 {
        self.failed
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

/// Two incidents in one frame share one file.
fn place(store: &EvidenceStore, evidence: &Evidence) -> Result<(), EvidenceError> {
    match store.path_of(evidence.sha256) {
        Some(_) => store.discard(evidence.capture),
        None => store.promote(evidence.capture).map(|_| ()),
    }
}
