//! Waits for a condition.

use std::time::{Duration, Instant};

/// Bound of a wait that has no bound of its own; reached only by a failure.
pub const LONG: Duration = Duration::from_mins(2);
/// How often a condition that cannot be waited for is looked at.
const LOOK: Duration = Duration::from_millis(5);

#[expect(clippy::disallowed_methods, reason = "bounds a wait and tells when a line came")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until `look` gives something, or fails.
pub fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < within, "not within {within:?}: {what}");
        std::thread::park_timeout(LOOK);
    }
}

/// Waits until it `holds`, or fails.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, LONG, || holds().then_some(()));
}
