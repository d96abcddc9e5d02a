//! Clips and pictures made of the sample clip.

use super::program::Program;
use super::{LONG, clip};
use std::path::{Path, PathBuf};
use std::process::Command;

fn gst_launch(description: &str) {
    let mut command = Command::new("gst-launch-1.0");
    command.arg("-q").args(description.split_whitespace());
    let made = Program::start(command).end(LONG);
    assert_eq!(made.code, 0, "{description}\n{made:?}");
}

/// The first `frames` frames of the sample clip, not encoded anew.
pub(crate) fn short_clip(dir: &Path, frames: u32) -> PathBuf {
    let path = dir.join("short.mp4");
    gst_launch(&format!(
        "filesrc location={} ! qtdemux ! h264parse ! identity eos-after={} ! mp4mux ! filesink location={}",
        clip().display(),
        frames + 1,
        path.display()
    ));
    path
}

/// Frame `number` of the sample clip, from 0, as PNG.
pub(crate) fn frame_png(dir: &Path, number: u32) -> PathBuf {
    gst_launch(&format!(
        "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! identity eos-after={} ! videoconvert \
         ! pngenc ! multifilesink location={}/frame-%d.png",
        clip().display(),
        number + 2,
        dir.display()
    ));
    dir.join(format!("frame-{number}.png"))
}
