//! What a track is, by what a classifier said of it in several looks.
//!
//! A sequential test (Wald 1945): log-likelihoods are added up, and an outcome is decided once it leads all others
//! by a bound. Looks at one thing are alike, so a sum of them is surer of itself than it should be: each look counts for
//! little, whatever it says.

use super::outcomes::Odds;

/// Looks before anything is decided: judgement.
pub const LOOKS_MIN: u32 = 3;
/// One look moves two outcomes apart by so much at most: as if it were right in seven of eight cases.
const STEP_MAX: f32 = 2.0;
/// An outcome that leads all others by so much is decided: e⁴ to 1, some 98 %. Judgement, as all four numbers are.
const LEAD: f32 = 4.0;
/// No lead grows beyond this, so that a mistake is forgotten: from here six looks that are sure of another outcome turn it.
const LEAD_MAX: f32 = 8.0;
/// Sums of floats are the same within this.
const EVEN: f32 = 1e-4;

/// The running vote of one track.
#[derive(Clone, Debug)]
pub(super) struct Votes {
    /// By outcome: 0 of the one that leads, less of the others.
    behind: Vec<f32>,
    looks: u32,
    decided: Option<usize>,
}

impl Votes {
    pub(super) fn new(outcomes: usize) -> Self {
        Self { behind: vec![0.0; outcomes], looks: 0, decided: None }
    }

    /// Looks that were counted.
    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// Which outcome it is.
    pub(super) fn decided(&self) -> Option<usize> {
        self.decided
    }

    /// Counts a look.
    pub(super) fn add(&mut self, odds: &Odds) {
        self.looks = self.looks.saturating_add(1);
        for (behind, log) in self.behind.iter_mut().zip(odds.logs()) {
            *behind += log.max(-STEP_MAX);
        }
        let best = self.behind.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for behind in &mut self.behind {
            *behind = (*behind - best).max(-LEAD_MAX);
        }
        if self.looks >= LOOKS_MIN {
            self.decide();
        }
    }

    fn decide(&mut self) {
        let Some(first) = self.behind.iter().position(|behind| *behind >= -EVEN) else { return };
        let mut others = self.behind.iter().enumerate().filter(|(i, _)| *i != first);
        if others.all(|(_, behind)| *behind <= EVEN - LEAD) {
            self.decided = Some(first);
        }
    }
}
