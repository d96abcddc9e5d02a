//! What was taken from workers a moment ago. Of that an honest one may still speak: its word was on its way,
//! or a decoder took its time to end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A worker ends what it has begun within seconds; what it says may wait while a slow card holds the engine up.
const WITHIN: Duration = Duration::from_mins(1);
/// The oldest ones beyond are forgotten.
const MAX: usize = 1024;

/// Things that ended, oldest first, and when they did.
#[derive(Debug)]
pub(super) struct Lately<T>(VecDeque<(T, Instant)>);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Lately<T> {
    pub(super) fn note(&mut self, what: T, ended: Instant) {
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        self.0.push_back((what, ended));
    }

    /// Is there such a one, a moment after its end?
    pub(super) fn any(&self, now: Instant, is: impl Fn(&T) -> bool) -> bool {
        self.0.iter().any(|(what, ended)| is_fresh(*ended, now) && is(what))
    }

    /// As [`Lately::any`]; of that one nothing more is to come.
    pub(super) fn take(&mut self, now: Instant, is: impl Fn(&T) -> bool) -> bool {
        let here = self.0.iter().position(|(what, ended)| is_fresh(*ended, now) && is(what));
        here.and_then(|at| self.0.remove(at)).is_some()
    }
}

fn is_fresh(ended: Instant, now: Instant) -> bool {
    now.saturating_duration_since(ended) < WITHIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_by_age_and_by_number() {
        let (mut lately, zero) = (Lately::default(), crate::clock::monotonic());
        let at = |secs: u64| zero + Duration::from_secs(secs);
        lately.note(0, at(0));
        assert!(lately.any(at(59), |n| *n == 0) && !lately.any(at(60), |n| *n == 0));
        assert!(!lately.any(at(1), |n| *n == 1));
        assert!(lately.take(at(59), |n| *n == 0) && !lately.take(at(59), |n| *n == 0), "once");
        for n in 0..=MAX {
            lately.note(n, at(60));
        }
        assert!(!lately.any(at(60), |n| *n == 0) && lately.any(at(60), |n| *n == 1));
        assert_eq!(lately.0.len(), MAX);
    }
}
