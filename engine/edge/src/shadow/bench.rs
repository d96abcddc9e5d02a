//! What comes of looks: the candidate looks too, both engines hear of it, and the book is kept.

use super::book::{Book, Looks, forget_picture};
use super::twins::{Twin, Word};
use crate::vision::shadow::{Candidate, CandidateError, Look, Said, SentFrame};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use viahe_contract::sha256::Sha256;
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::plan::Plan;
use viahe_core::shadow::Side;

/// The candidate, its stretches, and the book.
pub(super) struct Bench {
    plan: Arc<Plan>,
    state_dir: PathBuf,
    candidate: Candidate,
    /// By camera; the engine of the model at work, then that of the candidate.
    stretches: BTreeMap<Name, [Twin; 2]>,
    pub(super) book: Book,
    /// There is something that the disk does not have.
    pub(super) unsaved: bool,
}

impl Bench {
    pub(super) fn new(plan: Arc<Plan>, candidate: Candidate, book: Book) -> Self {
        let state_dir = plan.engine.state_dir.clone();
        Self { plan, state_dir, candidate, stretches: BTreeMap::new(), book, unsaved: true }
    }

    /// What a worker says.
    ///
    /// # Errors
    /// [`CandidateError`] when the candidate cannot be tried any further.
    pub(super) fn hear(
        &mut self,
        said: Said,
        frame: Option<SentFrame>,
    ) -> Result<(), CandidateError> {
        match said {
            Said::Look(look) => self.look(*look, frame.map(Arc::new)),
            Said::End(camera) => {
                self.end(&camera);
                Ok(())
            }
        }
    }

    fn look(&mut self, look: Look, frame: Option<Arc<SentFrame>>) -> Result<(), CandidateError> {
        let Look { observation, begins, cpu_us, missed, .. } = look;
        let camera = observation.camera.clone();
        if begins {
            self.begin(&camera);
        }
        if !self.stretches.contains_key(&camera) {
            return Ok(());
        }
        let looks = self.looks(&camera);
        looks.missed += u64::from(missed);
        let seen = match &frame {
            Some(frame) => {
                let seen = self.candidate.look(&camera, &**frame)?;
                let looks = self.looks(&camera);
                match &seen {
                    Some((_, cpu)) => {
                        looks.inferred += 1;
                        looks.incumbent_us += cpu_us;
                        looks.candidate_us += cpu.as_micros() as u64;
                    }
                    None => looks.failed += 1,
                }
                seen.map(|(seen, _)| seen)
            }
            None => self.candidate.again(&camera, observation.frame),
        };
        // What the candidate could not see is left out for both.
        let Some(seen) = seen else { return Ok(()) };
        self.looks(&camera).both += 1;
        self.book.until = self.book.until.max(observation.frame.captured);
        let frame = frame.map(|frame| frame as Arc<dyn Frame>);
        let Some([incumbent, candidate]) = self.stretches.get_mut(&camera) else { return Ok(()) };
        let told = incumbent.sees(observation, frame.clone());
        let also = candidate.sees(seen, frame);
        let mut unused = incumbent.take_unused();
        unused.extend(candidate.take_unused());
        self.note(Side::Incumbent, told);
        self.note(Side::Candidate, also);
        self.forget(unused);
        Ok(())
    }

    fn looks(&mut self, camera: &Name) -> &mut Looks {
        self.book.looks.entry(camera.clone()).or_default()
    }

    fn begin(&mut self, camera: &Name) {
        self.end(camera);
        let Some(planned) = self.plan.cameras.iter().find(|one| one.id == *camera) else { return };
        self.candidate.begin(planned);
        let models = [self.book.incumbent.clone(), self.candidate.model()];
        let twins = models.map(|model| Twin::new(&self.plan, camera, model, &self.state_dir));
        self.stretches.insert(camera.clone(), twins);
        self.looks(camera).stretches += 1;
    }

    /// A stretch is over.
    fn end(&mut self, camera: &Name) {
        self.candidate.end(camera);
        let Some([incumbent, candidate]) = self.stretches.remove(camera) else { return };
        let mut gone = Vec::new();
        for (side, twin) in [(Side::Incumbent, incumbent), (Side::Candidate, candidate)] {
            let (words, unused) = twin.end();
            self.note(side, words);
            gone.extend(unused);
        }
        self.forget(gone);
    }

    /// No look comes any more.
    pub(super) fn end_all(&mut self) {
        let cameras: Vec<Name> = self.stretches.keys().cloned().collect();
        for camera in cameras {
            self.end(&camera);
        }
    }

    fn note(&mut self, side: Side, words: Vec<Word>) {
        for (revision, picture) in words {
            self.unsaved = true;
            let unused = self.book.hear(side, &revision, picture);
            self.forget(unused);
        }
    }

    /// Both engines see the same frames, so several incidents may have one picture: it goes with the last of them.
    fn forget(&self, unused: impl IntoIterator<Item = Sha256>) {
        let told = || self.book.incumbent_told.iter().chain(&self.book.candidate_told);
        let twins = || self.stretches.values().flatten();
        for picture in unused {
            let is_used = told().any(|told| told.picture == Some(picture))
                || twins().any(|twin| twin.holds(picture));
            if !is_used {
                forget_picture(&self.state_dir, picture);
            }
        }
    }
}
