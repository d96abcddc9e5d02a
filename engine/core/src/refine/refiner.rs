//! Who is shown to a classifier, and what follows from what it said.

use super::outcomes::Outcomes;
use super::votes::Votes;
use crate::geometry::{PxBox, PxRect};
use crate::id::TrackId;
use crate::model::{Classifier, Crop};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use viahe_contract::class::Class;

/// What is decided is asked again after this: judgement. Things seldom change their kind, but trackers confuse two of them.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// What is undecided after so many looks is asked as rarely: more of the same does not help.
const LOOKS_ENOUGH: u32 = 30;

/// Who was seen in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Who.
    pub track: TrackId,
    /// As what, by the detector.
    pub class: &'a Class,
    /// Where, in px of the frame.
    pub bbox: PxBox,
}

/// What one classifier said of those whom one camera follows.
#[derive(Clone, Debug)]
pub struct Refiner {
    crop: Crop,
    outcomes: Outcomes,
    of: BTreeMap<TrackId, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    votes: Votes,
    asked: Timestamp,
}

impl Refiner {
    /// Of nobody yet.
    pub fn new(classifier: &Classifier) -> Self {
        let (crop, outcomes) = (classifier.crop.clone(), Outcomes::of(classifier));
        Self { crop, outcomes, of: BTreeMap::new() }
    }

    /// Forgets all but these.
    pub fn keep(&mut self, followed: &BTreeSet<TrackId>) {
        self.of.retain(|track, _| followed.contains(track));
    }

    /// Of those who are seen, whom to show: `crops_max` at most, and with them how many more were due. Who was shown least
    /// comes first, and of those the tallest.
    pub fn choose(
        &self,
        at: Timestamp,
        seen: &[Shown<'_>],
        frame_px: [usize; 2],
        crops_max: usize,
    ) -> (Vec<(TrackId, PxRect)>, usize) {
        let mut due: Vec<(u32, f32, TrackId, PxRect)> = Vec::new();
        for Shown { track, class, bbox } in seen {
            if !self.may_narrow(class) || !self.is_due(*track, at) {
                continue;
            }
            let Some(rect) = self.crop.of_box(bbox, frame_px) else { continue };
            let looks = self.of.get(track).map_or(0, |known| known.votes.looks());
            due.push((looks, bbox.height(), *track, rect));
        }
        due.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
        let left_out = due.len().saturating_sub(crops_max);
        due.truncate(crops_max);
        (due.into_iter().map(|(_, _, track, rect)| (track, rect)).collect(), left_out)
    }

    /// Counts what the classifier said of a track; false where that was no use.
    pub fn hear(&mut self, track: TrackId, at: Timestamp, values: &[f32]) -> bool {
        let odds = self.outcomes.odds(values);
        let count = self.outcomes.count();
        let new = || Known { votes: Votes::new(count), asked: at };
        let known = self.of.entry(track).or_insert_with(new);
        known.asked = at;
        let Some(odds) = odds else { return false };
        known.votes.add(&odds);
        true
    }

    /// What a track is that the detector calls `class`: a kind of it, where one is decided.
    pub fn refined(&self, track: TrackId, class: &Class) -> Option<&Class> {
        let kind = self.outcomes.class(self.of.get(&track)?.votes.decided()?)?;
        (self.crop.is_of(class) && is_kind(class, kind)).then_some(kind)
    }

    /// Could it say more of such a thing than the detector does?
    fn may_narrow(&self, class: &Class) -> bool {
        let kinds = self.outcomes.classes();
        self.crop.is_of(class) && kinds.iter().any(|kind| is_kind(class, kind))
    }

    fn is_due(&self, track: TrackId, at: Timestamp) -> bool {
        self.of.get(&track).is_none_or(|Known { votes, asked }| {
            let rarely = votes.decided().is_some() || votes.looks() >= LOOKS_ENOUGH;
            !rarely || at.since(*asked) >= AGAIN_AFTER || at < *asked
        })
    }
}

fn is_kind(class: &Class, kind: &Class) -> bool {
    class != kind && class.covers(kind)
}
