//! `viahe camera-sim`: a clip as an RTSP camera.

use crate::exit::Exit;
use crate::stop::Stop;
use crate::ui::say;
use std::path::PathBuf;
use std::time::Duration;
use viahe_core::plan::Secret;
use viahe_edge::camera_sim::{CameraSim, SimError, SimOptions};
use viahe_edge::models::Locations;

/// Serves a clip as an RTSP camera on the loopback, over and over.
///
/// For trying pipelines and for tests. The first line on standard output says the port; each
/// mount is rtsp://127.0.0.1:PORT/MOUNT.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// MP4, Matroska or AVI with H.264 or H.265; it is not encoded anew. The street clip of the
    /// demo unless said.
    clip: Option<PathBuf>,
    /// Name of a camera; may be given more than once.
    #[arg(long = "mount", value_name = "NAME", default_value = "camera")]
    mounts: Vec<String>,
    /// The same clip with smaller pictures; each camera serves it as NAME/small, in step with the large one.
    #[arg(long, value_name = "CLIP")]
    small: Option<PathBuf>,
    /// Each camera begins elsewhere in the clip, in the middle of a group of pictures.
    #[arg(long)]
    apart: bool,
    /// TCP port; 0 takes a free one.
    #[arg(long, default_value_t = 8554)]
    port: u16,
    /// Login that clients must give, as NAME:PASSWORD.
    #[arg(long, value_name = "NAME:PASSWORD")]
    login: Option<String>,
    /// Ends after so many seconds.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let login = match args.login.as_deref().map(|l| l.split_once(':')) {
        None => None,
        Some(Some((name, password))) => Some((name.to_owned(), Secret::new(password))),
        Some(None) => return Err(Exit::Usage("--login wants NAME:PASSWORD".into())),
    };
    let clip = match &args.clip {
        Some(clip) => clip.clone(),
        None => Locations::discover(None).and_then(|l| l.clip()).map_err(Exit::missing)?,
    };
    let stop = Stop::new(args.seconds.map(Duration::from_secs))?;
    let sim = CameraSim::start(&SimOptions {
        clip,
        mounts: args.mounts.clone(),
        small: args.small.clone(),
        apart: args.apart,
        port: args.port,
        login,
        tls: None,
    })
    .map_err(|e| match e {
        SimError::Serve { .. } => Exit::failed(e),
        _ => Exit::Usage(e.to_string()),
    })?;
    say(&format!("{}", sim.port()));
    for mount in &args.mounts {
        tracing::info!(url = sim.url(mount), "serving");
    }
    // A closed channel means stop as well.
    let _ = stop.signal.recv();
    stop.end(())
}
