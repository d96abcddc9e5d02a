//! Times of one camera's frames: pure, so it is tested without a camera.

use std::time::Duration;
use viahe_core::frame::FrameStamp;
use viahe_core::seam::ClockStep;
use viahe_core::time::{ClockSource, Timestamp};

/// A camera's clock that moves by more than this against event time was set.
pub(super) const STEP_MIN: Duration = Duration::from_secs(2);
/// So long a step must last to be told of: a link that stands still for seconds looks alike until
/// it has caught up.
const STEP_LASTS: Duration = Duration::from_secs(2);

/// A camera's clock runs off by one part in so many at most; more is the link.
const DRIFT: i128 = 1_000;

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

/// The clocks, read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Event time, which is never set.
    pub(super) event_time: Timestamp,
    /// The time of day of the box.
    pub(super) day_time: Timestamp,
}

/// Makes event times of frames: when each reached the box, on a clock that is never set. So how
/// long something takes and how often one looks follow from no camera's clock and no time of day.
///
/// What the camera's own clock says is compared and told, no more. It outlives connections.
#[derive(Debug, Default)]
pub(super) struct CaptureClock {
    last: Option<Timestamp>,
    /// The camera's clock less event time, in ns, and when that was last compared.
    lead: Option<(i128, Timestamp)>,
    /// Another lead, and since when.
    other: Option<(i128, Timestamp)>,
    /// The box's time of day less the camera's, at arrival; none until it tells its clock.
    pub(super) offset_ms: Option<i64>,
    /// How often the camera's clock was set.
    pub(super) steps: u64,
    /// The last time.
    pub(super) step: Option<ClockStep>,
}

impl CaptureClock {
    /// The stamp of a frame that is read `now`, reached the box `age` ago and was taken at
    /// `reported` by the camera's own clock.
    pub(super) fn stamp(
        &mut self,
        seq: u64,
        now: Now,
        age: Duration,
        reported: Option<Timestamp>,
    ) -> FrameStamp {
        let age_ns = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        let arrived = |at: Timestamp| Timestamp(at.0.saturating_sub(age_ns));
        let reached = arrived(now.event_time);
        // The jitter buffer may find that it had placed packets too late; two frames never have
        // the same time.
        let captured = match self.last {
            Some(last) if reached <= last => last.plus(Duration::from_micros(1)),
            _ => reached,
        };
        self.last = Some(captured);
        if let Some(reported) = reported {
            self.offset_ms = Some(arrived(now.day_time).offset_ms(reported));
            self.compare(i128::from(reported.0) - i128::from(reached.0), captured);
        }
        let clock = match self.offset_ms {
            Some(_) => ClockSource::Rtcp,
            None => ClockSource::Arrival,
        };
        FrameStamp {
            seq,
            captured,
            arrived: captured,
            offset_ms: self.offset_ms.unwrap_or_default(),
            clock,
        }
    }

    /// Follows the camera's clock as it drifts, and notices when it was set.
    fn compare(&mut self, lead_ns: i128, at: Timestamp) {
        let far = |a: i128, b: i128| (a - b).unsigned_abs() > STEP_MIN.as_nanos();
        let Some((known, compared)) = self.lead else {
            self.lead = Some((lead_ns, at));
            return;
        };
        if !far(known, lead_ns) {
            let most = at.since(compared).as_nanos().cast_signed() / DRIFT;
            self.lead = Some((known + (lead_ns - known).clamp(-most, most), at));
            self.other = None;
            return;
        }
        match self.other {
            Some((other, since)) if !far(other, lead_ns) => {
                if at.since(since) >= STEP_LASTS {
                    let by_ms = i64::try_from((lead_ns - known) / 1_000_000).unwrap_or_default();
                    self.steps += 1;
                    self.step = Some(ClockStep { at: since, by_ms });
                    self.lead = Some((lead_ns, at));
                    self.other = None;
                }
            }
            _ => self.other = Some((lead_ns, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: u64 = 1_800_000_000;
    const HOUR: i64 = 3600;
    /// How far clocks are wrong or are put, in s; the last are 1970 and 2262.
    const STEPS: [i64; 10] =
        [-HOUR, HOUR, -300, 300, -7 * HOUR, 7 * HOUR, -3, 3, -T0.cast_signed(), 7_400_000_000];

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_secs(T0).plus(Duration::from_millis(ms))
    }

    fn wrong(at: Timestamp, secs: i64) -> Timestamp {
        at.shifted(secs * 1_000_000_000)
    }

    /// 2000 frames 100 ms apart, of which `camera` and `day` say how far the clocks are wrong.
    fn run(
        camera: impl Fn(u64) -> Option<i64>,
        day: impl Fn(u64) -> i64,
    ) -> (Vec<FrameStamp>, CaptureClock) {
        let mut clock = CaptureClock::default();
        let mut stamp = |i: u64| {
            let truth = at(i * 100);
            let now = Now { event_time: truth, day_time: wrong(truth, day(i)) };
            clock.stamp(i, now, Duration::ZERO, camera(i).map(|secs| wrong(truth, secs)))
        };
        let stamps = (0..2000).map(&mut stamp).collect();
        (stamps, clock)
    }

    #[test]
    fn ntp_epochs() {
        assert_eq!(unix_from_ntp(NTP_TO_UNIX_SECS * 1_000_000_000), Timestamp(0));
        // 7 February 2036, 06:28:16 UTC: the era after the first.
        assert_eq!(unix_from_ntp(0), Timestamp::from_secs(2_085_978_496));
    }

    #[test]
    fn event_time_is_strictly_increasing_whatever_the_clocks_do() {
        for step in STEPS {
            // From the start, from the first report on, and in the middle.
            for since in [0, 16, 1000] {
                let put = |i: u64| if i >= since { step } else { 0 };
                let cases = [
                    ("no reports", run(|_| None, put)),
                    ("camera", run(|i| Some(put(i)), |_| 0)),
                    ("late first report", run(|i| (i > 15).then(|| put(i)), |_| 0)),
                    ("both", run(|i| Some(put(i)), put)),
                ];
                for (name, (stamps, _)) in cases {
                    for (i, stamp) in (0..).zip(&stamps) {
                        assert_eq!(stamp.captured, at(i * 100), "{name}, {step} s at {since}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_camera_whose_clock_was_set_is_told_once() {
        for step in STEPS {
            let (stamps, clock) = run(|i| Some(if i < 1000 { 0 } else { step }), |_| 0);
            assert_eq!(clock.steps, 1, "{step}");
            let told = ClockStep { at: at(100_000), by_ms: step * 1000 };
            assert_eq!(clock.step, Some(told), "{step}");
            // From the first frame on that has it.
            assert_eq!((stamps[999].offset_ms, stamps[1000].offset_ms), (0, -step * 1000));
            // One that was wrong all the time was not set; how far it is off is told.
            let (_, clock) = run(|_| Some(step), |_| 0);
            assert_eq!((clock.steps, clock.offset_ms), (0, Some(-step * 1000)), "{step}");
            // It is the box's that was set.
            let (_, clock) = run(|_| Some(0), |i| if i < 1000 { 0 } else { step });
            assert_eq!((clock.steps, clock.offset_ms), (0, Some(step * 1000)), "{step}");
        }
    }

    #[test]
    fn drift_and_a_link_that_stands_still_are_no_step() {
        let mut clock = CaptureClock::default();
        for i in 0..200_000u64 {
            let truth = at(i * 100);
            let now = Now { event_time: truth, day_time: truth };
            // 200 ppm: 4 s in all.
            let drifted = truth.shifted(i.cast_signed() * 20_000);
            // For 3 s each quarter of an hour, pictures come up to 3 s late.
            let late = (i % 9000).saturating_sub(8970) * 100;
            let reported = drifted.shifted(-late.cast_signed() * 1_000_000);
            clock.stamp(i, now, Duration::ZERO, Some(reported));
        }
        assert_eq!(clock.steps, 0, "{clock:?}");
    }

    #[test]
    fn the_offset_outlives_a_connection_until_the_next_report() {
        let mut clock = CaptureClock::default();
        let now = |ms| Now { event_time: at(ms), day_time: at(ms) };
        clock.stamp(0, now(0), Duration::ZERO, Some(at(250)));
        let stamp = clock.stamp(1, now(1000), Duration::ZERO, None);
        assert_eq!((stamp.offset_ms, stamp.clock), (-250, ClockSource::Rtcp));
    }

    #[test]
    fn frames_are_of_when_they_came_not_of_when_they_were_decoded() {
        let now = Now { event_time: at(500), day_time: at(500) };
        let mut clock = CaptureClock::default();
        assert_eq!(clock.stamp(0, now, Duration::from_millis(80), None).captured, at(420));
        let later = Now { event_time: at(510), day_time: at(510) };
        let stamp = clock.stamp(1, later, Duration::from_millis(90), None);
        assert_eq!(stamp.captured, at(420).plus(Duration::from_micros(1)), "not the same again");
    }
}
