//! Which class a track is: a vote of its detections, weighted by confidence.

use crate::id::ClassIx;

/// Classes told apart for one track; more are not confused with each other in practice.
const CANDIDATES: usize = 6;
/// A challenger needs so much more weight than the class told so far: no flicker on a tie.
const LEAD: f32 = 1.25;
/// Total weight is held here, so that a first mistake is forgotten after some hundred frames.
const WEIGHT_MAX: f32 = 200.0;

/// The running vote of one track.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassVote {
    told: ClassIx,
    votes: [(ClassIx, f32); CANDIDATES],
}

impl ClassVote {
    pub(super) fn new(class: ClassIx, confidence: f32) -> Self {
        let mut votes = [(class, 0.0); CANDIDATES];
        votes[0].1 = confidence;
        Self { told: class, votes }
    }

    pub(super) fn told(&self) -> ClassIx {
        self.told
    }

    pub(super) fn add(&mut self, class: ClassIx, confidence: f32) {
        // The class's own place, else the place of the weakest one that is not told.
        let told = self.told;
        let place =
            self.votes.iter().position(|v| v.0 == class && v.1 > 0.0).unwrap_or_else(|| {
                (0..CANDIDATES)
                    .filter(|&k| self.votes[k].1 <= 0.0 || self.votes[k].0 != told)
                    .min_by(|a, b| self.votes[*a].1.total_cmp(&self.votes[*b].1))
                    .unwrap_or(0)
            });
        let vote = &mut self.votes[place];
        if vote.0 != class {
            *vote = (class, 0.0);
        }
        vote.1 += confidence;
        let weight = vote.1;
        let total: f32 = self.votes.iter().map(|v| v.1).sum();
        let told_weight: f32 = self.votes.iter().filter(|v| v.0 == told).map(|v| v.1).sum();
        if weight > told_weight * LEAD {
            self.told = class;
        }
        if total > WEIGHT_MAX {
            self.votes.iter_mut().for_each(|v| v.1 *= 0.5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_is_told_without_flicker() {
        let (car, truck) = (ClassIx(2), ClassIx(7));
        let mut vote = ClassVote::new(truck, 0.6);
        for _ in 0..2 {
            vote.add(car, 0.9);
        }
        assert_eq!(vote.told(), car);
        let mut flips = 0;
        for k in 0..1000 {
            let before = vote.told();
            vote.add(if k % 2 == 0 { truck } else { car }, 0.7);
            flips += u32::from(vote.told() != before);
        }
        assert_eq!((vote.told(), flips), (car, 0));
    }

    #[test]
    fn many_classes_do_not_push_out_the_told_one() {
        let mut vote = ClassVote::new(ClassIx(0), 1.0);
        for k in 1..500 {
            vote.add(ClassIx(k), 0.3);
            vote.add(ClassIx(0), 0.3);
        }
        assert_eq!(vote.told(), ClassIx(0));
    }
}
