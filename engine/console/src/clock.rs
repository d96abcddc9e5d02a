//! The only place of the console that reads clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use viahe_contract::time::Timestamp;

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// A point on a clock that never steps; for intervals.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn monotonic() -> Instant {
    Instant::now()
}
