//! The worker's half of the evidence folder: pictures that wait for the engine's decision.

use super::error::EvidenceError;
use super::files::{StoredFile, hash, make_dir, write_for_now};
use super::names::{PENDING, pending};
use std::path::{Path, PathBuf};
use viahe_contract::id::CaptureId;
use viahe_contract::message::Medium;

/// Writes pictures for [`EvidenceStore::adopt`](super::EvidenceStore::adopt), from the process
/// that holds the frames.
#[derive(Clone, Debug)]
pub struct PendingWriter {
    root: PathBuf,
}

impl PendingWriter {
    /// Writes under the evidence folder `root`, which an [`EvidenceStore`](super::EvidenceStore)
    /// has opened.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Writes the picture of a capture. The same capture again replaces it. It is not synced: most come to
    /// nothing, and [`EvidenceStore::promote`](super::EvidenceStore::promote) syncs what is wanted.
    ///
    /// # Errors
    /// [`EvidenceError`]; then nothing of it is visible.
    pub fn put(
        &self,
        capture: CaptureId,
        medium: Medium,
        bytes: &[u8],
    ) -> Result<StoredFile, EvidenceError> {
        // The disk may not have taken it when the store was opened.
        let folder = self.root.join(PENDING);
        if !folder.is_dir() {
            make_dir(&folder)?;
        }
        write_for_now(&pending(&self.root, capture, medium), bytes)?;
        Ok(StoredFile { sha256: hash(bytes), bytes: bytes.len() as u64, medium })
    }
}
