//! `viahe record`: watch the cameras of a pipeline, and write down what the engine sees.

use super::run;
use crate::demo_mark::no_demo;
use crate::exit::Exit;
use crate::stop::Stop;
use std::path::PathBuf;
use std::time::Duration;
use viahe_edge::host::live::Unobserved;
use viahe_edge::record::RecordOptions;
use viahe_edge::station::StationOptions;

/// Watches the cameras of a pipeline as `viahe run` does, and records what the engine sees.
///
/// A recording holds observations, readings, views and commands, no picture. It is for `viahe
/// replay --observations`, `viahe test` and `viahe explain`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// The recording; replaced when there.
    #[arg(long, value_name = "FILE.jsonl")]
    out: PathBuf,
    /// Ends after so many seconds.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// The recording ends at so many megabytes (10⁶ bytes); the engine goes on.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_mb: u64,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = run::load(&args.pipeline)?;
    no_demo(&plan.engine.state_dir)?;
    let stop = Stop::new(args.seconds.map(Duration::from_secs))?;
    let record = RecordOptions { path: args.out.clone(), bytes_max: args.max_mb * 1_000_000 };
    let options = StationOptions {
        launch: run::process()?,
        record: Some(record),
        tuner: None,
        shadow: None,
        reload: Some(run::reload(&args.pipeline, &plan)?),
        observer: Box::new(Unobserved),
    };
    run::watch(plan, options, &stop)?;
    stop.end(())
}
