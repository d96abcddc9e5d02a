//! What the way into the engine costs beyond decoding: CPU time of reading a recording with
//! `FileReader`, against the same decoder into a `fakesink`, run by turns. Prints the ratio.
//!
//! `cargo bench --bench ingest -- [clip]`; without a clip it makes one of 1080p.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use viahe_core::frame::Frame;
use viahe_core::time::Timestamp;
use viahe_edge::ingest::FileReader;
use viahe_edge::ledger::{Ledger, Stage};

/// By turns, so that a noisy neighbour hits both; the smallest of each counts.
const TURNS: usize = 7;
/// The bar of the design.
const RATIO_MAX: f64 = 1.05;

fn main() {
    let given = std::env::args().nth(1).filter(|a| !a.starts_with("--"));
    if std::env::args().any(|a| a == "--read") {
        return read(Path::new(&std::env::args().nth(2).unwrap_or_default()));
    }
    let made = std::env::temp_dir().join(format!("viahe-bench-{}.mp4", std::process::id()));
    let clip = given.map_or_else(|| make(&made), PathBuf::from);
    let (mut engine, mut fakesink) = (f64::MAX, f64::MAX);
    for turn in 0..TURNS {
        let ours = cpu_secs(&mut engine_command(&clip));
        let theirs = cpu_secs(&mut fakesink_command(&clip));
        println!("turn {turn}: engine {ours:.3} s, fakesink {theirs:.3} s of CPU");
        engine = engine.min(ours);
        fakesink = fakesink.min(theirs);
    }
    let _ = std::fs::remove_file(&made);
    let ratio = engine / fakesink;
    println!("engine {engine:.3} s / fakesink {fakesink:.3} s = {ratio:.3} (bar {RATIO_MAX})");
}

fn engine_command(clip: &Path) -> Command {
    let this = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(this);
    command.arg("--read").arg(clip);
    command
}

fn fakesink_command(clip: &Path) -> Command {
    let mut command = Command::new("gst-launch-1.0");
    let location = format!("location={}", clip.display());
    command.args(["-q", "filesrc", &location, "!", "qtdemux", "!", "h264parse", "!"]);
    command.args(["avdec_h264", "max-threads=1", "!", "fakesink", "sync=false"]);
    command
}

/// The child: reads the clip and looks at one byte of each frame.
fn read(clip: &Path) {
    let ledger = Arc::new(Ledger::default());
    let reader = FileReader::open(clip, Timestamp::default(), Arc::clone(&ledger));
    let Ok(reader) = reader else { std::process::exit(1) };
    let bytes: usize =
        reader.flatten().map(|f| usize::from(!f.view().plane(0).data.is_empty())).sum();
    assert!(bytes > 0 && ledger.bytes(Stage::Ingest) == 0, "{bytes} frames, or a copy");
}

fn make(path: &Path) -> PathBuf {
    let location = format!("location={}", path.display());
    let caps = "video/x-raw,format=I420,width=1920,height=1080,framerate=25/1";
    let made = Command::new("gst-launch-1.0")
        .args(["-q", "videotestsrc", "num-buffers=500", "pattern=smpte", "horizontal-speed=4"])
        .args(["!", caps, "!", "x264enc", "speed-preset=veryfast", "bitrate=4000"])
        .args(["!", "h264parse", "!", "mp4mux", "!", "filesink", &location])
        .status();
    assert!(made.is_ok_and(|s| s.success()), "gst-launch-1.0 does not make a clip");
    path.to_owned()
}

/// CPU time of a child, user and system, from the time that this process's children have used.
fn cpu_secs(command: &mut Command) -> f64 {
    let before = children_secs();
    assert!(command.status().is_ok_and(|s| s.success()), "{command:?} fails");
    children_secs() - before
}

/// Fields 16 and 17 of `/proc/self/stat` (proc(5)), in ticks of 10 ms.
fn children_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(13).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}
