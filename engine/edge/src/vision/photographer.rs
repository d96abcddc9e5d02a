//! A thread that takes pictures, apart from inference: a JPEG takes longer than a frame.

use super::slots::SharedFrame;
use crate::evidence::{self, PendingWriter, encode_jpeg};
use crate::ledger::Ledger;
use crossbeam_channel::Receiver;
use std::path::Path;
use std::sync::Arc;
use viahe_core::engine::Capture;
use viahe_core::seam::Picture;

/// Starts one, which ends with `wanted`; it writes to `folder` and tells each result to `answer`.
pub(super) fn start(
    name: &str,
    folder: &Path,
    ledger: &Arc<Ledger>,
    wanted: Receiver<(Capture, SharedFrame)>,
    answer: impl Fn(&Capture, Result<Picture, String>) + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, std::io::Error> {
    let writer = PendingWriter::new(folder);
    let ledger = Arc::clone(ledger);
    std::thread::Builder::new().name(name.into()).spawn(move || {
        for (capture, frame) in wanted {
            answer(&capture, take(&frame, &capture, &writer, &ledger));
        }
    })
}

fn take(
    frame: &SharedFrame,
    capture: &Capture,
    writer: &PendingWriter,
    ledger: &Ledger,
) -> Result<Picture, String> {
    let jpeg = encode_jpeg(&frame.view(), evidence::QUALITY, ledger).map_err(|e| e.to_string())?;
    let stored = writer.put(capture.id, &jpeg).map_err(|e| e.to_string())?;
    let view = frame.view();
    Ok(Picture {
        sha256: stored.sha256,
        bytes: stored.bytes,
        captured: frame.stamp().captured,
        seq: frame.stamp().seq,
        size_px: [view.width() as u32, view.height() as u32],
    })
}
