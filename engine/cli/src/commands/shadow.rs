//! `viahe shadow`: the process of a candidate model that the engine starts. Not for people.

use super::run::load_without_secrets;
use crate::exit::Exit;
use std::path::PathBuf;
use std::sync::Arc;
use viahe_edge::shadow::{ServeError, serve};

/// The process that `viahe run` starts for the candidate of `[shadow]`; tells how it goes on standard output.
#[derive(clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    // A thread that panicked would leave a trial that goes nowhere: better no process.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        std::process::abort();
    }));
    let plan = Arc::new(load_without_secrets(&args.pipeline)?);
    serve(&args.pipeline, &plan).map_err(|error| match error {
        ServeError::NoShadow => Exit::Usage(error.to_string()),
        // The last line has told why, and so does the engine that hears it.
        ServeError::Candidate(_) => Exit::Told(3),
        ServeError::State(_) => Exit::Told(1),
    })
}
