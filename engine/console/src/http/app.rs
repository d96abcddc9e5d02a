//! What handlers have.

use crate::people::Authority;
use crate::store::Store;
use crate::vitals::Vitals;
use std::sync::Arc;

/// What handlers have; clones are the same one.
#[derive(Clone)]
pub struct App {
    /// What is kept.
    pub store: Store,
    /// How the console is.
    pub vitals: Vitals,
    /// Who says who somebody is.
    pub authority: Arc<dyn Authority>,
}
