//! Is a sensor heard, and how long are its readings on their way?
//!
//! What counts is when something came, by the box's clock, and not when it was measured: a gauge
//! that sends ten minutes at once is well, and one whose clock is wrong is not silent.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Deliveries whose delay is remembered.
const DELAYS_MAX: usize = 8;
/// Of so many, the slowest does not count.
const OUTLIER_AMONG: usize = 4;
/// A delivery may take so much longer than the slowest of the last ones, and half as long again:
/// judgement, for links whose delay differs from message to message.
const DELAY_MARGIN: Duration = Duration::from_secs(2);
/// What is longer on its way was stored, and says nothing of the link.
const DELAY_MAX: Duration = Duration::from_hours(24);

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// Since when it should be heard, or when it was heard last.
    heard: Option<Timestamp>,
    /// It was heard at least once.
    ever: bool,
    delays: VecDeque<Duration>,
}

impl Presence {
    /// The box's clock says `now`: from the first time on, the sensor should be heard.
    pub fn expect(&mut self, now: Timestamp) {
        self.heard.get_or_insert(now);
    }

    /// Nobody listened until `now`: what it says is to come from here on.
    pub fn expect_anew(&mut self, now: Timestamp) {
        self.heard = self.heard.max(Some(now));
    }

    /// Something came at `now`. Of what was news, the oldest was measured at `at`; none when all
    /// was older than what is known: a straggler says nothing of the link.
    pub fn hear(&mut self, now: Timestamp, at: Option<Timestamp>) {
        self.heard = self.heard.max(Some(now));
        self.ever = true;
        let delay = at.map(|at| now.since(at)).filter(|delay| *delay <= DELAY_MAX);
        let Some(delay) = delay else { return };
        if self.delays.len() >= DELAYS_MAX {
            self.delays.pop_front();
        }
        self.delays.push_back(delay);
    }

    /// Was it heard at least once?
    pub fn ever(&self) -> bool {
        self.ever
    }

    /// Has nothing come for longer than `silent_after`?
    pub fn silent(&self, silent_after: Duration, now: Timestamp) -> bool {
        self.heard.is_some_and(|heard| now.since(heard) > silent_after)
    }

    /// How long a reading is on its way: as long as the last ones, and some more.
    pub fn patience(&self) -> Duration {
        let mut delays: Vec<Duration> = self.delays.iter().copied().collect();
        delays.sort_unstable();
        // What a link sends after it was away says nothing of the next message.
        if delays.len() >= OUTLIER_AMONG {
            delays.pop();
        }
        let slowest = delays.last().copied().unwrap_or_default();
        slowest + slowest / 2 + DELAY_MARGIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_000 + secs)
    }

    #[test]
    fn silence_counts_from_what_came_and_from_the_start() {
        let after = Duration::from_secs(10);
        let mut presence = Presence::default();
        assert!(!presence.silent(after, secs(100)), "nobody expected it yet");
        presence.expect(secs(100));
        presence.expect(secs(105));
        assert!(!presence.silent(after, secs(110)) && presence.silent(after, secs(111)));
        assert!(!presence.ever());
        presence.hear(secs(120), None);
        assert!(presence.ever() && !presence.silent(after, secs(130)));
        assert!(presence.silent(after, secs(131)));
        assert!(!presence.silent(after, secs(10)), "a clock that steps back is no silence");
        presence.expect_anew(secs(500));
        assert!(!presence.silent(after, secs(510)) && presence.silent(after, secs(511)));
    }

    #[test]
    fn patience_is_learnt() {
        let mut presence = Presence::default();
        assert_eq!(presence.patience(), Duration::from_secs(2));
        presence.hear(secs(600), Some(secs(0)));
        assert_eq!(presence.patience(), Duration::from_secs(902));
        for k in 0..3 {
            assert_eq!(presence.patience(), Duration::from_secs(902), "{k}");
            presence.hear(secs(700 + k), Some(secs(690 + k)));
        }
        assert_eq!(presence.patience(), Duration::from_secs(17), "that was once");
        for k in 0..8 {
            presence.hear(secs(700 + k), Some(secs(700 + k)));
        }
        assert_eq!(presence.patience(), Duration::from_secs(2));
        presence.hear(secs(800), Some(secs(900)));
        assert_eq!(presence.patience(), Duration::from_secs(2), "a clock that is ahead");
    }

    #[test]
    fn what_was_stored_for_more_than_a_day_says_nothing_of_the_link() {
        let (mut presence, day) = (Presence::default(), 24 * 3600);
        presence.hear(secs(day + 1), Some(secs(0)));
        assert_eq!(presence.patience(), Duration::from_secs(2));
        presence.hear(secs(day), Some(secs(0)));
        assert_eq!(presence.patience(), Duration::from_secs(day + day / 2 + 2));
    }
}
