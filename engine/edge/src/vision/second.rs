//! The second stage of a camera: crops of what its detector found → kinds.

use super::lens::Lens;
use crate::infer::{InferError, Judge};
use crate::ledger::Ledger;
use crate::preprocess::Preprocessor;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::frame::{Frame, FrameView};
use viahe_core::geometry::{PxBox, PxRect};
use viahe_core::id::TrackId;
use viahe_core::observe::Class;
use viahe_core::refine::{Budget, CROPS_MAX, Refiner, Shown};
use viahe_core::seam::CropStats;
use viahe_core::tensor::Sheet;
use viahe_core::track::Tracked;

/// One classifier after the other, each of what those before it made of a thing.
#[derive(Debug, Default)]
pub(super) struct Second {
    stages: Vec<Stage>,
    /// What the look under way has cost; none where it does not matter.
    look: Option<Duration>,
    counts: CropStats,
}

#[derive(Debug)]
struct Stage {
    lens: Arc<Lens>,
    refiner: Refiner,
    kernel: Preprocessor,
    budget: Budget,
    /// It failed before, which was told.
    failed: bool,
}

impl Second {
    /// With these from now on; what is known of those who were there already stays.
    pub(super) fn turn_to(&mut self, lenses: &[Arc<Lens>]) {
        let same = self.stages.len() == lenses.len()
            && self.stages.iter().zip(lenses).all(|(stage, lens)| stage.lens == *lens);
        if same {
            return;
        }
        let mut before = std::mem::take(&mut self.stages);
        for lens in lenses {
            let at = before.iter().position(|stage| stage.lens == *lens);
            let stage = at.map(|at| before.swap_remove(at));
            self.stages.push(stage.unwrap_or_else(|| Stage::new(lens)));
        }
    }

    /// Is there any?
    pub(super) fn is_on(&self) -> bool {
        !self.stages.is_empty()
    }

    /// What was shown since the last call.
    pub(super) fn take_counts(&mut self) -> CropStats {
        std::mem::take(&mut self.counts)
    }

    /// Crops get their share of what looks cost. Otherwise as many are shown as may be at most, so that what is told does
    /// not hang on the clock.
    pub(super) fn in_time(self) -> Self {
        Self { look: Some(Duration::ZERO), ..self }
    }

    /// The look under way has cost so much.
    pub(super) fn cost(&mut self, look: Duration) {
        self.look = self.look.map(|_| look);
    }

    /// Shows of those who are seen in a frame as many as there is time for. `back` makes px of the frame of theirs.
    pub(super) fn look(
        &mut self,
        frame: &dyn Frame,
        labels: &[Option<Class>],
        tracked: &[Tracked],
        back: [f32; 2],
        ledger: &Ledger,
    ) {
        for at in 0..self.stages.len() {
            let (before, rest) = self.stages.split_at_mut(at);
            let seen = |of: &Tracked| {
                let class = labels.get(usize::from(of.class.0))?.as_ref()?;
                Some((of.id, refined(before, of.id, class), of.bbox.scaled(back)))
            };
            let seen: Vec<(TrackId, Class, PxBox)> = tracked.iter().filter_map(seen).collect();
            let shown =
                seen.iter().map(|(track, class, bbox)| Shown { track: *track, class, bbox: *bbox });
            let shown: Vec<Shown<'_>> = shown.collect();
            if let Some(stage) = rest.first_mut() {
                stage.look(frame, &shown, self.look, ledger, &mut self.counts);
            }
        }
    }

    /// Forgets all but these.
    pub(super) fn keep(&mut self, followed: &BTreeSet<TrackId>) {
        self.stages.iter_mut().for_each(|stage| stage.refiner.keep(followed));
    }

    /// What a track is that the detector calls `class`.
    pub(super) fn refined(&self, track: TrackId, class: &Class) -> Class {
        refined(&self.stages, track, class)
    }
}

fn refined(stages: &[Stage], track: TrackId, class: &Class) -> Class {
    let narrower = |class: Class, stage: &Stage| {
        let kind = stage.refiner.refined(track, &class).cloned();
        kind.unwrap_or(class)
    };
    stages.iter().fold(class.clone(), narrower)
}

impl Stage {
    fn new(lens: &Arc<Lens>) -> Self {
        let classifier = lens.classifier();
        Self {
            lens: Arc::clone(lens),
            refiner: Refiner::new(classifier),
            kernel: Preprocessor::new(classifier.model.input),
            budget: Budget::default(),
            failed: false,
        }
    }

    fn look(
        &mut self,
        frame: &dyn Frame,
        shown: &[Shown<'_>],
        look: Option<Duration>,
        ledger: &Ledger,
        counts: &mut CropStats,
    ) {
        let most = look.map_or(CROPS_MAX, |look| self.budget.after(look, self.lens.run()));
        let (view, at) = (frame.view(), frame.stamp().captured);
        let frame_px = [view.width(), view.height()];
        let (chosen, left_out) = self.refiner.choose(at, shown, frame_px, most);
        counts.left_out += left_out as u64;
        if chosen.is_empty() {
            return;
        }
        self.budget.spend(chosen.len());
        let mut judge = match self.lens.take() {
            Ok(judge) => judge,
            Err(error) => return self.failed(&error, chosen.len(), counts),
        };
        for (track, crop) in chosen {
            match ask(&mut judge, &mut self.kernel, &view, crop, ledger) {
                Ok(values) => {
                    counts.looked_at += 1;
                    let usable = self.refiner.hear(track, at, values);
                    self.lens.heard(usable);
                    counts.failed += u64::from(!usable);
                }
                Err(error) => self.failed(&error, 1, counts),
            }
        }
        self.lens.give_back(judge);
    }

    /// The detector goes on without; it is told once.
    fn failed(&mut self, error: &InferError, crops: usize, counts: &mut CropStats) {
        counts.failed += crops as u64;
        (0..crops).for_each(|_| self.lens.heard(false));
        if !self.failed {
            tracing::error!(%error, "a crop could not be looked at; its thing stays what the detector says");
        }
        self.failed = true;
    }
}

/// One crop through the kernel, into ONNX Runtime's memory.
fn ask<'j>(
    judge: &'j mut Judge,
    kernel: &mut Preprocessor,
    view: &FrameView<'_>,
    crop: PxRect,
    ledger: &Ledger,
) -> Result<&'j [f32], InferError> {
    let input = *judge.input();
    let sheet = Sheet::new(input.size(), [input.fit_part(crop)]);
    judge.ask(|tensor| Ok(kernel.run_sheet(view, &sheet, tensor, ledger)?))
}
