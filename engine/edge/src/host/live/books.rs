//! Numbers: what is counted, and where it is shown.

use super::parts::Totals;
use crate::telemetry::{EngineStats, Metrics};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often gauges are read.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Counters, and the way to `/metrics`.
pub(super) struct Books {
    pub(super) metrics: Arc<Metrics>,
    pub(super) stats: EngineStats,
    pub(super) totals: Totals,
    measured_at: Instant,
}

impl Books {
    pub(super) fn new(metrics: Arc<Metrics>, now: Instant) -> Self {
        let (stats, totals) = (EngineStats::default(), Totals::default());
        Self { metrics, stats, totals, measured_at: now }
    }

    /// Is it time to read the gauges?
    pub(super) fn are_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.measured_at) >= MEASURE_EVERY;
        if due {
            self.measured_at = now;
        }
        due
    }
}
