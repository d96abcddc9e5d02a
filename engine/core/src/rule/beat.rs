//! When it is a rule's turn to look.
//!
//! A camera looks as often as the most demanding of its rules asks; the others must not notice. So
//! rules that look equally often share a [`Beat`], which takes looks at their own rate and what
//! they show of how things move. What a rule says is then the same whatever else the camera is
//! looked at for, for every operator: there are now and later no looks but its own to be counted.

use super::scene::Scene;
use super::state::Scratch;
use crate::observe::Observation;
use crate::plan::{Camera, Rule};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The turns of rules that look equally often, and what they have seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Time between two turns; zero when each look is one.
    every: Duration,
    next: Timestamp,
    /// The camera's last look, a turn or not.
    looked: Timestamp,
    /// How things moved, by the looks of these turns.
    pub scene: Scene,
}

/// The time between two turns of a rule; zero when it takes each look.
///
/// A rule that asks for a way (a heading, a line, a speed) and counts no looks takes them all: a
/// path is in metres and seconds, and more points make it finer. What is fast is over in a moment,
/// and a camera may look more often for it.
pub fn interval(rule: &Rule) -> Duration {
    if rule.program.follows_ways() {
        return Duration::ZERO;
    }
    Duration::from_secs_f32(1.0 / rule.look_hz.max(f32::EPSILON))
}

/// The different times between two turns of a camera's rules, shortest first.
pub fn intervals(camera: &Camera) -> Vec<Duration> {
    let mut all: Vec<Duration> =
        camera.rules.iter().filter(|rule| rule.program.looks()).map(interval).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Beat {
    /// No turn was taken yet.
    pub fn new(every: Duration) -> Self {
        Self { every, ..Self::default() }
    }

    /// Time between two turns.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Is a look at this time a turn? The nearest one to a grid is, as far as can be told: cameras
    /// are not clocks, and a rate that does not divide the camera's is kept on average.
    pub fn takes(&mut self, at: Timestamp) -> bool {
        let step = at.since(self.looked).min(self.every);
        self.looked = at;
        let ahead = self.next.since(at);
        let nearest = ahead * 2 < step || ahead.is_zero();
        // A clock that was set back would otherwise blind the rule until it catches up.
        if !nearest && ahead <= self.every * 2 {
            return false;
        }
        let in_step = nearest && at.since(self.next) < self.every;
        self.next = if in_step { self.next } else { at }.plus(self.every);
        true
    }

    /// Takes in what a turn shows.
    pub fn see(&mut self, observation: &Observation, camera: &Camera, scratch: &mut Scratch) {
        self.scene.see(observation, &camera.lines, &mut scratch.lineage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken(every_ms: u64, times_ms: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut beat = Beat::new(Duration::from_millis(every_ms));
        let at = |ms: u64| Timestamp(1_000_000_000_000 + ms * 1_000_000);
        times_ms.into_iter().filter(|ms| beat.takes(at(*ms))).collect()
    }

    #[test]
    fn a_camera_that_looks_as_asked_or_less_loses_nothing() {
        let all = |gaps: &[u64]| -> Vec<u64> {
            (0..200)
                .scan(0, |at, i| {
                    let now = *at;
                    *at += gaps[i % gaps.len()];
                    Some(now)
                })
                .collect()
        };
        for gaps in [&[1000][..], &[1040, 960], &[1300, 700], &[2000], &[3700], &[1000, 1500]] {
            let times = all(gaps);
            assert_eq!(taken(1000, times.clone()), times, "{gaps:?}");
        }
        // One frame of 12 a second is 83 ms: five of them a second come unevenly.
        let times = all(&[250, 167, 250, 166, 167]);
        assert_eq!(taken(200, times.clone()), times);
    }

    #[test]
    fn a_denser_one_is_thinned_to_the_rate_asked_for() {
        let every = |ms: u64| (0..1000).map(move |i| i * ms);
        assert_eq!(taken(1000, every(40))[..4], [0, 1000, 2000, 3000]);
        assert_eq!(taken(250, every(200)).len(), 800, "four of five");
        assert_eq!(taken(500, every(200)).len(), 400, "two of five");
        assert_eq!(taken(0, every(40)).len(), 1000, "all");
    }

    #[test]
    fn it_goes_on_after_a_gap_and_after_a_clock_that_was_set() {
        assert_eq!(taken(1000, [0, 100, 60_000, 60_500, 61_000]), [0, 60_000, 61_000]);
        assert_eq!(taken(1000, [60_000, 100, 200, 1100]), [60_000, 100, 1100]);
    }

    proptest! {
        /// Whatever the camera does: there are no more turns than intervals, and none is left out
        /// that is half an interval late.
        #[test]
        fn turns_keep_the_rate(gaps in prop::collection::vec(1u64..3000, 1..200)) {
            let times: Vec<u64> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
            let turns = taken(1000, times.iter().copied());
            let span = turns[turns.len() - 1] - turns[0];
            prop_assert!((turns.len() as u64 - 1) * 1000 <= span + 500, "{turns:?}");
            for look in &times {
                let last = turns.iter().rev().find(|t| *t < look);
                let due = last.is_none_or(|last| look - last >= 1500);
                prop_assert!(!due || turns.contains(look), "{look} of {turns:?}");
            }
        }
    }
}
