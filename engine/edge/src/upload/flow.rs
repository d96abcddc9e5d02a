//! When something is tried, and what is told while nothing comes of it. Pure: times come in as arguments.

use super::answer::{Answer, Denial};
use crate::backoff::{Backoff, Growth};
use std::time::Duration;

/// Bytes a second of pictures, over some time: one megabit, a fraction of what a mobile link has.
const PACE: u64 = 128 << 10;
/// So much goes at once after a quiet time: an incident's pictures. What an outage left goes by the pace.
const AT_ONCE: i64 = 1 << 20;
/// While revisions wait for their acknowledgement, pictures have one part in so many of their pace.
const WAITING_PART: u64 = 4;
/// What a request costs beside its picture.
const REQUEST_BYTES: u64 = 1 << 10;
/// A console that is away for so long is a trouble.
const AWAY_AFTER: Duration = Duration::from_mins(10);

/// What does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Denied(Denial),
    Away { why: String, since: Duration },
}

/// When the next request goes.
#[derive(Debug)]
pub(super) struct Flow {
    /// Bytes that may go; less than none after a large one.
    budget: i64,
    /// When that was so.
    counted: Duration,
    /// Nothing is tried before.
    not_before: Duration,
    fault: Option<Fault>,
    backoff: Backoff,
    /// After what only people can mend.
    longest: Duration,
}

impl Flow {
    /// With the first and the longest wait after a failure.
    pub(super) fn new(again_after: [Duration; 2], seed: u64) -> Self {
        let (backoff, [_, longest]) =
            (Backoff::new(Growth::between(again_after), seed), again_after);
        let (counted, not_before) = (Duration::ZERO, Duration::ZERO);
        Self { budget: AT_ONCE, counted, not_before, fault: None, backoff, longest }
    }

    /// How long nothing goes; `waiting`: revisions wait for their acknowledgement.
    pub(super) fn wait(&mut self, now: Duration, waiting: bool) -> Duration {
        let pace = if waiting { PACE / WAITING_PART } else { PACE };
        let earned = (now.saturating_sub(self.counted).as_secs_f64() * pace as f64) as i64;
        if earned > 0 {
            self.budget = self.budget.saturating_add(earned).min(AT_ONCE);
            self.counted = now;
        }
        let due = match u64::try_from(-self.budget) {
            Ok(lacking) if lacking > 0 => Duration::from_secs_f64(lacking as f64 / pace as f64),
            _ => Duration::ZERO,
        };
        due.max(self.not_before.saturating_sub(now))
    }

    /// A request went, with so many bytes of a picture.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub((bytes as u64 + REQUEST_BYTES).cast_signed());
    }

    /// What it was answered; `part`: it was no question, but brought a part of a picture.
    pub(super) fn answered(&mut self, answer: &Answer, part: bool, now: Duration) {
        match answer {
            // Whoever answers questions may take no picture for all that.
            Answer::Lacks(_) if !part => {}
            Answer::Has | Answer::Lacks(_) => {
                self.backoff.reset();
                self.fault = None;
            }
            // It is there, and may like the next one.
            Answer::Refused(_) => {
                self.fault = None;
                self.not_before = now + self.backoff.next();
            }
            Answer::Denied(denial) => {
                self.fault = Some(Fault::Denied(denial.clone()));
                self.not_before = now + self.longest;
            }
            Answer::Away(why) => {
                let since = match &self.fault {
                    Some(Fault::Away { since, .. }) => *since,
                    _ => now,
                };
                self.fault = Some(Fault::Away { why: why.clone(), since });
                self.not_before = now + self.backoff.next();
            }
        }
    }

    /// It was not this time, and the console is not to blame.
    pub(super) fn not_now(&mut self, now: Duration) {
        self.not_before = now + self.backoff.next();
    }

    /// Nobody misses a console while nothing waits for it.
    pub(super) fn nothing_waits(&mut self) {
        if matches!(self.fault, Some(Fault::Away { .. })) {
            self.fault = None;
        }
    }

    /// Why the console does not let the box in.
    pub(super) fn denied(&self) -> Option<&Denial> {
        match &self.fault {
            Some(Fault::Denied(denial)) => Some(denial),
            _ => None,
        }
    }

    /// Why the console is away, once it is for long.
    pub(super) fn away(&self, now: Duration) -> Option<&str> {
        match &self.fault {
            Some(Fault::Away { why, since }) if now.saturating_sub(*since) >= AWAY_AFTER => {
                Some(why)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Denial = Denial::Status(401);
    const FORBIDDEN: Denial = Denial::Status(403);
    const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Bytes that go in so many seconds when there is always another part.
    fn goes(flow: &mut Flow, from: u64, for_secs: u64, waiting: bool) -> u64 {
        let (part, mut now, mut sent) = (64 << 10, secs(from), 0);
        loop {
            now += flow.wait(now, waiting);
            if now >= secs(from + for_secs) {
                return sent;
            }
            flow.sent(part);
            flow.answered(&Answer::Lacks(0), true, now);
            sent += part as u64;
        }
    }

    #[test]
    fn a_backlog_goes_by_the_pace_and_incidents_have_most_of_the_line() {
        let mut flow = Flow::new(AGAIN_AFTER, 1);
        let first = goes(&mut flow, 0, 1, false);
        assert!((1 << 20..(1 << 20) + 3 * PACE).contains(&first), "{first}");
        let more = goes(&mut flow, 1, 1_000, false);
        assert!((980 * PACE..1_001 * PACE).contains(&more), "{more}");
        let while_waiting = goes(&mut flow, 1_001, 1_000, true);
        assert!((240 * PACE..252 * PACE).contains(&while_waiting), "{while_waiting}");
        // A quiet hour saves up no more than what may go at once.
        let after = goes(&mut flow, 6_000, 1, false);
        assert!((1 << 20..(1 << 20) + 3 * PACE).contains(&after), "{after}");
    }

    /// Each round asks, hears that the picture is not there, and sends it in vain.
    #[test]
    fn a_console_that_answers_and_takes_nothing_is_left_alone_and_told() {
        let (mut flow, mut now, mut rounds) = (Flow::new(AGAIN_AFTER, 1), secs(5), 0);
        let away = Answer::Away("it answers 503".into());
        while now < secs(5 + 600) {
            assert_eq!(flow.away(now), None, "{now:?}");
            flow.answered(&Answer::Lacks(0), false, now);
            flow.answered(&away, true, now);
            now += flow.wait(now, false);
            rounds += 1;
        }
        assert!((10..30).contains(&rounds), "{rounds} rounds in ten minutes");
        flow.answered(&Answer::Lacks(0), false, now);
        assert_eq!(flow.away(now), Some("it answers 503"));
        flow.nothing_waits();
        assert_eq!(flow.away(now), None);
        flow.answered(&away, true, now);
        assert_eq!(flow.away(now), None, "it is away anew");
        flow.answered(&Answer::Denied(FORBIDDEN), true, now);
        for _ in 0..3 {
            assert_eq!(flow.wait(now, false), AGAIN_AFTER[1]);
            now += AGAIN_AFTER[1];
            flow.answered(&Answer::Lacks(0), false, now);
            flow.nothing_waits();
            assert_eq!(flow.denied(), Some(&FORBIDDEN), "it is told all the time");
            flow.answered(&Answer::Denied(FORBIDDEN), true, now);
        }
        flow.answered(&Answer::Lacks(100), true, now);
        assert_eq!(flow.denied(), None, "it takes parts");
        flow.answered(&away, true, now + AGAIN_AFTER[1]);
        assert!(flow.wait(now + AGAIN_AFTER[1], false) <= AGAIN_AFTER[0]);
    }

    #[test]
    fn failures_wait_longer_each_time_and_are_told_after_ten_minutes() {
        let (mut flow, mut now) = (Flow::new(AGAIN_AFTER, 1), secs(5));
        let mut tries = 0;
        let away = Answer::Away("connection refused".into());
        while now < secs(5 + 600) {
            flow.answered(&away, false, now);
            assert_eq!(flow.away(now), None, "{now:?}");
            now += flow.wait(now, false);
            tries += 1;
        }
        assert!((10..30).contains(&tries), "{tries} tries in ten minutes");
        assert_eq!((flow.away(now), flow.denied()), (Some("connection refused"), None));
        flow.answered(&Answer::Denied(UNKNOWN), false, now);
        assert_eq!((flow.away(now), flow.denied()), (None, Some(&UNKNOWN)));
        assert_eq!(flow.wait(now, false), AGAIN_AFTER[1]);
        flow.answered(&Answer::Refused(422), true, now);
        assert_eq!((flow.denied(), flow.away(now)), (None, None), "it is there");
        flow.answered(&Answer::Has, false, now);
        flow.answered(&away, false, now);
        assert!(flow.wait(now, false) <= AGAIN_AFTER[0] && flow.away(now).is_none());
        assert!(flow.away(now + AWAY_AFTER).is_some());
    }
}
