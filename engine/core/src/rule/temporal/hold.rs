//! The temporal operator under all rules: "it held for `dwell`, with gaps".

use super::Pace;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest that a thing may be hidden behind another one.
const HIDDEN_MAX: Duration = Duration::from_mins(10);

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum Phase {
    /// Just begun.
    New,
    /// Held for `settle`.
    Settled,
    /// Held for `dwell`.
    Fired,
}

/// What a run is measured against.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct HoldParams {
    /// Held so long, it is worth a first picture.
    pub(in crate::rule) settle: Duration,
    /// Held so long, it is an incident.
    pub(in crate::rule) dwell: Duration,
    /// Absent for longer than this, it is over.
    pub(in crate::rule) absence: Duration,
    /// The same until it has fired; not longer.
    pub(in crate::rule) lapse: Duration,
    /// Share of looks, 0 to 1, in which it must have held when it fires.
    pub(in crate::rule) support_min: f32,
    /// How time between looks counts.
    pub(in crate::rule) pace: Pace,
}

/// A share of looks is measured by this many at least.
const SHARE_LOOKS_MIN: u32 = 8;

impl HoldParams {
    /// The longest gap between looks under which a run goes as it would with more looks: some fit into what
    /// it may be absent for, and many into all of it where a share of them counts.
    pub(in crate::rule) fn bears(&self) -> Duration {
        let missed = self.absence.min(self.lapse) / Pace::LOOKS_MIN;
        let counts = self.support_min > 0.0 && !self.dwell.is_zero();
        if counts { missed.min(self.dwell / SHARE_LOOKS_MIN) } else { missed }
    }
}

/// What a look changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Step {
    /// Nothing.
    Quiet,
    /// First time past `settle`.
    Settled,
    /// First time past `dwell`.
    Fired,
    /// Absent for too long.
    Over,
}

/// One run, from the first look in which the condition held.
///
/// Time is *watched* time: the sum of the steps between looks, each at most [`Pace::gap_max`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::rule) struct Hold {
    /// When it first held.
    pub(in crate::rule) first: Timestamp,
    /// When it last held; `first <= last`.
    pub(in crate::rule) last: Timestamp,
    pub(in crate::rule) phase: Phase,
    looked: Timestamp,
    watched: Duration,
    absent: Duration,
    hidden: Duration,
    looks: u32,
    hits: u32,
}

impl Hold {
    /// A run that begins with a look in which it holds.
    pub(in crate::rule) fn begin(at: Timestamp) -> Self {
        Self {
            first: at,
            last: at,
            phase: Phase::New,
            looked: at,
            watched: Duration::ZERO,
            absent: Duration::ZERO,
            hidden: Duration::ZERO,
            looks: 1,
            hits: 1,
        }
    }

    /// A run that is as far after its first look as `params` allow.
    pub(in crate::rule) fn begin_under(params: &HoldParams, at: Timestamp) -> Self {
        let mut hold = Self::begin(at);
        if params.settle.is_zero() {
            hold.phase = Phase::Settled;
        }
        hold.advance(params);
        hold
    }

    /// Looks again, at a time not before the last look.
    pub(in crate::rule) fn step(
        &mut self,
        params: &HoldParams,
        at: Timestamp,
        holds: bool,
    ) -> Step {
        if at.since(self.looked) > params.pace.away_max {
            return Step::Over;
        }
        let gap = params.pace.watched(self.looked, at);
        self.looked = at;
        self.watched += gap;
        self.looks = self.looks.saturating_add(1);
        if !holds {
            self.absent += gap;
            let fired = self.phase == Phase::Fired;
            let most = if fired { params.absence } else { params.lapse };
            return if self.absent > most { Step::Over } else { Step::Quiet };
        }
        self.absent = Duration::ZERO;
        self.hidden = Duration::ZERO;
        self.hits = self.hits.saturating_add(1);
        self.last = at;
        self.advance(params)
    }

    /// A look in which something stands before it: it is neither seen nor missed. False when that
    /// has gone on for too long to believe that it is still there.
    pub(in crate::rule) fn pass_hidden(&mut self, pace: &Pace, at: Timestamp) -> bool {
        if at.since(self.looked) > pace.away_max || self.hidden > HIDDEN_MAX {
            return false;
        }
        let gap = pace.watched(self.looked, at);
        self.hidden += gap;
        // As in a gap: once it is seen again it has been there all the time.
        self.watched += gap;
        self.looked = at;
        true
    }

    /// A look that does not count, however long it goes on.
    pub(in crate::rule) fn pause(&mut self, at: Timestamp) {
        self.looked = at;
    }

    fn advance(&mut self, params: &HoldParams) -> Step {
        let supported = self.hits as f32 >= params.support_min * self.looks as f32;
        if self.phase < Phase::Fired && self.watched >= params.dwell && supported {
            self.phase = Phase::Fired;
            Step::Fired
        } else if self.phase == Phase::New && self.watched >= params.settle {
            self.phase = Phase::Settled;
            Step::Settled
        } else {
            Step::Quiet
        }
    }

    /// When it was last looked at.
    pub(in crate::rule) fn last_look(&self) -> Timestamp {
        self.looked
    }

    /// When it has held for `dwell`, if it goes on; none when it has.
    pub(in crate::rule) fn due(&self, dwell: Duration) -> Option<Timestamp> {
        let waits = self.phase < Phase::Fired;
        waits.then(|| self.looked.plus(dwell.saturating_sub(self.watched)))
    }

    /// How long it has been absent at the last look.
    pub(in crate::rule) fn absent(&self) -> Duration {
        self.absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Times on a coarse grid, so that `==` at the boundaries is common, not a fluke.
    const GRID: Duration = Duration::from_millis(250);
    /// A camera that looks rarely, so that ten minutes behind something are few looks.
    const RARE: Pace =
        Pace { gap_max: Duration::from_secs(250), away_max: Duration::from_secs(500) };

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Look {
        Holds,
        Fails,
        /// Something stands before it.
        Hidden,
        /// The clock is stopped.
        Paused,
    }

    /// What the history comes to: each step but the quiet ones, with its look; how long it was
    /// absent after each look.
    #[derive(Debug, Default, PartialEq)]
    struct Outcome {
        steps: Vec<(usize, Step)>,
        absent: Vec<Duration>,
    }

    /// The definition over the whole history: slow and obviously right.
    fn oracle(p: &HoldParams, looks: &[(Timestamp, Look)]) -> Outcome {
        let gap = |i: usize| looks[i].0.since(looks[i - 1].0);
        let watched = |looks: &[(Timestamp, Look)], from: usize, to: usize, of: &[Look]| {
            let counted = (from + 1..=to).filter(|i| of.contains(&looks[*i].1));
            counted.map(|i| gap(i).min(p.pace.gap_max)).sum::<Duration>()
        };
        let seen_or_missed = [Look::Holds, Look::Fails];
        let (mut out, mut settled, mut fired) = (Outcome::default(), false, false);
        // What is hidden for too long counts as missed.
        let mut looks = looks.to_vec();
        for k in 1..looks.len() {
            let last_true = (0..=k).rev().find(|&i| looks[i].1 == Look::Holds).unwrap_or(0);
            let hidden = watched(&looks, last_true, k - 1, &[Look::Hidden]);
            let too_long = gap(k) > p.pace.away_max || hidden > HIDDEN_MAX;
            if looks[k].1 == Look::Hidden && too_long {
                looks[k].1 = Look::Fails;
            }
            let absent = watched(&looks, last_true, k, &seen_or_missed);
            let counts = seen_or_missed.contains(&looks[k].1);
            let most = if fired { p.absence } else { p.lapse };
            if counts && (gap(k) > p.pace.away_max || absent > most) {
                out.steps.push((k, Step::Over));
                return out;
            }
            out.absent.push(absent);
            if looks[k].1 != Look::Holds {
                continue;
            }
            let counted = looks[..=k].iter().filter(|l| seen_or_missed.contains(&l.1)).count();
            let hits = looks[..=k].iter().filter(|l| l.1 == Look::Holds).count();
            let supported = hits as f32 >= p.support_min * counted as f32;
            let held = watched(&looks, 0, k, &[Look::Holds, Look::Fails, Look::Hidden]);
            if !fired && held >= p.dwell && supported {
                fired = true;
                out.steps.push((k, Step::Fired));
            } else if !fired && !settled && held >= p.settle {
                settled = true;
                out.steps.push((k, Step::Settled));
            }
        }
        out
    }

    fn machine(p: &HoldParams, looks: &[(Timestamp, Look)]) -> Outcome {
        let mut hold = Hold::begin(looks[0].0);
        let mut out = Outcome::default();
        for (k, (at, look)) in looks.iter().enumerate().skip(1) {
            let step = match look {
                Look::Paused => {
                    hold.pause(*at);
                    Step::Quiet
                }
                Look::Hidden if hold.pass_hidden(&p.pace, *at) => Step::Quiet,
                look => hold.step(p, *at, *look == Look::Holds),
            };
            if step != Step::Quiet {
                out.steps.push((k, step));
            }
            if step == Step::Over {
                break;
            }
            out.absent.push(hold.absent());
        }
        out
    }

    #[test]
    fn ten_minutes_behind_something_are_believed_and_no_more() {
        let at = |secs: u64| Timestamp::from_secs(1_000 + secs);
        let mut hold = Hold::begin(at(0));
        assert!((1..=120).all(|i| hold.pass_hidden(&Pace::CAMERA, at(5 * i))));
        assert!(hold.pass_hidden(&Pace::CAMERA, at(601)), "exactly ten minutes so far");
        assert!(!hold.pass_hidden(&Pace::CAMERA, at(602)));
    }

    proptest! {
        /// Whatever was before: seen from now on, it fires at the first look that is not before it is due.
        #[test]
        fn it_fires_when_it_is_due(gaps in looks(), dwell in 1u32..60, step in 1u32..8) {
            let p = HoldParams {
                settle: Duration::ZERO,
                dwell: GRID * dwell,
                absence: GRID * 30,
                lapse: GRID * 30,
                support_min: 0.0,
                pace: Pace::CAMERA,
            };
            let mut at = Timestamp::from_secs(1_000);
            let mut hold = Hold::begin(at);
            for (gap, look) in gaps {
                at = at.plus(GRID * gap);
                if hold.step(&p, at, look == Look::Holds) == Step::Over {
                    hold = Hold::begin(at);
                }
            }
            while let Some(due) = hold.due(p.dwell) {
                at = at.plus(GRID * step);
                let fired = hold.step(&p, at, true) == Step::Fired;
                prop_assert_eq!(fired, at >= due);
            }
            prop_assert_eq!(hold.phase, Phase::Fired);
        }
    }

    #[test]
    fn looks_fit_into_what_it_may_miss() {
        let secs = Duration::from_secs;
        let bears = |dwell, absence, lapse, support_min| {
            let [settle, dwell, absence, lapse] = [0, dwell, absence, lapse].map(secs);
            HoldParams { settle, dwell, absence, lapse, support_min, pace: Pace::CAMERA }.bears()
        };
        assert_eq!(bears(180, 150, 150, 0.0), secs(50));
        assert_eq!(bears(180, 150, 6, 0.0), secs(2), "sooner over before it fires");
        assert_eq!(bears(32, 150, 150, 0.5), secs(4), "a share of looks");
        assert_eq!(bears(32, 0, 0, 0.0), secs(0), "none may be missed");
    }

    fn looks() -> impl Strategy<Value = Vec<(u32, Look)>> {
        let gap = prop_oneof![40 => 0u32..26, 1 => 3599u32..3602];
        let look = prop_oneof![
            4 => Just(Look::Holds), 4 => Just(Look::Fails),
            2 => Just(Look::Hidden), 1 => Just(Look::Paused),
        ];
        prop::collection::vec((gap, look), 0..80)
    }

    fn check(
        gaps: Vec<(u32, Look)>,
        [settle, dwell, absence, support, lapse]: [u32; 5],
        pace: Pace,
        grid: Duration,
    ) -> Result<(), TestCaseError> {
        let p = HoldParams {
            settle: grid * settle,
            dwell: grid * dwell,
            absence: grid * absence,
            lapse: grid * lapse.min(absence),
            support_min: support as f32 / 5.0,
            pace,
        };
        let mut at = Timestamp::from_secs(1_000);
        let mut looks = vec![(at, Look::Holds)];
        for (gap, look) in gaps {
            at = at.plus(grid * gap);
            looks.push((at, look));
        }
        prop_assert_eq!(machine(&p, &looks), oracle(&p, &looks));
        Ok(())
    }

    proptest! {
        #[test]
        fn agrees_with_oracle(
            gaps in looks(),
            numbers in [0u32..6, 1u32..30, 0u32..30, 0u32..5, 0u32..40],
        ) {
            check(gaps, numbers, Pace::CAMERA, GRID)?;
        }

        #[test]
        fn agrees_with_oracle_where_looks_are_rare(
            gaps in looks(),
            numbers in [0u32..6, 1u32..30, 0u32..30, 0u32..5, 0u32..40],
        ) {
            check(gaps, numbers, RARE, Duration::from_secs(25))?;
        }
    }
}
