//! Pictures a second, from when they came.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// After the first picture of a connection so long says nothing: what the camera has kept since its last key
/// frame, and what lay in sockets meanwhile, comes at once. Judgement.
const SETTLES: Duration = Duration::from_secs(1);
/// Over so long at least: twenty pictures of a camera of 10 fps.
const WINDOW: Duration = Duration::from_secs(2);
/// Most arrivals remembered: what comes faster over a whole window is no camera.
const ARRIVALS_MAX: usize = 512;

/// Of one connection. Not known before a whole window has passed, so that a burst at its beginning is never
/// taken for a rate; a burst after a pause belongs to that pause and is spread over it.
#[derive(Debug, Default)]
pub(super) struct Rate {
    first: Option<Instant>,
    /// The newest that is a window old or the first that counts, and all since.
    arrivals: VecDeque<Instant>,
}

impl Rate {
    /// A picture came.
    pub(super) fn arrived(&mut self, now: Instant) {
        let first = *self.first.get_or_insert(now);
        if now.saturating_duration_since(first) < SETTLES {
            self.arrivals.clear();
        }
        self.arrivals.push_back(now);
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        while self.arrivals.get(1).is_some_and(is_old) || self.arrivals.len() > ARRIVALS_MAX {
            self.arrivals.pop_front();
        }
    }

    /// None until it is known. What has long been silent has no rate, whatever it was before.
    pub(super) fn hz(&self, now: Instant) -> Option<f32> {
        let (first, last) = (self.arrivals.front()?, self.arrivals.back()?);
        let span = last.saturating_duration_since(*first);
        if span < WINDOW && self.arrivals.len() < ARRIVALS_MAX {
            return None;
        }
        let intervals = self.arrivals.len().saturating_sub(1) as f32;
        let silent = now.saturating_duration_since(*last).as_secs_f32() / 2.0;
        let interval = (span.as_secs_f32() / intervals).max(silent);
        (interval > 0.0).then(|| 1.0 / interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// What is told after each arrival, in ms since the connection.
    fn told(arrivals_ms: impl IntoIterator<Item = u64>) -> Vec<(u64, Option<f32>)> {
        let (began, mut rate) = (clock::monotonic(), Rate::default());
        let after = |ms| {
            let now = began + Duration::from_millis(ms);
            rate.arrived(now);
            (ms, rate.hz(now))
        };
        arrivals_ms.into_iter().map(after).collect()
    }

    /// Each rate that is told is near the true one, and one is told in time.
    fn holds(name: &str, hz: f32, known_ms: u64, arrivals_ms: impl IntoIterator<Item = u64>) {
        let told = told(arrivals_ms);
        for (ms, rate) in &told {
            assert!(
                rate.is_none_or(|rate| (rate / hz - 1.0).abs() < 0.11),
                "{name}: {ms} {rate:?}"
            );
            assert!(*ms < known_ms || rate.is_some(), "{name}: not known at {ms} ms");
        }
        assert!(told.iter().any(|(ms, _)| *ms >= known_ms), "{name}: it ends too soon");
    }

    #[test]
    fn a_burst_at_the_beginning_is_no_rate() {
        let steady = |every_ms: u64| (0..200).map(move |n| n * every_ms);
        holds("steady", 10.0, 3_200, steady(100));
        holds("quick", 50.0, 3_200, steady(20));
        // A group of pictures that the camera had kept, at once or as fast as the line is.
        for (kept, apart_ms) in [(1, 0), (5, 0), (25, 0), (40, 2), (50, 19)] {
            let burst = (0..kept).map(move |n| n * apart_ms);
            let end = (kept - 1) * apart_ms;
            let all = burst.chain(steady(100).map(|ms| ms + end + 37));
            holds(&format!("{kept} every {apart_ms} ms"), 10.0, 3_300, all);
        }
        // A camera of one picture in ten seconds, and one that sends two at a time.
        holds("slow", 0.1, 10_000, steady(10_000));
        holds("pairs", 10.0, 3_300, steady(100).map(|ms| ms / 200 * 200));
    }

    #[test]
    fn what_waited_is_spread_over_the_time_for_which_it_did() {
        // Nothing for 3 s, then all of it at once: never more than there is, and less only until it is read.
        let stands = (0..300u64).map(|n| if (60..90).contains(&n) { 9_000 } else { n * 100 });
        for (ms, rate) in told(stands) {
            let least = if ms == 9_000 { 0.0 } else { 9.0 };
            assert!(rate.is_none_or(|rate| (least..11.1).contains(&rate)), "{ms}: {rate:?}");
        }
    }

    #[test]
    fn a_silent_camera_has_no_rate_and_a_flood_has_a_bound() {
        let (began, mut rate) = (clock::monotonic(), Rate::default());
        assert_eq!(rate.hz(began), None);
        for n in 0..50 {
            rate.arrived(began + Duration::from_millis(n * 100));
        }
        let hz = |ms| rate.hz(began + Duration::from_millis(ms)).unwrap();
        assert!((hz(4_900) - 10.0).abs() < 0.1);
        assert!(hz(64_900) < 0.05, "a minute later: {}", hz(64_900));
        let mut flood = Rate::default();
        for n in 0..10_000 {
            flood.arrived(began + Duration::from_micros(n * 500));
        }
        assert_eq!(flood.arrivals.len(), ARRIVALS_MAX);
        let hz = flood.hz(began + Duration::from_secs(5)).unwrap();
        assert!((hz / 2_000.0 - 1.0).abs() < 0.01, "{hz}");
    }
}
