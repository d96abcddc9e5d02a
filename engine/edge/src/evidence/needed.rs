//! Which pictures are needed.

use std::fmt;
use std::sync::Arc;
use viahe_contract::sha256::Sha256;

/// Says of a picture, by its hash, whether it is needed.
#[derive(Clone)]
pub struct Needed(pub(super) Arc<dyn Fn(Sha256) -> bool + Send + Sync>);

impl Needed {
    /// As `says` says.
    pub fn new(says: impl Fn(Sha256) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(says))
    }
}

impl fmt::Debug for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Needed")
    }
}
