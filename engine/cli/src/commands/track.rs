//! `viahe track`: MOTChallenge detections in, tracks out.

use crate::exit::{Exit, OrUsage};
use crate::files::not_over;
use std::path::PathBuf;
use viahe_core::track::mot::{MotOptions, track_file};

/// Tracks the detections of a MOTChallenge file.
///
/// Reads lines `frame,-1,left,top,width,height,confidence,…` of any confidence scale and writes
/// lines `frame,id,left,top,width,height,confidence,-1,-1,-1`, with the tracker that the engine
/// uses on cameras.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Detections (det.txt).
    #[arg(long, value_name = "DET.txt")]
    input: PathBuf,
    /// Tracks; replaced when there.
    #[arg(long, value_name = "TRACKS.txt")]
    output: PathBuf,
    /// Frames per second of the sequence.
    #[arg(long, default_value_t = 25.0, value_name = "N")]
    fps: f64,
    /// Tell what a camera's rules would have been told, frame by frame: no track before it is
    /// believed, no gap filled.
    #[arg(long)]
    live: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    not_over(&args.output, [args.input.as_path()])?;
    let input = std::fs::read_to_string(&args.input)
        .map_err(|e| Exit::Usage(format!("{}: {e}", args.input.display())))?;
    let options = if args.live {
        MotOptions::online(args.fps)
    } else {
        MotOptions { fps: args.fps, ..MotOptions::default() }
    };
    let tracks = track_file(&input, &options)
        .map_err(|e| format!("{}: {e}", args.input.display()))
        .or_usage()?;
    if tracks.is_empty() && !input.trim().is_empty() {
        eprintln!(
            "viahe: {}: no detection was strong and lasting enough for a track",
            args.input.display()
        );
    }
    std::fs::write(&args.output, tracks)
        .map_err(|e| Exit::Failed(format!("{}: {e}", args.output.display())))
}
