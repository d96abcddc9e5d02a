//! Looks that come later than the rules bear.

use std::time::Duration;
use viahe_core::attention::Need;
use viahe_core::time::Timestamp;

/// A rate is never kept to the millisecond: this much more than the longest bearable gap passes.
const TOLERANCE: u32 = 10;
/// A look that ends is known of at once, and one that goes on not before it ends: of one that does not come
/// at all a gap is believed only when it is longer by so much.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// How long the looks at one camera are apart, held against what its rules bear. Gaps without a
/// camera do not count: it has a state for that.
#[derive(Debug)]
pub(super) struct Punctual {
    /// None while no looks are needed.
    gap_max: Option<Duration>,
    /// Between the newest two pictures.
    apart: Duration,
    /// The newest look, or since when looks are needed; none while no pictures come.
    since: Option<Timestamp>,
    /// How often the bearable gap has passed since.
    passed: u64,
    late: u64,
}

impl Punctual {
    pub(super) fn new(need: Need) -> Self {
        let (apart, since) = (Duration::ZERO, None);
        Self { gap_max: gap_max(need), apart, since, passed: 0, late: 0 }
    }

    /// From `at` on this is needed.
    pub(super) fn attend(&mut self, need: Need, at: Timestamp) {
        let before = std::mem::replace(&mut self.gap_max, gap_max(need));
        if before != self.gap_max && self.since.is_some() {
            self.begin(at);
        }
    }

    /// A picture came, so long after the one before.
    pub(super) fn picture(&mut self, at: Timestamp, apart: Duration) {
        self.apart = apart;
        if self.since.is_none() {
            self.begin(at);
        }
    }

    /// No pictures come any more.
    pub(super) fn away(&mut self) {
        self.since = None;
    }

    /// A picture of this time was looked at.
    pub(super) fn looked(&mut self, at: Timestamp) {
        self.passes(at);
        self.begin(at);
    }

    /// How often the longest gap that the rules bear has passed without a look, up to now.
    pub(super) fn late(&mut self, now: Timestamp) -> u64 {
        let grace = self.bound().unwrap_or_default().max(UNDER_WAY);
        self.passes(Timestamp(now.0.saturating_sub(grace.as_nanos() as u64)));
        self.late
    }

    fn begin(&mut self, at: Timestamp) {
        (self.since, self.passed) = (Some(at), 0);
    }

    /// What a gap is held against: a look waits for a picture.
    fn bound(&self) -> Option<Duration> {
        let gap_max = self.gap_max?;
        Some(gap_max + gap_max / TOLERANCE + self.apart.min(gap_max / 2))
    }

    fn passes(&mut self, at: Timestamp) {
        let (Some(bound), Some(since)) = (self.bound(), self.since) else { return };
        let gap = at.since(since).as_nanos().saturating_sub(1);
        let passed = gap / bound.as_nanos().max(1);
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.late += passed.saturating_sub(self.passed);
        self.passed = self.passed.max(passed);
    }
}

fn gap_max(need: Need) -> Option<Duration> {
    let gap = Duration::from_millis(u64::from(need.gap_max_ms));
    (need.looks_hz > 0.0 && !gap.is_zero()).then_some(gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_contract::message::Severity;

    /// Looks once a second; bears two seconds.
    const NEED: Need = Need { looks_hz: 1.0, gap_max_ms: 2_000, severity: Severity::Medium };

    fn at(secs: f64) -> Timestamp {
        Timestamp(1_000_000_000_000).plus(Duration::from_secs_f64(secs))
    }

    /// Pictures come 0.1 s apart; these are looked at.
    fn late_after(looks: &[f64], now: f64) -> u64 {
        let mut punctual = Punctual::new(NEED);
        punctual.picture(at(0.0), Duration::from_millis(100));
        for secs in looks {
            punctual.looked(at(*secs));
        }
        punctual.late(at(now))
    }

    #[test]
    fn a_gap_longer_than_the_rules_bear_is_counted() {
        assert_eq!(late_after(&[0.0, 1.0, 2.0, 3.0], 3.5), 0);
        assert_eq!(late_after(&[0.0, 2.3, 4.6], 5.0), 0, "a tenth, and a picture");
        assert_eq!(late_after(&[0.0, 2.4, 4.8], 5.0), 2);
        assert_eq!(late_after(&[0.0, 9.3], 9.5), 4, "one for each look that should have been");
        assert_eq!(late_after(&[2.4], 2.5), 1, "also before the first");
    }

    #[test]
    fn a_look_that_does_not_come_is_counted_and_once() {
        let mut punctual = Punctual::new(NEED);
        assert_eq!(punctual.late(at(100.0)), 0, "there is no picture to look at");
        punctual.picture(at(100.0), Duration::from_millis(100));
        punctual.looked(at(100.0));
        assert_eq!(punctual.late(at(104.5)), 0, "it may be under way");
        assert_eq!(punctual.late(at(104.7)), 1);
        assert_eq!(punctual.late(at(104.8)), 1);
        punctual.looked(at(104.7));
        assert_eq!(punctual.late(at(105.0)), 2, "it came, after more than two");
        punctual.looked(at(106.0));
        assert_eq!(punctual.late(at(107.0)), 2);
    }

    #[test]
    fn what_nobody_needs_and_a_camera_that_is_away_are_not_late() {
        let mut punctual = Punctual::new(NEED);
        punctual.picture(at(0.0), Duration::from_millis(100));
        punctual.looked(at(0.0));
        punctual.away();
        assert_eq!(punctual.late(at(60.0)), 0);
        punctual.picture(at(60.0), Duration::from_millis(100));
        punctual.looked(at(60.1));
        assert_eq!(punctual.late(at(61.0)), 0);
        punctual.attend(Need::NONE, at(61.0));
        assert_eq!(punctual.late(at(600.0)), 0);
        punctual.attend(NEED, at(600.0));
        punctual.attend(NEED, at(602.0));
        punctual.looked(at(602.4));
        assert_eq!(punctual.late(at(603.0)), 1, "said again, it is no other need");
    }

    /// Key frames each two seconds are no fault of a rule that bears one: the decoder does not
    /// choose them but when it must, and then they are late.
    #[test]
    fn pictures_that_are_rarer_than_looks_are_late() {
        for (apart, late) in [(1.0, 0), (1.5, 0), (2.0, 9)] {
            let mut punctual = Punctual::new(Need::steady(1.0));
            for n in 0..10 {
                let at = at(f64::from(n) * apart);
                punctual.picture(at, Duration::from_secs_f64(apart));
                punctual.looked(at);
            }
            assert_eq!(punctual.late(at(9.0 * apart)), late, "{apart} s apart");
        }
    }
}
