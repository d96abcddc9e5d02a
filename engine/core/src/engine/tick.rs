//! The box's clock has gone on: what nothing else would bring about comes about.

use super::event::Effect;
use super::machine::Engine;
use crate::time::Timestamp;

impl Engine {
    pub(super) fn tick(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        self.listen_anew(at);
        self.memory.site.ticked = self.memory.site.ticked.max(at);
        for c in 0..self.memory.cameras.len() {
            self.watch_camera(c, at, effects);
            self.judge_ends(c, at, effects);
        }
        self.tick_readings(at, effects);
        self.tick_values(at, effects);
    }
}
