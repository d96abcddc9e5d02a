//! One look at a source of pictures: is it there, and what does it show?

use crate::clock;
use crate::ingest::{CameraOptions, FeedState, FileReader, FrameSink, IngestError, LiveCamera};
use crate::ledger::Ledger;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::plan::Source;

/// After a fault a camera may still come by another way, of which it tries several: at least so
/// long, and twice what the first took, since a slow one needs more of it.
const SECOND_CHANCE: Duration = Duration::from_secs(3);
/// Events of the camera that may wait; the first ones tell.
const TOLD_MAX: usize = 64;

enum Told {
    Picture(Arc<dyn Frame>),
    Fault(String),
}

struct Ear(Sender<Told>);

impl FrameSink for Ear {
    fn frame(&self, frame: Arc<dyn Frame>) {
        // Later ones tell nothing new.
        let _ = self.0.try_send(Told::Picture(frame));
    }

    fn state(&self, state: FeedState) {
        let reason = match state {
            FeedState::Connecting | FeedState::Online { .. } => return,
            FeedState::Stalled { reason, .. } | FeedState::Offline { reason, .. } => reason,
        };
        let _ = self.0.try_send(Told::Fault(reason));
    }
}

/// The first picture of a source.
///
/// # Errors
/// Why there is none within that time, in words and without secrets.
pub fn first_picture(
    name: &Name,
    source: &Source,
    within: Duration,
) -> Result<Arc<dyn Frame>, String> {
    if let Source::File { path } = source {
        return picture_of(path, Duration::ZERO).map_err(|e| e.to_string());
    }
    let (to, told) = bounded(TOLD_MAX);
    let options = CameraOptions::new(name.clone(), source.clone(), 1);
    let ledger = Arc::new(Ledger::default());
    let _camera =
        LiveCamera::start(options, Arc::new(Ear(to)), ledger).map_err(|e| e.to_string())?;
    let began = clock::monotonic();
    let mut end = began + within;
    let mut reason = None;
    loop {
        let left = end.saturating_duration_since(clock::monotonic());
        match told.recv_timeout(left) {
            Ok(Told::Picture(frame)) => return Ok(frame),
            Ok(Told::Fault(fault)) if reason.is_none() => {
                reason = Some(fault);
                let now = clock::monotonic();
                end = end.min(now + SECOND_CHANCE.max((now - began) * 2));
            }
            Ok(Told::Fault(_)) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let silent = || format!("no picture within {} s", within.as_secs());
                return Err(reason.unwrap_or_else(silent));
            }
        }
    }
}

/// The first picture of a recording that stands `at` its beginning or later.
///
/// # Errors
/// [`IngestError`] when the file cannot be read, holds no picture, or ends before.
pub fn picture_of(path: &Path, at: Duration) -> Result<Arc<dyn Frame>, IngestError> {
    let start = clock::now();
    let path = path.to_owned();
    let reader = FileReader::open(&path, start, Arc::new(Ledger::default()))?;
    let mut last = None;
    for frame in reader {
        let frame = frame?;
        let stands = frame.stamp().captured.since(start);
        if stands >= at {
            return Ok(Arc::new(frame));
        }
        last = Some(stands);
    }
    Err(match last {
        Some(last) => IngestError::Beyond { path, at, last },
        None => IngestError::Decode { path, frames: 0, reason: "it holds no picture".into() },
    })
}
