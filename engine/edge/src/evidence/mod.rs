//! Evidence pictures: made from a frame, kept on disk, shown with what was seen.
//!
//! - [`JpegEncoder`]: planes → JPEG, without a detour over RGB.
//! - [`Darkroom`]: frames → JPEG, each encoded once.
//! - [`EvidenceStore`]: files named by their hash, whole or not there at all, within a budget.
//! - [`overlay_svg`]: zone and boxes as a drawing over the untouched picture.
//! - [`Finisher`]: what is done to a picture apart from the thread that decides.

mod budget;
mod darkroom;
mod drawings;
mod error;
mod files;
mod finish;
mod jpeg;
mod names;
mod needed;
mod overlay;
mod pending;
mod store;
mod turbo;

pub use darkroom::{Darkroom, QUALITY};
pub use drawings::{Drawings, Sketch};
pub use error::EvidenceError;
pub use files::StoredFile;
pub use finish::{Finished, Finisher, Step};
pub use jpeg::{JpegEncoder, JpegError};
pub(crate) use names::PENDING;
pub use names::path_of;
pub use needed::Needed;
pub use overlay::{Mark, OverlayOptions, overlay_svg};
pub use pending::PendingWriter;
pub use store::{EvidenceCounters, EvidenceStore};

use std::path::{Path, PathBuf};

/// Where evidence is kept under a state folder.
pub fn evidence_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("evidence")
}
