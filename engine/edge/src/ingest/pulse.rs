//! When a connection last gave something, and how long it may give nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Times in ms since the connection began, plus one; 0 is never.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) media: AtomicU64,
    pub(super) picture: AtomicU64,
    /// Access units before the decoder, and the last gaps between them in ms.
    pub(super) units: AtomicU64,
    unit: AtomicU64,
    gaps: [AtomicU64; GAPS],
}

/// Gaps between access units from which a camera's pace is known.
const GAPS: usize = 4;
/// A camera is patiently waited for: so many times the longest of its last gaps.
const GAPS_MISSED: u32 = 3;
/// At most so long: one picture in 20 s is the slowest that is watched.
const SLOWEST: Duration = Duration::from_mins(1);
/// Until its pace is known, after connections that told nothing of it.
const UNKNOWN: Duration = Duration::from_secs(30);

impl Pulse {
    /// An access unit came `ms` after the connection began.
    pub(super) fn unit(&self, ms: u64) {
        let before = self.unit.swap(ms, Ordering::Relaxed);
        let n = self.units.fetch_add(1, Ordering::Relaxed);
        if n > 0 {
            let place = &self.gaps[n as usize % GAPS];
            place.store(ms.saturating_sub(before), Ordering::Relaxed);
        }
    }

    /// Has enough come to know the camera's pace?
    pub(super) fn knows_pace(&self) -> bool {
        self.units.load(Ordering::Relaxed) > GAPS as u64
    }

    /// How long nothing may come before something is wrong. `unsure` connections in a row ended
    /// in silence before the camera's pace was known: it may be a slow one. A camera of 10 fps that is silent for
    /// `least` is frozen; one that sends a picture in 10 s is not.
    pub(super) fn patience(&self, least: Duration, unsure: u32) -> Duration {
        let units = self.units.load(Ordering::Relaxed);
        // A test picture has none.
        if units == 0 {
            return least;
        }
        if units <= GAPS as u64 {
            return (least * 3u32.saturating_pow(unsure.min(9))).min(UNKNOWN.max(least));
        }
        let longest = self.gaps.iter().map(|gap| gap.load(Ordering::Relaxed)).max();
        let longest = Duration::from_millis(longest.unwrap_or_default());
        (longest * GAPS_MISSED).clamp(least, SLOWEST.max(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_camera_is_waited_for_and_a_quick_one_is_not() {
        let least = Duration::from_secs(3);
        let patience = |gaps_ms: &[u64], unsure: u32| {
            let pulse = Pulse::default();
            let mut at = 700;
            pulse.unit(at);
            for gap in gaps_ms {
                at += gap;
                pulse.unit(at);
            }
            pulse.patience(least, unsure)
        };
        assert_eq!(Pulse::default().patience(least, 9), least, "a test picture");
        for gaps_ms in [&[100; 50][..], &[40; 9], &[1000; 5]] {
            assert_eq!(patience(gaps_ms, 9), least, "{gaps_ms:?}");
        }
        for interval_ms in [4_000, 7_000, 10_000, 20_000] {
            for units in 0..20 {
                let waits = patience(&vec![interval_ms; units], 3);
                assert!(
                    waits > Duration::from_millis(interval_ms + 2_000),
                    "{interval_ms} {units}"
                );
                assert!(waits <= SLOWEST);
            }
        }
        // It has become quick.
        assert_eq!(patience(&[10_000, 10_000, 10_000, 100, 100, 100, 100], 3), least);
        // Frozen after its first pictures: noticed at once, and with patience if that goes on.
        let frozen = [0, 1, 2, 3].map(|unsure| patience(&[100, 100], unsure).as_secs());
        assert_eq!(frozen, [3, 9, 27, 30]);
    }
}
