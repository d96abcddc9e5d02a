//! What verdicts say of two models.

use super::interval::{Interval, Proportion, difference, wilson};
use serde::Serialize;

/// Incidents, by what operators said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// They are.
    pub confirmed: u64,
    /// They are not.
    pub dismissed: u64,
    /// Nobody said anything.
    pub unjudged: u64,
}

impl Counts {
    /// One more; none where nobody has judged it.
    pub fn add(&mut self, confirmed: Option<bool>) {
        let count = match confirmed {
            Some(true) => &mut self.confirmed,
            Some(false) => &mut self.dismissed,
            None => &mut self.unjudged,
        };
        *count += 1;
    }

    /// Those that were judged.
    pub fn judged(&self) -> u64 {
        self.confirmed + self.dismissed
    }

    /// All.
    pub fn all(&self) -> u64 {
        self.judged() + self.unjudged
    }
}

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The model at work.
    Incumbent,
    /// The one in its shadow.
    Candidate,
}

/// Incidents of both models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Told by both.
    pub both: Counts,
    /// Missing at the candidate.
    pub missing: Counts,
    /// Told by the candidate alone.
    pub extra: Counts,
}

impl Score {
    /// One more incident; who told it, and what operators said.
    pub fn add(&mut self, by: [bool; 2], confirmed: Option<bool>) {
        match by {
            [true, true] => self.both.add(confirmed),
            [true, false] => self.missing.add(confirmed),
            [false, true] => self.extra.add(confirmed),
            [false, false] => {}
        }
    }

    /// Verdicts in all.
    pub fn verdicts(&self) -> u64 {
        self.both.judged() + self.missing.judged() + self.extra.judged()
    }

    /// Incidents told by both, of all.
    pub fn agreement(&self) -> Proportion {
        let (both, missing, extra) = (self.both.all(), self.missing.all(), self.extra.all());
        Proportion { hits: both, of: both + missing + extra }
    }

    /// Of what this model told and somebody has judged, what was confirmed.
    pub fn precision(&self, side: Side) -> Proportion {
        let own = match side {
            Side::Incumbent => self.missing,
            Side::Candidate => self.extra,
        };
        Proportion {
            hits: self.both.confirmed + own.confirmed,
            of: self.both.judged() + own.judged(),
        }
    }

    /// The candidate's, when what it alone told counts as false until somebody has judged it: of that as large a part as of
    /// what the model at work told.
    pub fn precision_at_worst(&self) -> Proportion {
        let told = self.both.all() + self.missing.all();
        let judged = self.both.judged() + self.missing.judged();
        let due = (self.extra.all() * judged).div_ceil(told.max(1));
        let doubted = due.saturating_sub(self.extra.judged()).min(self.extra.unjudged);
        let judged = self.precision(Side::Candidate);
        Proportion { of: judged.of + doubted, ..judged }
    }

    /// Of what the model at work told and was confirmed, what the candidate told as well.
    pub fn recall(&self) -> Proportion {
        let hits = self.both.confirmed;
        Proportion { hits, of: hits + self.missing.confirmed }
    }

    /// Of the candidate's precision, at worst, less that of the model at work.
    pub fn gain(&self, z: f64) -> Option<Interval> {
        let old = self.precision(Side::Incumbent);
        difference(old, self.precision_at_worst(), self.both.judged(), z)
    }

    /// The same, of what was judged: what is known for certain to its disadvantage.
    pub fn gain_as_judged(&self, z: f64) -> Option<Interval> {
        let [old, new] = [Side::Incumbent, Side::Candidate].map(|side| self.precision(side));
        difference(old, new, self.both.judged(), z)
    }

    /// Of [`Score::recall`].
    pub fn recall_interval(&self, z: f64) -> Interval {
        wilson(self.recall(), z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_judged_is_no_merit() {
        let counts = |confirmed, dismissed, unjudged| Counts { confirmed, dismissed, unjudged };
        let mut score =
            Score { both: counts(80, 10, 10), missing: counts(0, 10, 0), extra: counts(0, 0, 0) };
        let of = |hits, of| Proportion { hits, of };
        assert_eq!(score.precision(Side::Incumbent), of(80, 100));
        assert_eq!(score.precision(Side::Candidate), of(80, 90));
        assert_eq!(score.precision_at_worst(), of(80, 90));
        assert_eq!((score.recall(), score.agreement()), (of(80, 80), of(100, 110)));
        // Ten of eleven of what is told is judged.
        score.extra = counts(0, 0, 22);
        assert_eq!(score.precision(Side::Candidate), of(80, 90));
        assert_eq!(score.precision_at_worst(), of(80, 110));
        score.extra = counts(15, 5, 2);
        assert_eq!(score.precision_at_worst(), of(95, 110));
        assert_eq!(score.verdicts(), 120);
    }
}
