//! Pictures of now, of cameras of which little is decoded: asked for, and taken when they come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_core::engine::Capture;
use viahe_core::id::Name;

/// So long the picture of now is waited for; then the newest that was decoded must do. The engine gives up after
/// five seconds.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Captures that wait for a frame, by camera.
#[derive(Debug, Default)]
pub(super) struct Peeks(BTreeMap<Name, Waiting>);

#[derive(Debug)]
struct Waiting {
    until: Instant,
    captures: Vec<Capture>,
}

impl Peeks {
    /// One more.
    pub(super) fn wait(&mut self, capture: Capture, now: Instant) {
        let new = || Waiting { until: now + WAIT_MAX, captures: Vec::new() };
        let waiting = self.0.entry(capture.camera.clone()).or_insert_with(new);
        waiting.captures.push(capture);
    }

    /// Those that waited for a camera.
    pub(super) fn came(&mut self, camera: &Name) -> Vec<Capture> {
        self.0.remove(camera).map(|waiting| waiting.captures).unwrap_or_default()
    }

    /// Those that have waited long enough.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Capture> {
        let overdue = self.0.extract_if(.., |_, waiting| waiting.until <= now);
        overdue.flat_map(|(_, waiting)| waiting.captures).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use viahe_contract::message::Moment;
    use viahe_core::id::CaptureId;

    #[test]
    fn all_who_wait_for_a_camera_get_its_picture_or_have_waited_enough() {
        let capture = |id, camera: &str| {
            let camera = Name::try_from(camera).unwrap();
            Capture { id: CaptureId(id), camera, seq: 0, moment: Moment::Commanded }
        };
        let (mut peeks, now) = (Peeks::default(), crate::clock::monotonic());
        peeks.wait(capture(1, "gate"), now);
        peeks.wait(capture(2, "gate"), now + WAIT_MAX / 2);
        peeks.wait(capture(3, "yard"), now + WAIT_MAX / 2);
        assert_eq!(peeks.overdue(now + WAIT_MAX), [capture(1, "gate"), capture(2, "gate")]);
        assert_eq!(peeks.came(&Name::try_from("gate").unwrap()), []);
        assert_eq!(peeks.came(&Name::try_from("yard").unwrap()), [capture(3, "yard")]);
        assert_eq!(peeks.overdue(now + WAIT_MAX * 9), []);
    }
}
