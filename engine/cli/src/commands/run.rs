//! `viahe run`: watch the cameras of a pipeline until stopped.

use crate::demo_mark::no_demo;
use crate::exit::Exit;
use crate::stop::{Stop, hangups};
use rustix::process::Signal;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use viahe_core::plan::Plan;
use viahe_edge::clerk::Clerk;
use viahe_edge::host::live::{PlaneError, Reload, Totals, Unobserved};
use viahe_edge::project::{self, ProjectError};
use viahe_edge::shadow::ShadowLaunch;
use viahe_edge::station::{Station, StationError, StationOptions};
use viahe_edge::telemetry::{LogFormat, log_format};
use viahe_edge::tune::TunerLaunch;
use viahe_edge::vision::supervise::Launch;
use viahe_edge::vision::worker;

/// How long a stop waits for the broker to take what is in the outbox.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);

/// Watches the cameras of a pipeline until stopped.
///
/// Incidents go to the broker of `[mqtt]`; what it does not take waits in the outbox under
/// `state_dir` of `[engine]`, together with evidence pictures. Stops on SIGTERM (exit code 0) and
/// Ctrl-C (130); SIGHUP reads the pipeline again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Runs the vision worker inside this process, where a bad stream can end everything; for
    /// debugging.
    #[arg(long)]
    in_process: bool,
    /// Ends after so many seconds.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = load(&args.pipeline)?;
    no_demo(&plan.engine.state_dir)?;
    let stop = Stop::new(args.seconds.map(Duration::from_secs))?;
    let launch = if args.in_process { Launch::InProcess(worker::serve) } else { process()? };
    let options = StationOptions {
        launch,
        record: None,
        tuner: Some(tuner(&args.pipeline)?),
        shadow: Some(shadow(&args.pipeline)?),
        reload: Some(reload(&args.pipeline, &plan)?),
        observer: Box::new(Unobserved),
    };
    watch(plan, options, &stop)?;
    stop.end(())
}

/// Reads the pipeline again when somebody asks, and changes its file when the centre does.
pub(crate) fn reload(pipeline: &Path, plan: &Plan) -> Result<Reload, Exit> {
    Ok(Reload::of(Clerk::new(pipeline, &plan.engine.state_dir), hangups()?))
}

/// Reads a pipeline, or says all that is wrong with it.
pub(crate) fn load(pipeline: &Path) -> Result<Plan, Exit> {
    project::load(pipeline).map_err(bad)
}

/// As [`load`], without the secrets that only a live camera needs.
pub(crate) fn load_without_secrets(pipeline: &Path) -> Result<Plan, Exit> {
    project::load_without_secrets(pipeline).map_err(bad)
}

fn bad(error: ProjectError) -> Exit {
    match error {
        ProjectError::Location(_) => Exit::missing(error),
        ProjectError::Read { .. } | ProjectError::Config(_) => Exit::Usage(error.to_string()),
    }
}

/// The vision worker as a process of this program.
pub(crate) fn process() -> Result<Launch, Exit> {
    let program = std::env::current_exe().map_err(Exit::failed)?;
    Ok(Launch::Process { program, args: vec![log_argument().into(), "worker".into()] })
}

/// As the process that this is logs.
fn log_argument() -> &'static str {
    match log_format() {
        LogFormat::Plain => "--log=plain",
        LogFormat::Json => "--log=json",
    }
}

/// Measures models as a process of this program.
fn tuner(pipeline: &Path) -> Result<TunerLaunch, Exit> {
    let program = std::env::current_exe().map_err(Exit::failed)?;
    let args = [log_argument(), "tune", "--idle", "--"].map(OsString::from);
    let args = args.into_iter().chain([pipeline.into()]).collect();
    Ok(TunerLaunch { program, args })
}

/// Tries a candidate as a process of this program, which changes the pipeline file when the candidate takes over.
fn shadow(pipeline: &Path) -> Result<ShadowLaunch, Exit> {
    let program = std::env::current_exe().map_err(Exit::failed)?;
    let args = [log_argument(), "shadow", "--"].map(OsString::from);
    let args = args.into_iter().chain([pipeline.into()]).collect();
    let reload = Box::new(|| {
        // As anybody asks for it who changes the file.
        if let Err(error) = rustix::process::kill_process(rustix::process::getpid(), Signal::HUP) {
            tracing::error!(%error, "the pipeline was changed and is not read again");
        }
    });
    Ok(ShadowLaunch { program, args, reload })
}

/// Runs a box until it is stopped.
pub(crate) fn watch(plan: Plan, options: StationOptions, stop: &Stop) -> Result<Totals, Exit> {
    let state_dir = plan.engine.state_dir.display();
    let (site, cameras, version) = (&plan.site.id, plan.cameras.len(), env!("CARGO_PKG_VERSION"));
    tracing::info!(version, %site, cameras, %state_dir, "viahe starts");
    let station = Station::open(Arc::new(plan), options).map_err(|e| match e {
        StationError::NoMqtt => Exit::Usage(e.to_string()),
        StationError::Missing(_) => Exit::missing(e),
        other => Exit::failed(other),
    })?;
    if let Some(addr) = station.metrics_addr {
        tracing::info!(url = format!("http://{addr}/metrics"), "metrics");
    }
    let totals = station.plane.run(&stop.signal, DRAIN).map_err(|e| match e {
        PlaneError::PartMissing(_) => Exit::missing(e),
        PlaneError::Store(_) | PlaneError::Supervisor => Exit::failed(e),
    })?;
    tracing::info!("stopped");
    match totals.lost {
        0 => Ok(totals),
        lost => Err(Exit::Failed(format!(
            "lost: {lost} incident revisions that neither the disk nor the broker took; the log names them"
        ))),
    }
}
