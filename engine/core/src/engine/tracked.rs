//! Something that counts how often it may have changed.

use std::ops::{Deref, DerefMut};

/// Whoever gets at the value to change it is counted: so what was not is as it was when the count was
/// taken, and need not be saved again.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracked<T> {
    value: T,
    birth: u64,
    changes: u64,
}

impl<T> Tracked<T> {
    /// `birth` tells it from others that stood in its place.
    pub(super) fn new(value: T, birth: u64) -> Self {
        Self { value, birth, changes: 0 }
    }

    /// Another one after each change.
    pub(super) fn edition(&self) -> (u64, u64) {
        (self.birth, self.changes)
    }

    pub(super) fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Tracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changes += 1;
        &mut self.value
    }
}
