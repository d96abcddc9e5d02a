//! The worker's half of the evidence folder: pictures that wait for the engine's decision.

use super::files::{hash, make_dir, write_whole};
use super::store::{EvidenceError, PENDING, StoredFile};
use std::path::{Path, PathBuf};
use viahe_contract::id::CaptureId;

/// Writes pictures for [`EvidenceStore::adopt`](super::EvidenceStore::adopt), from the process
/// that holds the frames.
#[derive(Clone, Debug)]
pub struct PendingWriter {
    folder: PathBuf,
}

impl PendingWriter {
    /// Writes under the evidence folder `root`, which an [`EvidenceStore`](super::EvidenceStore)
    /// has opened.
    pub fn new(root: &Path) -> Self {
        Self { folder: root.join(PENDING) }
    }

    /// Writes the picture of a capture; on disk when this returns. The same capture again
    /// replaces it.
    ///
    /// # Errors
    /// [`EvidenceError`]; then nothing of it is visible.
    pub fn put(&self, capture_id: CaptureId, jpeg: &[u8]) -> Result<StoredFile, EvidenceError> {
        // The disk may not have taken it when the store was opened.
        if !self.folder.is_dir() {
            make_dir(&self.folder)?;
        }
        write_whole(&self.folder.join(pending_name(capture_id)), jpeg)?;
        Ok(StoredFile { sha256: hash(jpeg), bytes: jpeg.len() as u64 })
    }
}

/// File name of a capture's picture.
pub(super) fn pending_name(capture_id: CaptureId) -> String {
    format!("{capture_id}.jpg")
}

/// The capture whose picture has this file name; none when it is no such name.
pub(super) fn capture_of(name: &str) -> Option<CaptureId> {
    name.strip_suffix(".jpg")?.parse().ok().map(CaptureId)
}
