//! What the engine wants done, done on a box.

use super::host::Live;
use std::convert::Infallible;
use viahe_core::driver::{Host, Upshot};
use viahe_core::engine::{Capture, Effect};

impl Host for Live {
    /// What cannot be done is told, and waits or is given up: no fault of disk or network ends the box.
    type Error = Infallible;

    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, Infallible> {
        match effect {
            Effect::Capture(capture) => return Ok(self.capture(&capture)),
            Effect::Discard(id) => self.pictures.discard(id),
            Effect::Publish(revision) => self.prepare(*revision),
            Effect::View { camera, trouble, since } => self.view_changed(&camera, trouble, since),
            Effect::Sensor { sensor, state, at, ever } => {
                self.tell_sensor(&sensor, state, at, ever);
            }
            Effect::TooLate(told) => self.inbox.readings.too_late(&told, self.time.monotonic()),
            Effect::Window(told) => self.tell_window(&told),
            Effect::Answer(answer) => return Ok(self.answer(answer)),
            Effect::Attend { camera, attention } => self.attend(camera, attention),
        }
        Ok(Upshot::Nothing)
    }
}

impl Live {
    fn capture(&mut self, capture: &Capture) -> Upshot {
        let asked = self.fleet.capture(capture);
        let wait = self.plan.engine.evidence_wait;
        self.pictures.ask(capture, asked.ok(), wait, self.time.monotonic());
        // Nobody waits for what nobody was asked for.
        asked
            .err()
            .map_or(Upshot::Nothing, |why| Upshot::Event(self.pictures.give_up(capture.id, why)))
    }
}
