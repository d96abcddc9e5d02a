//! `viahe console`: the centre's side.

use crate::exit::{Exit, OrUsage};
use crate::stop::Stop;
use std::path::{Path, PathBuf};
use viahe_console::config::{self, Config};
use viahe_console::station::Station;

/// Takes incidents and evidence from every box, and shows them to people.
///
/// Speaks with boxes over the broker of `[mqtt]`, keeps what they say under `data_dir` of `[console]`, and
/// serves people at `listen`. Stops on SIGTERM (exit code 0) and Ctrl-C (130).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The console's file.
    config: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let config = load(&args.config)?;
    let stop = Stop::new(None)?;
    let station = Station::start(&config).map_err(Exit::failed)?;
    let url = format!("http://{}/", station.address);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), url, "the console is open");
    // Closed means the same.
    let _ = stop.signal.recv();
    drop(station);
    tracing::info!("stopped");
    stop.end(())
}

/// Reads a console's file, or says all that is wrong with it.
fn load(path: &Path) -> Result<Config, Exit> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}")).or_usage()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    config::parse(&text, &name, folder).or_usage()
}
