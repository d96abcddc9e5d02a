//! Pieces of the history, from a time on.

use super::budget::Budget;
use super::error::RetraceError;
use crate::history::{history_dir, segments};
use crate::record::{RecordError, Recording};
use std::path::{Path, PathBuf};
use viahe_core::engine::Event;
use viahe_core::id::Name;
use viahe_core::time::Timestamp;

/// Events of a piece among which one has a time; those that have none come with a start.
const TIMELESS_MAX: usize = 256;
/// Time is looked at after so many events.
const EVENTS_AT_ONCE: usize = 256;

/// Pieces that follow each other, the oldest first.
#[derive(Debug)]
pub(super) struct Pieces {
    /// When the first event of the first one was.
    pub(super) begins: Timestamp,
    paths: Vec<PathBuf>,
}

impl Pieces {
    /// From the newest piece that begins at `from` or before; from the oldest one, when none does. None at all
    /// where there is no history.
    ///
    /// # Errors
    /// [`RetraceError`].
    pub(super) fn since(
        state_dir: &Path,
        from: Timestamp,
        budget: &Budget,
    ) -> Result<Option<Self>, RetraceError> {
        let mut found: Option<Self> = None;
        for path in segments(&history_dir(state_dir))?.into_iter().rev() {
            budget.check()?;
            // What is just being begun or removed has none, nor has what cannot be read.
            let Some(begins) = begin(&path) else { continue };
            let pieces = found.get_or_insert(Self { begins, paths: Vec::new() });
            pieces.begins = begins;
            pieces.paths.push(path);
            if begins <= from {
                break;
            }
        }
        if let Some(pieces) = &mut found {
            pieces.paths.reverse();
        }
        Ok(found)
    }

    /// Hands out what they have up to a time: of each piece what the engine remembered when it began, then its
    /// events, but for what cameras other than this one saw.
    ///
    /// # Errors
    /// [`RetraceError`], and what `take` says.
    pub(super) fn read(
        &self,
        camera: Option<&Name>,
        until: Timestamp,
        budget: &Budget,
        mut take: impl FnMut(Piece) -> Result<(), RetraceError>,
    ) -> Result<(), RetraceError> {
        for path in &self.paths {
            let recording = match Recording::open(path) {
                Ok(recording) => recording,
                Err(RecordError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    // The ring has gone on meanwhile.
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(state) = recording.state() {
                take(Piece::Begins(state.to_owned()))?;
            }
            for (n, event) in recording.only(camera).enumerate() {
                if n % EVENTS_AT_ONCE == 0 {
                    budget.check()?;
                }
                let event = event?;
                if event.at().is_some_and(|at| at > until) {
                    return Ok(());
                }
                take(Piece::Event(event))?;
            }
        }
        Ok(())
    }
}

/// A part of a piece.
pub(super) enum Piece {
    /// One begins, and this is what the engine remembered.
    Begins(String),
    /// Something happened.
    Event(Event),
}

fn begin(path: &Path) -> Option<Timestamp> {
    let recording = Recording::open(path).ok()?;
    recording.take(TIMELESS_MAX).find_map(|event| event.ok()?.at())
}
