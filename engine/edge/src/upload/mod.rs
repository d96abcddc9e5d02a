//! Evidence pictures → the centre's console, over HTTP.
//!
//! One thread with its own connection to the store. It takes the gravest newest picture that the console may lack
//! ([`crate::store::Unsent`]), asks whether the console has it, sends what is missing of it, part by part, and forgets it
//! once the console has it. Nobody waits for this thread. Incidents come first: pictures are paced, and get a quarter
//! of their pace while revisions wait for their acknowledgement. Why so: `docs/adr/0037-pictures-to-the-console.md`.
//!
//! `answer` → `flow` (what is tried when; pure) · `link` (HTTP) → `shared` → `worker`.

mod answer;
mod flow;
mod link;
mod shared;
mod worker;

pub use link::UploadError;
pub use shared::{UploadOptions, Uploads};

use crate::evidence::EvidenceStore;
use crate::store::Unsent;
use shared::Shared;
use std::sync::Arc;
use std::time::Duration;

/// A stop waits so long for a request that is on its way; it is asked again after the next start.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A running uploader. Dropping it stops the thread.
#[derive(Debug)]
pub struct Uploader {
    shared: Arc<Shared>,
}

impl Uploader {
    /// Starts the thread. The console may be away.
    ///
    /// # Errors
    /// [`UploadError`] when a file of certificates cannot be read, or no thread can be made.
    pub fn start(
        options: UploadOptions,
        unsent: Unsent,
        evidence: Arc<EvidenceStore>,
    ) -> Result<Self, UploadError> {
        let link = link::Link::new(&options.console)?;
        let shared = Arc::new(Shared::default());
        let worker = worker::Worker::new(options, link, unsent, evidence, Arc::clone(&shared));
        std::thread::Builder::new().name("upload".into()).spawn(move || worker.run())?;
        Ok(Self { shared })
    }

    /// How it is doing.
    pub fn counters(&self) -> Uploads {
        self.shared.counters()
    }
}

impl Drop for Uploader {
    fn drop(&mut self) {
        self.shared.stop(STOP_WITHIN);
    }
}
