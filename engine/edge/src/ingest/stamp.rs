//! Capture times of one camera: pure, so it is tested without a camera.

use std::time::Duration;
use viahe_core::frame::FrameStamp;
use viahe_core::time::{ClockSource, Timestamp};

/// A camera whose clock is further off than this is not believed; arrival times are used.
pub(super) const OFFSET_MAX: Duration = Duration::from_mins(10);

/// From the NTP epoch (1900) to the Unix epoch (1970).
const NTP_TO_UNIX_SECS: u64 = 2_208_988_800;

/// An NTP time in ns, as `timestamp/x-ntp` gives it, on the Unix time line.
///
/// The 32-bit seconds of NTP wrap in February 2036; small values are of the era after it.
pub(super) fn unix_from_ntp(ntp_ns: u64) -> Timestamp {
    let epoch_ns = NTP_TO_UNIX_SECS * 1_000_000_000;
    let era_ns = (1u64 << 32) * 1_000_000_000;
    Timestamp(match ntp_ns.checked_sub(epoch_ns) {
        Some(unix) => unix,
        None => era_ns - epoch_ns + ntp_ns,
    })
}

/// Makes event times that never run backwards, whatever the camera's and the box's clocks do.
///
/// It outlives connections: until a new one has its first sender report, the offset found on the
/// last one is used, so that a reconnect does not step the event time.
#[derive(Debug, Default)]
pub(super) struct CaptureClock {
    last: Option<FrameStamp>,
    /// Arrival minus capture by the camera's clock, in ns; `None` until a believed report.
    offset_ns: Option<i128>,
    /// Arrival minus reported time, believed or not.
    pub(super) reported_offset_ms: Option<i64>,
    /// Stamps that had to be held back, because the clock stepped back.
    pub(super) slewed: u64,
    /// Reports that were not believed.
    pub(super) refused: u64,
}

impl CaptureClock {
    /// The stamp of a frame that is read now, at `arrived`, reached the box `age` ago and was
    /// taken at `reported` by the camera's own clock.
    pub(super) fn stamp(
        &mut self,
        seq: u64,
        now: Timestamp,
        age: Duration,
        reported: Option<Timestamp>,
    ) -> FrameStamp {
        let age_ns = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        let arrived = Timestamp(now.0.saturating_sub(age_ns));
        let (wanted, clock) = self.wanted(arrived, reported);
        let captured = match self.last {
            Some(last) if wanted <= last.captured => {
                self.slewed += 1;
                last.captured.plus(slew(arrived.since(last.arrived)))
            }
            _ => wanted,
        };
        let stamp = FrameStamp { seq, captured, arrived, clock };
        self.last = Some(stamp);
        stamp
    }

    fn wanted(
        &mut self,
        arrived: Timestamp,
        reported: Option<Timestamp>,
    ) -> (Timestamp, ClockSource) {
        if let Some(reported) = reported {
            let offset_ns = i128::from(arrived.0) - i128::from(reported.0);
            self.reported_offset_ms = Some(arrived.offset_ms(reported));
            let believed = offset_ns.unsigned_abs() <= OFFSET_MAX.as_nanos();
            self.offset_ns = believed.then_some(offset_ns);
            self.refused += u64::from(!believed);
            if believed {
                return (reported, ClockSource::Rtcp);
            }
        }
        match self.offset_ns {
            Some(offset_ns) => {
                let ns = i128::from(arrived.0) - offset_ns;
                (Timestamp(u64::try_from(ns.max(0)).unwrap_or(u64::MAX)), ClockSource::Rtcp)
            }
            None => (arrived, ClockSource::Arrival),
        }
    }
}

/// After a step back event time runs at half speed until the clock has caught up: nothing is
/// lost, nothing runs backwards, and two frames never have the same time.
fn slew(elapsed: Duration) -> Duration {
    (elapsed / 2).max(Duration::from_micros(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: u64 = 1_800_000_000;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_secs(T0).plus(Duration::from_millis(ms))
    }

    /// Stamps frames 100 ms apart; each case gives the camera's clock for a frame.
    fn run(camera: impl Fn(u64) -> Option<Timestamp>) -> (Vec<FrameStamp>, CaptureClock) {
        let mut clock = CaptureClock::default();
        let stamps = (0..2000).map(|i| clock.stamp(i, at(i * 100), Duration::ZERO, camera(i)));
        (stamps.collect(), clock)
    }

    #[test]
    fn ntp_epochs() {
        assert_eq!(unix_from_ntp(NTP_TO_UNIX_SECS * 1_000_000_000), Timestamp(0));
        // 7 February 2036, 06:28:16 UTC: the era after the first.
        assert_eq!(unix_from_ntp(0), Timestamp::from_secs(2_085_978_496));
    }

    #[test]
    fn event_time_is_strictly_increasing_whatever_the_clocks_do() {
        type Case = (&'static str, fn(u64) -> Option<Timestamp>, ClockSource);
        let cases: [Case; 6] = [
            ("no reports", |_| None, ClockSource::Arrival),
            ("late first report", |i| (i > 15).then(|| at(i * 100 + 40)), ClockSource::Rtcp),
            (
                "30 s slow",
                |i| (i > 15).then(|| at(i * 100)).map(|t| Timestamp(t.0 - 30_000_000_000)),
                ClockSource::Rtcp,
            ),
            (
                "steps back 5 min",
                |i| Some(Timestamp(at(i * 100).0 - u64::from(i > 50) * 300_000_000_000)),
                ClockSource::Rtcp,
            ),
            (
                "since boot",
                |i| Some(at(i * 100)).map(|t| Timestamp(t.0 - T0 * 1_000_000_000)),
                ClockSource::Arrival,
            ),
            ("stuck", |_| Some(at(0)), ClockSource::Rtcp),
        ];
        for (name, camera, source) in cases {
            let (stamps, clock) = run(camera);
            for pair in stamps.windows(2) {
                assert!(pair[0].captured < pair[1].captured, "{name}: {pair:?}");
            }
            assert_eq!(stamps.last().unwrap().clock, source, "{name}");
            assert_eq!(clock.refused > 0, name == "since boot", "{name}");
        }
    }

    #[test]
    fn a_step_back_is_made_good_by_running_at_half_speed() {
        let (stamps, clock) = run(|i| (i > 15).then(|| Timestamp(at(i * 100).0 - 30_000_000_000)));
        assert!((590..=610).contains(&clock.slewed), "60 s of 10 fps: {}", clock.slewed);
        let last = stamps.last().unwrap();
        assert_eq!(last.arrived.offset_ms(last.captured), 30_000);
        assert_eq!(clock.reported_offset_ms, Some(30_000));
    }

    #[test]
    fn a_reconnect_keeps_the_offset_until_the_next_report() {
        let mut clock = CaptureClock::default();
        clock.stamp(0, at(0), Duration::ZERO, Some(at(250)));
        let stamp = clock.stamp(1, at(1000), Duration::ZERO, None);
        assert_eq!((stamp.captured, stamp.clock), (at(1250), ClockSource::Rtcp));
    }

    #[test]
    fn arrival_is_when_it_came_not_when_it_was_decoded() {
        let stamp = CaptureClock::default().stamp(0, at(500), Duration::from_millis(80), None);
        assert_eq!(stamp.arrived, at(420));
    }
}
