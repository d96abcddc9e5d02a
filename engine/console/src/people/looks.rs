//! Who looks at which picture again.
//!
//! The first look is a line of the audit before the picture is shown. Those that follow from the same address within ten
//! minutes are counted, and become one line more once these are over. So who looks again and again adds twelve lines an
//! hour, and none of what was seen by whom is lost.

use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// For so long looks are counted.
const COUNTED: Duration = Duration::from_mins(10);
/// Looks that are remembered; beyond them each look is a line.
const REMEMBERED: usize = 20_000;

/// Who looks at what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Look {
    pub(super) who: String,
    pub(super) address: String,
    pub(super) file: Sha256,
    pub(super) site: String,
}

/// What followed a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// By a clock that never steps.
    until: Duration,
    /// So many looks.
    pub(super) times: u32,
    /// When the last of them was.
    pub(super) last: Timestamp,
}

/// Looks of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Looks(BTreeMap<Look, Again>);

impl Looks {
    /// One look more, if it follows another: it is counted.
    pub(super) fn again(&mut self, look: &Look, now: Duration, at: Timestamp) -> bool {
        let Some(again) = self.0.get_mut(look).filter(|again| now < again.until) else {
            return false;
        };
        (again.times, again.last) = (again.times.saturating_add(1), at);
        true
    }

    /// There is a line of this look. Gives what followed the one before, if that is over and not told yet.
    pub(super) fn begin(&mut self, look: Look, now: Duration) -> Option<Again> {
        let new = Again { until: now + COUNTED, times: 0, last: Timestamp(0) };
        match self.0.get_mut(&look) {
            // Another request was as fast.
            Some(again) if now < again.until => None,
            Some(again) => Some(std::mem::replace(again, new)).filter(|again| again.times > 0),
            None => {
                if self.0.len() < REMEMBERED {
                    self.0.insert(look, new);
                }
                None
            }
        }
    }

    /// Those of which something is to be told now, or all of them; they are forgotten.
    pub(super) fn take(&mut self, now: Option<Duration>) -> Vec<(Look, Again)> {
        let is_over = |_: &Look, again: &mut Again| now.is_none_or(|now| now >= again.until);
        self.0.extract_if(.., is_over).filter(|(_, again)| again.times > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(n: u32) -> Look {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let file = Sha256::from_bytes(bytes);
        Look { who: "lan".into(), address: "::1".into(), file, site: "hue".into() }
    }

    #[test]
    fn looks_that_follow_within_ten_minutes_are_counted() {
        let mut looks = Looks::default();
        let (secs, at) = (Duration::from_secs, Timestamp::from_secs);
        assert!(!looks.again(&look(1), secs(0), at(0)));
        assert_eq!(looks.begin(look(1), secs(0)), None);
        assert!(looks.again(&look(1), secs(1), at(1)) && looks.again(&look(1), secs(599), at(599)));
        for other in [look(2), Look { address: "::2".into(), ..look(1) }] {
            assert!(!looks.again(&other, secs(1), at(1)));
        }
        assert_eq!(looks.take(Some(secs(599))), []);
        assert!(!looks.again(&look(1), secs(600), at(600)));
        let told = looks.take(Some(secs(600)));
        assert_eq!((told.len(), told[0].1.times, told[0].1.last), (1, 2, at(599)));
        assert_eq!(looks.take(None), []);
        // Who comes before they are told tells them.
        looks.begin(look(1), secs(700));
        assert!(looks.again(&look(1), secs(701), at(701)));
        assert_eq!(looks.begin(look(1), secs(702)), None, "at the same time");
        assert_eq!(looks.begin(look(1), secs(1_300)).map(|again| again.times), Some(1));
        assert!(looks.again(&look(1), secs(1_301), at(1_301)));
        assert_eq!(looks.take(None)[0].1.times, 1);
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let mut looks = Looks::default();
        for n in 0..30_000 {
            looks.begin(look(n), Duration::ZERO);
        }
        assert_eq!(looks.0.len(), REMEMBERED);
        assert!(!looks.again(&look(25_000), Duration::ZERO, Timestamp(0)), "each is a line");
        assert_eq!(looks.take(Some(COUNTED)), [], "nobody looked again");
        assert!(looks.0.is_empty());
    }
}
