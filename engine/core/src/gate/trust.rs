//! How far "unchanged" is believed: as far as it has proved itself on this camera, at this hour of the day.

use crate::time::Timestamp;
use std::time::Duration;

/// What has to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Looks at an unchanged picture, one after the other, that found what the one before had found. After 300
    /// without a miss fewer than one in a hundred are one, with 95 % confidence (rule of three).
    pub looks: u32,
}

impl Default for Proof {
    fn default() -> Self {
        Self { looks: 300 }
    }
}

/// Light and traffic are those of the hour. Of UTC: any hours that come again each day will do.
pub(super) const HOURS: usize = 24;
/// After the first miss it is off for so long, after each further one for twice as long.
const OFF_FIRST: Duration = Duration::from_mins(10);
/// And never longer.
const OFF_MAX: Duration = Duration::from_hours(24);

#[derive(Debug)]
pub(super) struct Trust {
    proof: Proof,
    /// Looks since the last miss, by hour.
    shown: [u32; HOURS],
    off_until: Timestamp,
    off_next: Duration,
    /// The last miss while it was believed.
    missed: Timestamp,
}

impl Trust {
    pub(super) fn new(proof: Proof) -> Self {
        let never = Timestamp(0);
        Self { proof, shown: [0; HOURS], off_until: never, off_next: OFF_FIRST, missed: never }
    }

    /// Nothing has been shown yet.
    pub(super) fn forget(&mut self) {
        self.shown = [0; HOURS];
    }

    /// Is it believed at this time?
    pub(super) fn believes(&self, at: Timestamp) -> bool {
        at >= self.off_until && self.shown[hour(at)] >= self.proof.looks
    }

    /// A look at an unchanged picture found what the one before had found, or something else.
    pub(super) fn checked(&mut self, at: Timestamp, hit: bool) {
        let believed = self.believes(at);
        let shown = &mut self.shown[hour(at)];
        if hit {
            *shown = shown.saturating_add(1);
            return;
        }
        *shown = 0;
        if !believed {
            return;
        }
        if at.since(self.missed) > OFF_MAX + self.off_next {
            self.off_next = OFF_FIRST;
        }
        self.off_until = at.plus(self.off_next);
        self.off_next = (self.off_next * 2).min(OFF_MAX);
        self.missed = at;
    }
}

pub(super) fn hour(at: Timestamp) -> usize {
    (at.0 / 3_600_000_000_000) as usize % HOURS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn show(trust: &mut Trust, from: u64, looks: u64) {
        for secs in from..from + looks {
            trust.checked(at(secs), true);
        }
    }

    #[test]
    fn each_hour_of_the_day_is_proved_by_itself_and_stays_so() {
        let mut trust = Trust::new(Proof { looks: 100 });
        show(&mut trust, 7_200, 99);
        assert!(!trust.believes(at(7_400)));
        show(&mut trust, 7_400, 1);
        assert!(trust.believes(at(7_401)));
        assert!(!trust.believes(at(10_800)), "another hour");
        assert!(trust.believes(at(86_400 * 3 + 7_200)), "the same hour of another day");
    }

    #[test]
    fn a_miss_before_it_is_believed_begins_the_proof_anew() {
        let mut trust = Trust::new(Proof { looks: 100 });
        show(&mut trust, 0, 99);
        trust.checked(at(99), false);
        show(&mut trust, 100, 99);
        assert!(!trust.believes(at(200)));
        show(&mut trust, 200, 1);
        assert!(trust.believes(at(201)), "and nothing else");
    }

    #[test]
    fn each_miss_turns_it_off_for_twice_as_long() {
        let mut trust = Trust::new(Proof { looks: 1 });
        let (mut now, mut off) = (0, Vec::new());
        for _ in 0..10 {
            // Proved for each hour there is.
            (0..24).for_each(|hour| trust.checked(at(now + hour * 3_600), true));
            assert!(trust.believes(at(now)));
            trust.checked(at(now), false);
            (0..24).for_each(|hour| trust.checked(at(now + hour * 3_600), true));
            let back = (1..10_000).find(|minutes| trust.believes(at(now + minutes * 60))).unwrap();
            off.push(back);
            now += back * 60;
        }
        assert_eq!(off, [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]);
        // Two days without one, and it is as at first.
        now += 3 * 86_400;
        trust.checked(at(now), false);
        trust.checked(at(now), true);
        assert!(!trust.believes(at(now + 599)));
        assert!(trust.believes(at(now + 600)) || hour(at(now + 600)) != hour(at(now)));
    }
}
