//! What of a camera's picture its rules are about, as it is known now.

use std::sync::{Mutex, MutexGuard, PoisonError};
use viahe_core::geometry::UnitBox;

/// Set where orders come in, read by the thread that looks; none is the whole picture.
#[derive(Debug, Default)]
pub(super) struct Areas(Mutex<Vec<UnitBox>>);

impl Areas {
    pub(super) fn new(areas: Vec<UnitBox>) -> Self {
        Self(Mutex::new(areas))
    }

    pub(super) fn set(&self, areas: &[UnitBox]) {
        *self.now() = areas.to_vec();
    }

    pub(super) fn now(&self) -> MutexGuard<'_, Vec<UnitBox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
