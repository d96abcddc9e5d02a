//! When a connection last gave something, and how long it may give nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Times in ms since the connection began, plus one; 0 is never.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) media: AtomicU64,
    pub(super) picture: AtomicU64,
    /// Something went to the decoder, and no picture has come out since.
    pub(super) owed: AtomicU64,
    /// So many since.
    unpaid: AtomicU64,
    /// Only a key frame lets decoding go on, and none has come.
    pub(super) no_key: AtomicU64,
    /// Access units before the decoder, and the last gaps between them in ms.
    pub(super) units: AtomicU64,
    unit: AtomicU64,
    gaps: [AtomicU64; GAPS],
}

/// Gaps between access units from which a camera's pace is known.
const GAPS: usize = 4;
/// Pictures in a row that are no accident.
const UNPAID_MIN: u64 = 5;
/// A camera is patiently waited for: so many times the longest of its last gaps.
const GAPS_MISSED: u32 = 3;
/// At most so long: one picture in 20 s is the slowest that is watched.
const SLOWEST: Duration = Duration::from_mins(1);
/// Until its pace is known, after connections that told nothing of it.
const UNKNOWN: Duration = Duration::from_secs(30);
/// A connection that gave nothing for so long is given up.
const FIRST: Duration = Duration::from_secs(10);
/// Nor before its first picture, unless it is known to be slower: one that freezes is left soon.
const FIRST_PAUSE: Duration = Duration::from_secs(12);
/// At most, when nothing is known of its pace: at one picture in 20 s a decoder gives the first
/// when the second comes. Some cameras have 20 s from key frame to key frame and begin anywhere.
const FIRST_SLOWEST: Duration = Duration::from_secs(45);
/// So many connections in vain of a camera whose pace was known say nothing new of it.
const FIRST_DOUBTED: u32 = 3;

/// What earlier connections tell of how long a camera may give nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Connections in a row that ended in silence before its pace was known: it may be a slow one.
    pub(super) unsure: u32,
    /// How long its pace let one wait, when it was last known; zero before.
    pub(super) patience: Duration,
}

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

    /// Something went to the decoder `ms` after the connection began.
    pub(super) fn fed(&self, ms: u64) {
        let _ = self.owed.compare_exchange(0, ms + 1, Ordering::Relaxed, Ordering::Relaxed);
        self.unpaid.fetch_add(1, Ordering::Relaxed);
    }

    /// So many went to the decoder in vain that it is no accident: of key frames alone few are fed, and a
    /// link that loses one of them is no reason to connect anew.
    pub(super) fn is_in_debt(&self) -> bool {
        self.unpaid.load(Ordering::Relaxed) >= UNPAID_MIN
    }

    /// A picture came out of it.
    pub(super) fn paid(&self) {
        self.owed.store(0, Ordering::Relaxed);
        self.unpaid.store(0, Ordering::Relaxed);
    }

    /// Decoding waits for a key frame, as was noticed at that time, or does not.
    pub(super) fn waits_for_key(&self, at_ms: Option<u64>) {
        match at_ms {
            None => self.no_key.store(0, Ordering::Relaxed),
            Some(ms) => {
                let (order, at) = (Ordering::Relaxed, ms + 1);
                let _ = self.no_key.compare_exchange(0, at, order, order);
            }
        }
    }

    /// Has enough come to know the camera's pace?
    pub(super) fn knows_pace(&self) -> bool {
        self.units.load(Ordering::Relaxed) > GAPS as u64
    }

    /// How long nothing may come before something is wrong. A camera of 10 fps that is silent for
    /// `least` is frozen; one that sends a picture in 10 s is not.
    pub(super) fn patience(&self, least: Duration, known: Known) -> Duration {
        let units = self.units.load(Ordering::Relaxed);
        // A test picture has none.
        if units == 0 {
            return least.max(known.patience);
        }
        if units <= GAPS as u64 {
            let grown = least * 3u32.saturating_pow(known.unsure.min(9));
            return grown.min(UNKNOWN.max(least)).max(known.patience);
        }
        let longest = self.gaps.iter().map(|gap| gap.load(Ordering::Relaxed)).max();
        let longest = Duration::from_millis(longest.unwrap_or_default());
        (longest * GAPS_MISSED).clamp(least, SLOWEST.max(least))
    }

    /// How long the first picture may take, and media before it may pause. Until something comes, a
    /// slow camera looks like one that sends nothing; when something does, its next key frame may be
    /// far.
    pub(super) fn first_patience(&self, least: Duration, known: Known) -> [Duration; 2] {
        if self.units.load(Ordering::Relaxed) > 0 {
            let pause = self.patience(least, known).max(FIRST_PAUSE);
            return [FIRST_SLOWEST.max(known.patience), pause];
        }
        let doubted = if known.patience.is_zero() { 0 } else { FIRST_DOUBTED };
        let grown = FIRST * 2u32.pow(known.unsure.saturating_sub(doubted).min(9));
        [grown.min(FIRST_SLOWEST).max(known.patience); 2]
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
            pulse.patience(least, Known { unsure, ..Known::default() })
        };
        let unsure = Known { unsure: 9, ..Known::default() };
        assert_eq!(Pulse::default().patience(least, unsure), least, "a test picture");
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

    /// Plays a camera of a picture in `every`, whose first comes `after` its PLAY, to the
    /// watchdog; returns how many connections it takes until one lasts.
    fn connections(every: Duration, after: Duration, held: bool, known: &mut Known) -> usize {
        let usual = Duration::from_secs(3);
        for number in 1..20 {
            let pulse = Pulse::default();
            let mut last = Duration::ZERO;
            let lasts = (0..9u32).all(|n| {
                let at = after + every * n;
                // The first picture of one that holds it comes with the second unit.
                let first = n == 0 || (held && n == 1);
                let patience = if first {
                    let [whole, pause] = pulse.first_patience(usual, *known);
                    whole.min(pause + last)
                } else {
                    pulse.patience(usual, *known) + last
                };
                let came = at < patience;
                if came {
                    pulse.unit(at.as_millis() as u64);
                    last = at;
                }
                came
            });
            if pulse.knows_pace() {
                *known = Known { unsure: 0, patience: pulse.patience(usual, *known) };
            } else {
                known.unsure += 1;
            }
            if lasts {
                return number;
            }
        }
        usize::MAX
    }

    /// Whether it sends nothing or little is not known beforehand; a server may begin with the
    /// picture that is due next, or with one of its own.
    #[test]
    fn the_first_picture_of_a_slow_camera_is_waited_for() {
        let secs = Duration::from_secs;
        for every in [1, 4, 5, 6, 10, 15, 20] {
            for after in [0, 1, every] {
                for held in [false, true] {
                    let mut known = Known::default();
                    let took = connections(secs(every), secs(after), held, &mut known);
                    assert!(took <= 4, "{every} s, first after {after}, held {held}: {took}");
                    // Its pace is remembered: a link that was cut is there again at once.
                    let again = connections(secs(every), secs(after), held, &mut known);
                    assert_eq!(again, 1, "{every} s, first after {after}, held {held}");
                }
            }
        }
        // A quick one that gives nothing is given up as before, so that another way is tried soon.
        let known = |unsure| Known { unsure, patience: secs(3) };
        let waits = [0, 1, 2, 3, 4, 5, 9, 99]
            .map(|unsure| Pulse::default().first_patience(secs(3), known(unsure))[0].as_secs());
        assert_eq!(waits, [10, 10, 10, 10, 20, 40, 45, 45]);
    }
}
