//! Whose turn it is to ask a camera for a picture.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;
use viahe_contract::id::Name;

/// A camera of a site.
pub(super) type Whose = (Name, Name);
type Turn = Arc<tokio::sync::Mutex<()>>;

/// Who asks which camera: one at a time; clones are the same.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<BTreeMap<Whose, Turn>>>);

impl Turns {
    /// Waits until nobody else asks this camera.
    pub(super) async fn take(&self, whose: &Whose) -> OwnedMutexGuard<()> {
        let own = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Only those in use: as many as there are requests.
            all.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(all.entry(whose.clone()).or_default())
        };
        own.lock_owned().await
    }
}
