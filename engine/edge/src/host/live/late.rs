//! How late looks are, held against what rules bear.

use std::time::Duration;
use viahe_core::attention::Need;

/// Rules are below their need when gaps that are too long make up so much of the time.
const SHARE_MIN: f64 = 0.1;
/// One look that comes late is no rule that is looked for too rarely.
const LOOKS_MIN: u64 = 2;

/// Looks of a camera that came later than its rules bear, over some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Late {
    looks: u64,
    /// For how long nobody looked who should have, about.
    time: Duration,
}

impl Late {
    /// So many more were late, while this was needed: each by a gap that was borne then.
    pub fn add(&mut self, looks: u64, need: Need) {
        self.looks = self.looks.saturating_add(looks);
        let gap = Duration::from_millis(u64::from(need.gap_max_ms));
        let times = u32::try_from(looks).unwrap_or(u32::MAX);
        self.time = self.time.saturating_add(gap.saturating_mul(times));
    }

    /// How many.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// Are rules looked for too rarely, when that was all in so much time?
    pub fn is_below(&self, of: Duration) -> bool {
        self.looks >= LOOKS_MIN && self.time.as_secs_f64() >= SHARE_MIN * of.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_late_look_counts_by_the_gap_of_its_own_time() {
        let minute = Duration::from_mins(1);
        let of = |parts: &[(u64, u32)]| {
            let mut late = Late::default();
            for (looks, gap_max_ms) in parts {
                late.add(*looks, Need { gap_max_ms: *gap_max_ms, ..Need::steady(1.0) });
            }
            late
        };
        assert!(!of(&[]).is_below(Duration::ZERO));
        assert!(!of(&[(1, 5_000)]).is_below(Duration::from_secs(10)), "one is none");
        assert!(of(&[(6, 1_000)]).is_below(minute) && !of(&[(5, 1_000)]).is_below(minute));
        // Whatever is borne when somebody asks.
        assert!(!of(&[(5, 1_000), (0, 5_000)]).is_below(minute));
        assert!(of(&[(2, 1_000), (1, 4_000)]).is_below(minute));
        assert_eq!(of(&[(2, 1_000), (1, 4_000)]).looks(), 3);
        assert!(of(&[(u64::MAX, u32::MAX); 3]).is_below(minute));
    }
}
