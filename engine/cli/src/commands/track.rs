//! `viahe track`: MOTChallenge detections in, tracks out; and how good tracks are.

mod eval;

use crate::exit::{Exit, OrUsage};
use crate::files::not_over;
use std::path::{Path, PathBuf};
use viahe_core::track::mot::{MotOptions, track_file};

/// Tracks the detections of a MOTChallenge file.
///
/// Reads lines `frame,-1,left,top,width,height,confidence,…` of any confidence scale and writes
/// lines `frame,id,left,top,width,height,confidence,-1,-1,-1`, with the tracker that the engine
/// uses on cameras.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Detections (det.txt).
    #[arg(long, value_name = "DET.txt", required = true)]
    input: Option<PathBuf>,
    /// Tracks; replaced when there.
    #[arg(long, value_name = "TRACKS.txt", required = true)]
    output: Option<PathBuf>,
    /// Frames per second of the sequence.
    #[arg(long, default_value_t = 25.0, value_name = "N")]
    fps: f64,
    /// Tell what a camera's rules would have been told, frame by frame: no track before it is
    /// believed, no gap filled.
    #[arg(long)]
    live: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    Eval(eval::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match (&args.command, &args.input, &args.output) {
        (Some(Command::Eval(args)), ..) => eval::run(args),
        (None, Some(input), Some(output)) => track(input, output, args.fps, args.live),
        // Both are required where no other command is given.
        (None, ..) => Err(Exit::Usage("name --input and --output".into())),
    }
}

fn track(input: &Path, output: &Path, fps: f64, live: bool) -> Result<(), Exit> {
    not_over(output, [input])?;
    let text = std::fs::read_to_string(input)
        .map_err(|e| Exit::Usage(format!("{}: {e}", input.display())))?;
    let options =
        if live { MotOptions::online(fps) } else { MotOptions { fps, ..MotOptions::default() } };
    let tracks =
        track_file(&text, &options).map_err(|e| format!("{}: {e}", input.display())).or_usage()?;
    if tracks.is_empty() && !text.trim().is_empty() {
        eprintln!(
            "viahe: {}: no detection was strong and lasting enough for a track",
            input.display()
        );
    }
    std::fs::write(output, tracks).map_err(|e| Exit::Failed(format!("{}: {e}", output.display())))
}
