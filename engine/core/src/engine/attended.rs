//! What the vision plane was told of how cameras need to be looked at.

use crate::attention::Attention;

/// What the vision plane was told.
#[derive(Debug, Default)]
pub(super) struct Attended {
    /// By camera; none when it was told nothing of it, or is to be told again.
    pub(super) told: Vec<Option<Attention>>,
    /// All there is to see is wanted.
    pub(super) fully: bool,
}

impl Attended {
    /// Everything is to be told again.
    pub(super) fn forget(&mut self) {
        self.told.clear();
    }
}
