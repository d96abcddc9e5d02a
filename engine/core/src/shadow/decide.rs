//! The rule of promotion, and the way back.

use super::interval::{Proportion, difference, z_of};
use super::score::Score;
use crate::plan::PromotionBounds;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Looks of the candidate before its cost says anything: judgement.
const LOOKS_MIN: u64 = 200;
/// It must keep up with this part of the looks, or what it tells is not what it would tell.
const KEPT_UP_MIN: f64 = 0.8;
/// A candidate is given up early where chance would have to do this much: judgement.
const EARLY_CONFIDENCE: f64 = 0.999;
/// And after so many verdicts at least.
const EARLY_VERDICTS: u64 = 20;

/// What a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grounds {
    /// Incidents and verdicts.
    pub score: Score,
    /// Looks that the candidate kept up with, of all that were to be compared.
    pub looks: Proportion,
    /// Its processor time of a look, in that of the model at work; none before both have looked.
    pub cost: Option<f64>,
}

/// When the scores are looked at next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// How often they were.
    pub looked: u32,
}

impl Agenda {
    /// Verdicts that it takes: the least, and twice as many each time.
    pub fn due(self, bounds: &PromotionBounds) -> u64 {
        bounds.verdicts_min.saturating_mul(1_u64.checked_shl(self.looked).unwrap_or(u64::MAX))
    }

    /// How sure a decision at the next look is to be: of the chance of error that is allowed in all, each look takes half
    /// of what is left.
    fn confidence(self, bounds: &PromotionBounds) -> f64 {
        1.0 - (1.0 - bounds.confidence) * 0.5_f64.powf(f64::from(self.looked) + 1.0)
    }
}

/// What follows from what is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "ruling", content = "because")]
pub enum Ruling {
    /// It may take over.
    Promote,
    /// It may not.
    Reject(Why),
    /// Nobody can say yet.
    Wait(Open),
}

/// Why a candidate may not take over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// What it tells is less often true; by so much at least.
    LessPrecise(f64),
    /// It misses what was confirmed; it tells this part at most.
    Misses(f64),
    /// A look takes so many times the processor time.
    Costly(f64),
}

/// What is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// Too few verdicts.
    Verdicts {
        /// So many there are.
        have: u64,
        /// The scores are looked at when there are so many.
        need: u64,
    },
    /// The box had no time for it: it kept up with this part of the looks.
    KeptUp(f64),
}

/// A decision at a look at the scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What follows.
    pub ruling: Ruling,
    /// When they are looked at next.
    pub agenda: Agenda,
}

impl Grounds {
    /// What follows, when the scores were looked at before as the agenda says.
    pub fn judge(&self, bounds: &PromotionBounds, agenda: Agenda) -> Judged {
        let said = |ruling| Judged { ruling, agenda };
        let verdicts = self.score.verdicts();
        if let Some(cost) = self.cost.filter(|cost| *cost > bounds.cost_max)
            && self.looks.hits >= LOOKS_MIN
        {
            return said(Ruling::Reject(Why::Costly(cost)));
        }
        if verdicts >= EARLY_VERDICTS
            && let Some(why) = self.falls_short(bounds, EARLY_CONFIDENCE)
        {
            return said(Ruling::Reject(why));
        }
        let need = agenda.due(bounds);
        if verdicts < need {
            return said(Ruling::Wait(Open::Verdicts { have: verdicts, need }));
        }
        if let Some(kept_up) = self.looks.part().filter(|part| *part < KEPT_UP_MIN) {
            return said(Ruling::Wait(Open::KeptUp(kept_up)));
        }
        let confidence = agenda.confidence(bounds);
        let mut next = agenda;
        while next.due(bounds) <= verdicts && next.looked < 64 {
            next.looked += 1;
        }
        let wait = Open::Verdicts { have: verdicts, need: next.due(bounds) };
        let ruling = match self.falls_short(bounds, confidence) {
            Some(why) => Ruling::Reject(why),
            None if self.suffices(bounds, confidence) => Ruling::Promote,
            None => Ruling::Wait(wait),
        };
        Judged { ruling, agenda: next }
    }

    fn suffices(&self, bounds: &PromotionBounds, confidence: f64) -> bool {
        let z = z_of(confidence);
        let gain = self.score.gain(z);
        gain.is_some_and(|gain| gain.low >= -bounds.precision_loss_max)
            && self.score.recall_interval(z).low >= bounds.recall_min
    }

    fn falls_short(&self, bounds: &PromotionBounds, confidence: f64) -> Option<Why> {
        let z = z_of(confidence);
        let recall = self.score.recall_interval(z).high;
        if recall < bounds.recall_min {
            return Some(Why::Misses(recall));
        }
        let gain = self.score.gain_as_judged(z)?.high;
        (gain < -bounds.precision_loss_max).then_some(Why::LessPrecise(-gain))
    }
}

/// Has the precision of a model that took over fallen below what the one before it had?
pub fn fell(bounds: &PromotionBounds, before: Proportion, now: Proportion) -> bool {
    if now.of < EARLY_VERDICTS {
        return false;
    }
    // Counted anew with each verdict, for as long as it is at work: a quarter of the chance of error at each look.
    let z = z_of(1.0 - (1.0 - bounds.confidence) / 4.0);
    difference(before, now, 0, z).is_some_and(|gain| gain.high < -bounds.precision_loss_max)
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LessPrecise(by) => write!(
                f,
                "its incidents are less often true: its precision is at least {:.1} points lower",
                by * 100.0
            ),
            Self::Misses(most) => write!(
                f,
                "it misses what was confirmed: it tells {:.0} % of that at most",
                most * 100.0
            ),
            Self::Costly(times) => {
                write!(f, "a look takes {times:.1} times the processor time of one at work")
            }
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdicts { have, need } => {
                write!(f, "{have} verdicts so far; the scores are looked at when there are {need}")
            }
            Self::KeptUp(part) => write!(
                f,
                "the candidate kept up with {:.0} % of the looks only; the box has no time for it, so what it \
                 told says little",
                part * 100.0
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::score::Counts;
    use super::*;
    use crate::random::SplitMix64;

    const BOUNDS: PromotionBounds = PromotionBounds {
        verdicts_min: 200,
        confidence: 0.95,
        precision_loss_max: 0.05,
        recall_min: 0.9,
        cost_max: 2.0,
    };

    fn counts(confirmed: u64, dismissed: u64, unjudged: u64) -> Counts {
        Counts { confirmed, dismissed, unjudged }
    }

    fn ruling(score: Score) -> Ruling {
        let looks = Proportion { hits: 990, of: 1_000 };
        Grounds { score, looks, cost: Some(1.1) }.judge(&BOUNDS, Agenda::default()).ruling
    }

    #[test]
    fn a_better_candidate_takes_over_and_a_worse_one_never() {
        let better =
            Score { both: counts(160, 15, 0), missing: counts(2, 25, 0), extra: counts(0, 0, 0) };
        assert_eq!(ruling(better), Ruling::Promote);
        let same = Score { both: counts(180, 20, 10), ..Score::default() };
        assert_eq!(ruling(same), Ruling::Promote);
        // What only it tells was judged, and is false.
        let noisy =
            Score { both: counts(150, 10, 0), missing: counts(5, 5, 0), extra: counts(2, 60, 0) };
        assert!(
            matches!(ruling(noisy), Ruling::Reject(Why::LessPrecise(_))),
            "{:?}",
            ruling(noisy)
        );
        // Nobody has judged it: nobody can say.
        let unknown = Score { extra: counts(0, 0, 62), ..noisy };
        assert!(
            matches!(ruling(unknown), Ruling::Wait(Open::Verdicts { have: 170, need: 200 })),
            "{:?}",
            ruling(unknown)
        );
        // It tells nothing at all.
        let broken = Score { missing: counts(25, 3, 0), ..Score::default() };
        assert!(matches!(ruling(broken), Ruling::Reject(Why::Misses(_))));
        let few = Score { both: counts(19, 0, 0), ..Score::default() };
        assert_eq!(ruling(few), Ruling::Wait(Open::Verdicts { have: 19, need: 200 }));
    }

    #[test]
    fn what_is_too_dear_or_too_slow_does_not_take_over() {
        let score = Score { both: counts(180, 20, 0), ..Score::default() };
        let of = |hits, cost| {
            let looks = Proportion { hits, of: 1_000 };
            Grounds { score, looks, cost: Some(cost) }.judge(&BOUNDS, Agenda::default()).ruling
        };
        assert_eq!(of(900, 2.1), Ruling::Reject(Why::Costly(2.1)));
        assert_eq!(of(700, 1.9), Ruling::Wait(Open::KeptUp(0.7)));
        assert_eq!(of(900, 1.9), Ruling::Promote);
    }

    #[test]
    fn scores_are_looked_at_at_each_doubling_and_no_more() {
        let unsure = |n: u64| Score {
            both: counts(n * 7 / 10, n / 10, 0),
            missing: counts(n / 10, n / 10, 0),
            ..Score::default()
        };
        let looks = Proportion { hits: 1, of: 1 };
        let mut agenda = Agenda::default();
        let mut looked = Vec::new();
        for n in (0..=2_000).step_by(10) {
            let score = unsure(n);
            let judged = Grounds { score, looks, cost: None }
                .judge(&PromotionBounds { recall_min: 0.88, ..BOUNDS }, agenda);
            if judged.agenda != agenda {
                looked.push(score.verdicts());
            }
            agenda = judged.agenda;
        }
        assert_eq!(looked, [200, 400, 800, 1_600]);
    }

    /// Over all looks together, a candidate that is worse by just what is not allowed takes over in no more than 5 % of trials.
    #[test]
    fn luck_seldom_promotes() {
        let bounds = PromotionBounds { recall_min: 0.0, verdicts_min: 100, ..BOUNDS };
        let mut random = SplitMix64::new(7);
        let mut promoted = 0;
        for _ in 0..1_000 {
            let (mut score, mut agenda) = (Score::default(), Agenda::default());
            for _ in 0..1_700 {
                // Half is shared; of what each alone tells the candidate's is 10 points worse: 5 in all.
                match random.draw() % 4 {
                    0 | 1 => score.both.add(Some(random.unit() < 0.85)),
                    2 => score.missing.add(Some(random.unit() < 0.85)),
                    _ => score.extra.add(Some(random.unit() < 0.70)),
                }
                let looks = Proportion { hits: 1, of: 1 };
                let judged = Grounds { score, looks, cost: None }.judge(&bounds, agenda);
                agenda = judged.agenda;
                match judged.ruling {
                    Ruling::Promote => {
                        promoted += 1;
                        break;
                    }
                    Ruling::Reject(_) => break,
                    Ruling::Wait(_) => {}
                }
            }
        }
        assert!(promoted <= 50, "{promoted} of 1000");
    }

    #[test]
    fn a_fall_is_noticed_and_a_bad_day_is_none() {
        let before = Proportion { hits: 180, of: 200 };
        for (hits, of, falls) in
            [(5, 19, false), (10, 30, true), (24, 30, false), (70, 100, true), (88, 100, false)]
        {
            assert_eq!(fell(&BOUNDS, before, Proportion { hits, of }), falls, "{hits} of {of}");
        }
    }
}
