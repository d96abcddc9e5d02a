//! How much one person or token may do that the audit tells, which keeps each line for good.

use super::buckets::{Buckets, Rate};
use std::time::Duration;

/// Far more than hands do, and a machine that does more can wait: 3,000 at once, then five a second. So nobody adds more
/// than 80 MB a day to the audit. (Judgement.)
const ACTS: Rate = Rate { tries: 3_000, each: Duration::from_millis(200) };
/// Of what is refused, so much is passed over in the log before it is told again.
const TOLD_EVERY: u64 = 1_000;

/// Somebody does too much in a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much in a short time: wait {} seconds", .0.as_secs() + 1)]
pub struct Hasty(pub Duration);

/// Who has done how much lately.
#[derive(Debug)]
pub(super) struct Pace {
    acts: Buckets<String>,
    refused: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { acts: Buckets::new(ACTS), refused: 0 }
    }
}

impl Pace {
    /// Somebody does one thing more, at `now` on a clock that never steps.
    ///
    /// # Errors
    /// It is too much: how long to wait.
    pub(super) fn act(&mut self, who: &str, now: Duration) -> Result<(), Hasty> {
        let key = who.to_owned();
        let wait = self.acts.wait(&key, now);
        if wait.is_zero() {
            self.acts.take(key, now);
            return Ok(());
        }
        if self.refused.is_multiple_of(TOLD_EVERY) {
            tracing::warn!(who, "does too much in a short time, and is refused");
        }
        self.refused += 1;
        Err(Hasty(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_fills_the_audit_and_nobody_is_held_up_by_another() {
        let mut pace = Pace::default();
        let second = Duration::from_secs(1);
        for _ in 0..3_000 {
            assert_eq!(pace.act("lan", second), Ok(()));
        }
        assert_eq!(pace.act("lan", second), Err(Hasty(Duration::from_millis(200))));
        assert_eq!(pace.act("minh", second), Ok(()));
        // A day of trying, ten times a second.
        let day = (0..864_000).filter(|n| pace.act("lan", second * 2 + second / 10 * *n).is_ok());
        let day = day.count();
        assert!((431_990..=432_010).contains(&day), "{day}");
    }
}
