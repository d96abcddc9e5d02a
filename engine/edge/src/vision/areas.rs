//! What of a camera's picture its rules are about and how sure of it they ask to be, as it is known now.

use super::lens::Lens;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use viahe_core::geometry::UnitBox;

/// Set where orders come in, read by the thread that looks.
#[derive(Debug, Default)]
pub(super) struct Areas(Mutex<About>);

/// What rules ask of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct About {
    /// None is the whole picture.
    pub(super) areas: Vec<UnitBox>,
    /// They are shown to the model closely.
    pub(super) closely: bool,
    /// The least confidence that rules ask of a thing; none when no rule looks.
    pub(super) confidence_min: Option<f32>,
    /// What is seen is shown to these too.
    pub(super) lenses: Vec<Arc<Lens>>,
}

impl About {
    /// What is shown to the model besides the whole picture.
    pub(super) fn close(&self) -> &[UnitBox] {
        if self.closely { &self.areas } else { &[] }
    }
}

impl Areas {
    pub(super) fn new(about: About) -> Self {
        Self(Mutex::new(about))
    }

    pub(super) fn set(&self, about: About) {
        *self.now() = about;
    }

    pub(super) fn now(&self) -> MutexGuard<'_, About> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
