//! The only place that reads clocks.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use viahe_core::time::Timestamp;

/// Event time when the monotonic clock was at zero; see [`event_time`].
static AXIS_ZERO: OnceLock<Timestamp> = OnceLock::new();

/// The time of day. It may be set, in any direction: how long something takes does not follow from
/// it, and events are timed by [`event_time`].
#[allow(clippy::disallowed_methods)] // This is the place.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// A point on a clock that never steps; for intervals.
#[allow(clippy::disallowed_methods)] // This is the place.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Since the box started, as all its processes see it. It stands still while the box is suspended.
fn uptime() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Processor time that the calling thread has used.
pub fn thread_cpu() -> Duration {
    cpu(rustix::time::ClockId::ThreadCPUTime)
}

/// Processor time that this process has used, with all its threads.
pub fn process_cpu() -> Duration {
    cpu(rustix::time::ClockId::ProcessCPUTime)
}

fn cpu(of: rustix::time::ClockId) -> Duration {
    let used = rustix::time::clock_gettime(of);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or_default())
}

/// The time of day as it was when event time began, carried on by the monotonic clock. It is never
/// set, and engine and worker have the same.
pub fn event_time() -> Timestamp {
    axis_zero().plus(uptime())
}

/// Event time when the monotonic clock was at zero. Event time begins now if it has not yet.
pub fn axis_zero() -> Timestamp {
    *AXIS_ZERO.get_or_init(axis_of_now)
}

/// The axis of an event time that begins now.
pub(crate) fn axis_of_now() -> Timestamp {
    Timestamp(now().0.saturating_sub(uptime().as_nanos() as u64))
}

/// Goes on with an event time that began elsewhere. The first one counts: it may have been used.
pub(crate) fn go_on_from(zero: Timestamp) {
    AXIS_ZERO.get_or_init(|| zero);
}
