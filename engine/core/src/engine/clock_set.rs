//! The box's clock was set. Only what goes by the clock on the wall is touched.

use super::event::Effect;
use super::machine::Engine;

impl Engine {
    pub(super) fn clock_set(&mut self, by_ms: i64, effects: &mut Vec<Effect>) {
        // What waits for older readings is in order as far as anybody can tell.
        for s in 0..self.memory.site.sensors.len() {
            self.take_readings(s, self.memory.site.ticked, effects);
        }
        let site = &mut *self.memory.site;
        site.clock.was_set(by_ms);
        let now = site.clock.event_now();
        site.sensors.iter_mut().for_each(|sensor| sensor.clock_set(now));
        if by_ms < 0 {
            self.restart_windows();
        }
    }
}
