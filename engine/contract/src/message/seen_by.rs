//! Which other models see what a camera's own does not.

use crate::class::Class;
use crate::id::Name;
use serde::{Deserialize, Serialize};

/// An installed model that sees what the camera's own does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenBy {
    /// Which.
    pub model: Name,
    /// What of it.
    pub classes: Vec<Class>,
}
