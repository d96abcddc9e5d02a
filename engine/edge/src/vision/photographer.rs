//! Threads that take pictures, apart from inference: a JPEG takes longer than a frame.
//!
//! Evidence and what operators ask for have a thread and a queue each, so that no number of
//! snapshots delays or displaces the picture of an incident.

use super::slots::SharedFrame;
use crate::evidence::{Darkroom, PendingWriter};
use crate::ledger::Ledger;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use viahe_contract::message::{Medium, Moment};
use viahe_core::engine::Capture;
use viahe_core::frame::Frame;
use viahe_core::seam::Picture;

/// Pictures that may wait for the encoder.
const EVIDENCE_MAX: usize = 64;
/// Pictures for operators that may wait: each holds a frame.
const SNAPSHOTS_MAX: usize = 8;

/// After so long without a picture the darkroom's memory is given back: 4 MB at 1080p, and incidents are rare.
const RESTS_AFTER: Duration = Duration::from_secs(10);

/// Both of them; they end when this does.
pub(super) struct Photographers {
    evidence: Photographer,
    snapshots: Photographer,
}

/// What a picture is taken of.
pub(super) enum Shot {
    /// This frame.
    Frame(SharedFrame),
    /// What this gives, on the thread that takes the picture.
    Later(Box<dyn FnOnce() -> SharedFrame + Send>),
}

struct Photographer {
    queue: Sender<(Capture, Shot)>,
    thread: JoinHandle<()>,
}

impl Photographers {
    /// They write to `folder` and tell each result to `answer`.
    pub(super) fn start(
        folder: &Path,
        ledger: &Arc<Ledger>,
        answer: impl Fn(&Capture, Result<Picture, String>) + Clone + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let start = |name: &str, room| {
            let (queue, wanted) = bounded(room);
            let (writer, ledger) = (PendingWriter::new(folder), Arc::clone(ledger));
            let answer = answer.clone();
            let thread = std::thread::Builder::new().name(name.into());
            let thread = thread.spawn(move || work(&wanted, &writer, &ledger, &answer))?;
            Ok::<_, std::io::Error>(Photographer { queue, thread })
        };
        Ok(Self {
            evidence: start("evidence", EVIDENCE_MAX)?,
            snapshots: start("snapshots", SNAPSHOTS_MAX)?,
        })
    }

    /// Its frame is held from now on, however long the pictures before it take.
    ///
    /// # Errors
    /// The capture, and why it will not be: too many wait already.
    pub(super) fn take(&self, capture: Capture, shot: Shot) -> Result<(), (Capture, String)> {
        let queue = match capture.moment {
            Moment::Commanded => &self.snapshots.queue,
            Moment::FirstSeen | Moment::Opened | Moment::Closed => &self.evidence.queue,
        };
        queue.try_send((capture, shot)).map_err(|refused| {
            let (capture, _) = refused.into_inner();
            (capture, format!("{} pictures wait already", queue.len()))
        })
    }

    /// Takes what waits, and ends.
    pub(super) fn finish(self) {
        for Photographer { queue, thread } in [self.evidence, self.snapshots] {
            drop(queue);
            let _ = thread.join();
        }
    }
}

fn work(
    wanted: &Receiver<(Capture, Shot)>,
    writer: &PendingWriter,
    ledger: &Ledger,
    answer: &impl Fn(&Capture, Result<Picture, String>),
) {
    let mut darkroom = Darkroom::default();
    while let Some((capture, shot)) = next(wanted, &mut darkroom) {
        let frame = match shot {
            Shot::Frame(frame) => frame,
            Shot::Later(of) => of(),
        };
        answer(&capture, take(&mut darkroom, &*frame, &capture, writer, ledger));
    }
}

/// What is wanted next, however late.
fn next(wanted: &Receiver<(Capture, Shot)>, darkroom: &mut Darkroom) -> Option<(Capture, Shot)> {
    match wanted.recv_timeout(RESTS_AFTER) {
        Err(RecvTimeoutError::Timeout) => {
            *darkroom = Darkroom::default();
            wanted.recv().ok()
        }
        soon => soon.ok(),
    }
}

fn take(
    darkroom: &mut Darkroom,
    frame: &dyn Frame,
    capture: &Capture,
    writer: &PendingWriter,
    ledger: &Ledger,
) -> Result<Picture, String> {
    let view = frame.view();
    let jpeg = darkroom.develop(&capture.camera, frame, ledger).map_err(|e| e.to_string())?;
    let stored = writer.put(capture.id, Medium::Jpeg, jpeg).map_err(|e| e.to_string())?;
    Ok(Picture {
        sha256: stored.sha256,
        bytes: stored.bytes,
        medium: stored.medium,
        captured: frame.stamp().captured,
        seq: frame.stamp().seq,
        size_px: [view.width() as u32, view.height() as u32],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_contract::id::CaptureId;
    use viahe_core::frame::{ColorMatrix, ColorRange, FrameStamp, FrameView, PixelFormat, Plane};
    use viahe_core::id::Name;
    use viahe_core::time::{ClockSource, Timestamp};

    /// A frame whose planes are there once `ready` is closed.
    struct Held {
        ready: Option<Receiver<()>>,
    }

    impl Frame for Held {
        fn stamp(&self) -> FrameStamp {
            let at = Timestamp(7);
            let clock = ClockSource::Arrival;
            FrameStamp { seq: 1, captured: at, arrived: at, offset_ms: 0, clock }
        }

        fn view(&self) -> FrameView<'_> {
            if let Some(ready) = &self.ready {
                let _ = ready.recv();
            }
            let plane = Plane { data: &[128; 4], stride: 2 };
            let (matrix, range) = (ColorMatrix::Bt601, ColorRange::Limited);
            FrameView::new(2, 2, PixelFormat::I420, matrix, range, &[plane; 3]).unwrap()
        }
    }

    /// Long for a machine that is busy; nothing waits for it when all is well.
    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn evidence_passes_snapshots_that_fill_their_queue() {
        let folder = tempfile::tempdir().unwrap();
        let (to, answers) = bounded(EVIDENCE_MAX);
        let photographers =
            Photographers::start(folder.path(), &Arc::default(), move |capture, picture| {
                to.send((capture.id, picture.is_ok())).unwrap();
            })
            .unwrap();
        let (release, ready) = bounded::<()>(0);
        let want = |id: u64, moment, ready: Option<&Receiver<()>>| {
            let camera = Name::try_from("gate").unwrap();
            let frame = Arc::new(Held { ready: ready.cloned() });
            let capture = Capture { id: CaptureId(id), camera, seq: 1, moment };
            photographers.take(capture, Shot::Frame(frame))
        };
        let mut snapshots = 0;
        while want(snapshots, Moment::Commanded, Some(&ready)).is_ok() {
            snapshots += 1;
            assert!(snapshots <= SNAPSHOTS_MAX as u64 + 1, "they are bounded");
        }
        let moments = [Moment::FirstSeen, Moment::Opened, Moment::Closed];
        for (id, moment) in (100..).zip(moments) {
            want(id, moment, None).unwrap();
            assert_eq!(answers.recv_timeout(LONG), Ok((CaptureId(id), true)), "{moment:?}");
        }
        // Not one snapshot was taken meanwhile; each is once it can be.
        assert!(answers.is_empty());
        drop(release);
        for id in 0..snapshots {
            assert_eq!(answers.recv_timeout(LONG), Ok((CaptureId(id), true)));
        }
        photographers.finish();
    }
}
