//! Clocks that were set, or are wrong.

use super::day::OFF_MIN_MS;
use super::host::Live;
use viahe_core::engine::Event;
use viahe_core::seam::WorkerStats;

impl Live {
    /// The box's clock was set. Durations go on; what people read is by the clock as it is now.
    pub(super) fn clock_was_set(&mut self, by_ms: i64) -> Event {
        let by_secs = by_ms as f64 / 1000.0;
        tracing::warn!(
            by_secs,
            "the box's clock was set; how long things last is not touched by it, windows of \
             sensors begin anew if it went back"
        );
        self.books.stats.clock_steps += 1;
        self.time.box_was_set(by_ms);
        self.tell_cameras();
        Event::ClockSet { by_ms }
    }

    /// Says which cameras' clocks were set or are wrong.
    pub(super) fn tell_clocks(&mut self, before: &WorkerStats) {
        let mut news = Vec::new();
        for (camera, now) in &self.books.totals.worker.cameras {
            let known = before.cameras.get(camera).map_or(0, |c| c.clock_steps);
            let step = now.clock_step.filter(|_| now.clock_steps > known);
            let offset_ms = now.clock_offset_ms.unwrap_or_default();
            let is_off = self.time.is_news(camera, offset_ms);
            if let Some(step) = step {
                let by_secs = step.by_ms as f64 / 1000.0;
                tracing::warn!(%camera, by_secs, "its clock was set; event times go by the box's");
            }
            if is_off {
                let behind_secs = offset_ms as f64 / 1000.0;
                if offset_ms.unsigned_abs() >= OFF_MIN_MS {
                    tracing::warn!(
                        %camera,
                        behind_secs,
                        "its clock is not the box's; event times go by the box's: set its time server"
                    );
                } else {
                    tracing::info!(%camera, behind_secs, "its clock is the box's again");
                }
            }
            if step.is_some() || is_off {
                news.extend(self.told.reports.get(camera).cloned());
            }
        }
        for report in news {
            self.tell_camera(&report);
        }
    }
}
