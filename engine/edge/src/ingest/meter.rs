//! What one camera has done so far. Outlives its connections.

use super::labour::Labour;
use super::rate::Rate;
use super::stamp::CaptureClock;
use std::time::{Duration, Instant};
use viahe_contract::message::{Carrier, DecodeMode, Decoding};
use viahe_core::seam::ClockStep;
use viahe_core::time::ClockSource;

/// What became of a camera's frames, and how it is doing. Counts are since start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraCounters {
    /// Pictures that the camera sent, as far as they have been decoded or will not be.
    pub frames_in: u64,
    /// Pictures of them that went no further.
    pub dropped: Dropped,
    /// Times that pictures came back after a connection was lost.
    pub reconnects: u64,
    /// Connections that were tried.
    pub tries: u64,
    /// Connections that gave at least one frame.
    pub connections: u64,
    /// How media travels, or did last; none before the first frame and for what is no RTSP.
    pub carrier: Option<Carrier>,
    /// Since the camera last sent a picture.
    pub last_frame_age: Option<Duration>,
    /// Width and height of the last frame in px.
    pub size_px: Option<[u32; 2]>,
    /// Pictures per second that it sends, over the last two seconds or more; 0 until that is known.
    pub fps: f32,
    /// `h264` or `h265`; none for a test picture.
    pub codec: Option<&'static str>,
    /// The decoder's element.
    pub decoder: Option<&'static str>,
    /// By which clock the frames' own times are known.
    pub clock: ClockSource,
    /// The box's time of day less the camera's, at arrival; none without sender reports.
    pub clock_offset_ms: Option<i64>,
    /// How often the camera's clock was set.
    pub clock_steps: u64,
    /// The last time.
    pub clock_step: Option<ClockStep>,
    /// Pipelines that did not shut down in time and were left to themselves.
    pub teardown_hung: u64,
    /// How much of its stream is decoded; none before it sends and for a test picture.
    pub decoding: Option<Decoding>,
    /// Time that each mode of decoding was in use, in the order of [`DecodeMode::ALL`].
    pub decoded: [Duration; DecodeMode::ALL.len()],
    /// Processor time of its streaming thread: parsing, decoding and handing on.
    pub cpu: Duration,
    /// Reports of elements lost because too many came at once.
    pub reports_lost: u64,
}

impl CameraCounters {
    /// Of a camera that sends these streams, of which this one is looked at: what is counted of all, how it
    /// is of this one.
    #[must_use]
    pub fn together(self, all: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> u64| all.iter().map(of).sum::<u64>();
        let time = |of: &dyn Fn(&Self) -> Duration| all.iter().map(of).sum::<Duration>();
        Self {
            frames_in: sum(|c| c.frames_in),
            dropped: Dropped {
                corrupt: sum(|c| c.dropped.corrupt),
                lead_in: sum(|c| c.dropped.lead_in),
                unusable: sum(|c| c.dropped.unusable),
                overload: sum(|c| c.dropped.overload),
                spared: sum(|c| c.dropped.spared),
            },
            reconnects: sum(|c| c.reconnects),
            tries: sum(|c| c.tries),
            connections: sum(|c| c.connections),
            // They have one clock, and both may notice that it was set.
            clock_steps: all.iter().map(|c| c.clock_steps).max().unwrap_or_default(),
            teardown_hung: sum(|c| c.teardown_hung),
            decoded: std::array::from_fn(|mode| time(&|c| c.decoded[mode])),
            cpu: time(&|c| c.cpu),
            reports_lost: sum(|c| c.reports_lost),
            ..self
        }
    }
}

/// Why frames were not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The decoder flagged it as damaged: data was lost on the way.
    pub corrupt: u64,
    /// It came before the connection's first key frame.
    pub lead_in: u64,
    /// Format, size or planes that the engine does not take.
    pub unusable: u64,
    /// Left out before the decoder, up to the next key frame, because decoding fell behind.
    pub overload: u64,
    /// Not decoded, because looks are rarer than pictures. This is no loss.
    pub spared: u64,
}

#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) counters: CameraCounters,
    pub(super) clock: CaptureClock,
    labour: Labour,
    last_frame: Option<Instant>,
    rate: Rate,
}

impl Meter {
    /// A frame was delivered.
    pub(super) fn frame(&mut self, size_px: [u32; 2], clock: ClockSource) {
        self.counters.size_px = Some(size_px);
        self.counters.clock = clock;
    }

    /// The streaming thread has come by.
    pub(super) fn works(&mut self) {
        self.labour.look_in();
    }

    /// The camera sent a picture.
    pub(super) fn arrived(&mut self, now: Instant) {
        self.rate.arrived(now);
        self.last_frame = Some(now);
    }

    /// A connection is tried: the gap before it says nothing of the frame rate.
    pub(super) fn connection(&mut self) {
        self.rate = Rate::default();
        self.labour.pause();
        self.counters.tries += 1;
    }

    pub(super) fn snapshot(&self, now: Instant) -> CameraCounters {
        let age = self.last_frame.map(|at| now.saturating_duration_since(at));
        CameraCounters {
            reconnects: self.counters.connections.saturating_sub(1),
            last_frame_age: age,
            fps: self.rate.hz(now).unwrap_or_default(),
            clock_offset_ms: self.clock.offset_ms,
            clock_steps: self.clock.steps,
            clock_step: self.clock.step,
            cpu: self.labour.sum,
            ..self.counters.clone()
        }
    }
}
