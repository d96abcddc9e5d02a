//! Names that people write, and numbers that stand for them inside.

use serde::{Deserialize, Serialize};
pub use viahe_contract::id::*;

/// A class in the model's own numbering; [`crate::model::Model::labels`] gives its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassIx(pub u16);
