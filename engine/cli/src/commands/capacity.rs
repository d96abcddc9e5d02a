//! `viahe capacity`: how many such cameras does this box bear?

mod simulated;
mod text;

use super::replay::given;
use super::run;
use crate::exit::Exit;
use crate::stop::Stop;
use crate::ui::{Progress, say};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use simulated::Simulated;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_core::plan::{Plan, Source, Transport};
use viahe_edge::capacity::{Report, Watcher};
use viahe_edge::clock;
use viahe_edge::fleet::tuned;
use viahe_edge::host::live::PlaneError;
use viahe_edge::station::{Station, StationError, StationOptions};
use viahe_edge::tune::shelf;

/// Models are loaded and cameras settle within this, or it is counted as it is.
const BEFORE_MAX: u64 = 60;

/// Says how many such cameras this box bears with these rules, and what would help most.
///
/// Watches the cameras of the pipeline for a minute as `viahe run` does, without telling anybody, and
/// measures what they take. Stop a `viahe run` of the same box first: both would share the processor.
/// Exit code 1 when it cannot tell, such as when no camera sends pictures.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// A recording instead of a camera, sent as that camera would send it.
    #[arg(long = "camera", value_name = "ID=FILE")]
    cameras: Vec<String>,
    /// For how long it counts.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// The figures as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = load(args)?;
    let simulated = Simulated::start(given(&args.cameras, &plan)?, args.seconds + 2 * BEFORE_MAX)?;
    let state = Scratch::make()?;
    let inference = tuned(&plan).told;
    // Models run here as they would there.
    shelf::carry(&plan.engine.state_dir, &state.0);
    let mut report = measured(with(plan, &simulated, &state.0), args.seconds)?;
    report.notes.extend(inference);
    drop((simulated, state));
    if args.json {
        say(&serde_json::to_string_pretty(&report).map_err(Exit::failed)?);
    } else {
        say(&text::of(&report));
    }
    match report.cannot_tell.as_str() {
        "" => Ok(()),
        why => {
            Err(Exit::Failed(format!("it cannot be told how many cameras this box bears: {why}")))
        }
    }
}

/// Secrets are for cameras: where a recording stands for each, none is needed.
fn load(args: &Args) -> Result<Plan, Exit> {
    let plan = run::load_without_secrets(&args.pipeline)?;
    let files = given(&args.cameras, &plan)?;
    let is_real = |source: &Source| matches!(source, Source::Rtsp { .. });
    if plan.cameras.iter().any(|c| is_real(&c.source) && !files.contains_key(&c.id)) {
        return run::load(&args.pipeline);
    }
    Ok(plan)
}

/// The plan with recordings in the place of their cameras, keeping what it keeps in a folder of its own.
fn with(mut plan: Plan, simulated: &Simulated, state_dir: &Path) -> Plan {
    for camera in &mut plan.cameras {
        if let Some(url) = simulated.url(&camera.id) {
            let transport = Transport::Tcp;
            camera.source = Source::Rtsp { url, login: None, transport, ca: None };
            // The recording is all there is of it.
            camera.substream = None;
        }
    }
    state_dir.clone_into(&mut plan.engine.state_dir);
    plan
}

fn measured(plan: Plan, seconds: u64) -> Result<Report, Exit> {
    let (enough, ended) = bounded(1);
    let watcher = Watcher::new(&plan, Duration::from_secs(seconds), enough.clone());
    if plan.cameras.is_empty() {
        return Ok(Report::of(&watcher.measured()));
    }
    let stop = Stop::new(None)?;
    let options = StationOptions {
        launch: run::process()?,
        record: None,
        tuner: None,
        shadow: None,
        reload: None,
        observer: Box::new(watcher.clone()),
    };
    let station = Station::open_alone(plan, options).map_err(|e| match e {
        StationError::Missing(_) => Exit::missing(e),
        other => Exit::failed(other),
    })?;
    let (signal, shown) = (stop.signal.clone(), watcher.clone());
    // It ends with the process at the latest.
    std::thread::Builder::new()
        .name("progress".into())
        .spawn(move || watch(&signal, &enough, &shown, seconds))
        .map_err(Exit::failed)?;
    station.plane.run(&ended, Duration::ZERO).map_err(|e| match e {
        PlaneError::PartMissing(_) => Exit::missing(e),
        PlaneError::Store(_) | PlaneError::Supervisor => Exit::failed(e),
    })?;
    stop.end(Report::of(&watcher.measured()))
}

/// Shows how far it is, and ends it when somebody wants that, or when no worker ever says anything.
fn watch(signal: &Receiver<()>, enough: &Sender<()>, watcher: &Watcher, seconds: u64) {
    let (bar, began) = (Progress::new(seconds, "s measured"), clock::monotonic());
    let most = Duration::from_secs(seconds + BEFORE_MAX);
    while clock::monotonic() - began < most {
        bar.set(watcher.progress().unwrap_or_default().min(seconds));
        match signal.recv_timeout(Duration::from_millis(500)) {
            Err(RecvTimeoutError::Timeout) if !watcher.has_enough() => {}
            _ => break,
        }
    }
    bar.finish();
    // It may have ended already.
    let _ = enough.try_send(());
}

/// A folder for what a run keeps, gone with this.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self, Exit> {
        let dir = std::env::temp_dir().join(format!("viahe-capacity-{}", std::process::id()));
        let made = DirBuilder::new().mode(0o700).create(&dir);
        made.map_err(|e| {
            Exit::Failed(format!("{}: {e}; name another folder in TMPDIR", dir.display()))
        })?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, dir = %self.0.display(), "not removed");
        }
    }
}
