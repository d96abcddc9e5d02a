//! A recording played as if it were a live camera: at its own speed, once.

use crate::clock;
use crate::ingest::{CameraCounters, FeedState, FileReader, FrameSink, IngestError};
use crate::ledger::Ledger;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use viahe_contract::message::CameraFault;
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::time::{ClockSource, Timestamp};

/// After its end nothing comes any more; said as a time that never passes.
const NEVER: Duration = Duration::MAX;

/// A recording that plays until this is dropped.
pub(super) struct Playback {
    counters: Arc<Mutex<CameraCounters>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Playback {
    /// Opens the recording and begins; its first frame is of now.
    pub(super) fn start(
        name: &Name,
        path: &Path,
        sink: Arc<dyn FrameSink>,
        ledger: Arc<Ledger>,
    ) -> Result<Self, IngestError> {
        let start = clock::event_time();
        let reader = FileReader::open(path, start, ledger)?;
        let counters = Arc::new(Mutex::new(CameraCounters::default()));
        let (stop, stopped) = bounded(1);
        let player =
            Player { start, began: clock::monotonic(), counters: Arc::clone(&counters), sink };
        let thread = std::thread::Builder::new()
            .name(format!("cam-{name}").chars().take(15).collect())
            .spawn(move || player.play(reader, &stopped))
            .map_err(|source| IngestError::Thread { camera: name.clone(), source })?;
        Ok(Self { counters, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn counters(&self) -> CameraCounters {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Playback {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Player {
    start: Timestamp,
    began: Instant,
    counters: Arc<Mutex<CameraCounters>>,
    sink: Arc<dyn FrameSink>,
}

impl Player {
    fn play(self, mut reader: FileReader, stopped: &Receiver<()>) {
        let mut reason = "the recording has ended".to_owned();
        let mut code = CameraFault::RecordingEnded;
        while let Some(frame) = reader.next() {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    (reason, code) = (error.to_string(), error.code());
                    break;
                }
            };
            let due = frame.stamp().captured.since(self.start);
            let wait = due.saturating_sub(clock::monotonic().duration_since(self.began));
            if !matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
                return;
            }
            self.show(Arc::new(frame), due, &reader);
        }
        self.sink.state(FeedState::Offline { reason, code, retry_in: NEVER });
    }

    fn show(&self, frame: Arc<dyn Frame>, due: Duration, reader: &FileReader) {
        let size_px = {
            let view = frame.view();
            [view.width() as u32, view.height() as u32]
        };
        let codec = reader.codec();
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let first = counters.frames_in == 0;
        counters.frames_in += 1;
        // Of the intervals: the first picture is due at 0, and has no rate.
        let intervals = (counters.frames_in - 1) as f32;
        counters.fps = if intervals > 0.0 { intervals / due.as_secs_f32().max(0.001) } else { 0.0 };
        counters.size_px = Some(size_px);
        counters.clock = ClockSource::Recording;
        counters.last_frame_age = Some(Duration::ZERO);
        counters.dropped.corrupt = reader.dropped_corrupt();
        counters.cpu = reader.cpu();
        drop(counters);
        if first {
            let (codec, decoder) = (codec.map(|c| c.0), codec.map(|c| c.1));
            self.sink.state(FeedState::Online { size_px, codec, decoder });
        }
        self.sink.frame(frame);
    }
}
