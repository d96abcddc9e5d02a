//! `viahe replay`: recordings through the same engine, in event time.

use super::run::load_without_secrets;
use crate::exit::Exit;
use crate::files::not_over;
use crate::stop::Stop;
use crate::ui::Progress;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use viahe_core::id::Name;
use viahe_core::plan::{Plan, Source};
use viahe_core::time::Timestamp;
use viahe_edge::host::replay::{self, Material, Replayed, Results, RunError};
use viahe_edge::vision::replay::ReplayError;

/// Runs recordings through the same engine as live cameras, as fast as the machine can.
///
/// Writes every incident message, as it would go over MQTT, as a line of JSON. Time is that of
/// the recording: two runs give the same bytes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Which recording stands for which camera; cameras without one are left out, unless their
    /// url is a file.
    #[arg(long = "camera", value_name = "ID=FILE")]
    cameras: Vec<String>,
    /// A recording of observations (`viahe record`), instead of pictures.
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "cameras")]
    observations: Option<PathBuf>,
    /// Incident messages; replaced when there.
    #[arg(long, value_name = "FILE.jsonl")]
    out: PathBuf,
    /// Keeps evidence pictures in this folder.
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Time of the first frame, RFC 3339; a Monday, 8 o'clock at the site, unless said.
    #[arg(long, value_name = "TIME")]
    start: Option<Timestamp>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = Arc::new(load_without_secrets(&args.pipeline)?);
    let files = given(&args.cameras, &plan)?;
    let observations = args.observations.as_deref();
    let read = files.values().map(PathBuf::as_path).chain(observations);
    not_over(&args.out, read.chain([args.pipeline.as_path()]))?;
    let material = match observations {
        Some(file) => Material::Observations(file.to_owned()),
        None => Material::Recordings { files: some(files, &plan)?, start: args.start },
    };
    let results = Results { lines: args.out.clone(), evidence: args.evidence.clone() };
    let stop = Stop::new(None)?;
    let done = watched(&stop, |watch| replay::run(&plan, &material, &results, watch));
    if matches!(done, Err(RunError::Stopped)) {
        // What was written is not the whole; it is left as OUT.part.
        stop.end(())?;
    }
    let Replayed { frames, messages } = done.map_err(exit_of)?;
    eprintln!("{frames} frames, {messages} messages in {}", args.out.display());
    Ok(())
}

/// Goes through recordings with a bar, until it is stopped.
pub(crate) fn watched<T>(
    stop: &Stop,
    go: impl FnOnce(&mut replay::Watch<'_>) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let mut bar: Option<Progress> = None;
    let mut watch = |now: replay::Progress| {
        if let Some(of) = now.of {
            let bar = bar.get_or_insert_with(|| Progress::new(of, "s of recordings"));
            bar.total(of);
            bar.set(now.secs);
        }
        if stop.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let done = go(&mut watch);
    if let Some(bar) = bar {
        bar.finish();
    }
    done
}

pub(crate) fn exit_of(error: RunError) -> Exit {
    match error {
        RunError::Models(_) | RunError::Seen(ReplayError::Model(_) | ReplayError::Infer(_)) => {
            Exit::missing(error)
        }
        RunError::Seen(ReplayError::Ingest(_))
        | RunError::Results(_)
        | RunError::Recording(_)
        | RunError::State(_) => Exit::Usage(error.to_string()),
        RunError::Seen(ReplayError::Thread(_) | ReplayError::NoThread(..))
        | RunError::Picture(_)
        | RunError::Evidence(_)
        | RunError::Write { .. }
        | RunError::Stopped => Exit::failed(error),
    }
}

/// Which recording stands for which camera: each has one.
pub(crate) fn given(cameras: &[String], plan: &Plan) -> Result<BTreeMap<Name, PathBuf>, Exit> {
    let mut files = BTreeMap::new();
    for text in cameras {
        let (id, file) = assignment(text, plan)?;
        if let Some(other) = files.insert(id.clone(), file) {
            return Err(Exit::Usage(format!(
                "--camera {text}: {} stands for {id} already; give each camera one recording",
                other.display()
            )));
        }
    }
    for camera in &plan.cameras {
        if let Source::File { path } = &camera.source {
            files.entry(camera.id.clone()).or_insert_with(|| path.clone());
        }
    }
    Ok(files)
}

/// There is at least one.
fn some(files: BTreeMap<Name, PathBuf>, plan: &Plan) -> Result<BTreeMap<Name, PathBuf>, Exit> {
    if files.is_empty() {
        return Err(Exit::Usage(format!(
            "which recording stands for which camera? Add --camera {}=FILE",
            plan.cameras.first().map_or("ID", |c| c.id.as_str())
        )));
    }
    Ok(files)
}

fn assignment(text: &str, plan: &Plan) -> Result<(Name, PathBuf), Exit> {
    let (id, file) = text
        .split_once('=')
        .ok_or_else(|| Exit::Usage(format!("--camera {text}: wants ID=FILE")))?;
    let known = plan.cameras.iter().find(|c| c.id.as_str() == id).ok_or_else(|| {
        let ids: Vec<&str> = plan.cameras.iter().map(|c| c.id.as_str()).collect();
        Exit::Usage(format!("--camera {text}: no camera {id:?}; there are {}", ids.join(", ")))
    })?;
    Ok((known.id.clone(), file.into()))
}
