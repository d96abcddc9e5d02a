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

/// The sample clip with smaller pictures.
pub(crate) fn small_clip(dir: &Path, [width, height]: [u32; 2]) -> PathBuf {
    let path = dir.join("small.mp4");
    gst_launch(&format!(
        "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! videoscale \
         ! video/x-raw,width={width},height={height} ! x264enc speed-preset=veryfast key-int-max=10 bframes=0 \
         ! h264parse ! mp4mux ! filesink location={}",
        clip().display(),
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

/// The sample clip as a camera sees it that is turned after `frames` frames, and films as many
/// again and half as many more.
pub(crate) fn turned_clip(dir: &Path, frames: u32) -> PathBuf {
    let path = dir.join("turned.mp4");
    let stills = dir.join("%d.jpg");
    let part = |frames: u32, change: &str, index: u32| {
        gst_launch(&format!(
            "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! identity eos-after={} {change} \
             ! videoconvert ! jpegenc ! multifilesink index={index} location={}",
            clip().display(),
            frames + 1,
            stills.display()
        ));
    };
    part(frames, "", 0);
    let turned = "! videocrop left=240 top=60 ! videoscale ! video/x-raw,width=768,height=576";
    part(frames * 3 / 2, turned, frames);
    gst_launch(&format!(
        "multifilesrc location={} caps=image/jpeg,framerate=10/1 ! jpegdec ! videoconvert \
         ! x264enc speed-preset=veryfast ! h264parse ! mp4mux ! filesink location={}",
        stills.display(),
        path.display()
    ));
    path
}
