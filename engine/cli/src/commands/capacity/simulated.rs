//! Recordings sent as cameras would send them, by processes of their own: what that costs is not the
//! box's.

use crate::exit::Exit;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use viahe_core::id::Name;

/// Simulated cameras; they end with this.
pub(super) struct Simulated {
    processes: Vec<Child>,
    urls: BTreeMap<Name, String>,
}

impl Simulated {
    /// One for each recording. Should this process be killed, they end after `seconds_max`.
    pub(super) fn start(files: BTreeMap<Name, PathBuf>, seconds_max: u64) -> Result<Self, Exit> {
        let mut by_clip: BTreeMap<PathBuf, Vec<Name>> = BTreeMap::new();
        for (camera, clip) in files {
            by_clip.entry(clip).or_default().push(camera);
        }
        let mut all = Self { processes: Vec::new(), urls: BTreeMap::new() };
        for (clip, cameras) in by_clip {
            all.serve(&clip, cameras, seconds_max)?;
        }
        Ok(all)
    }

    pub(super) fn url(&self, camera: &Name) -> Option<String> {
        self.urls.get(camera).cloned()
    }

    fn serve(&mut self, clip: &Path, cameras: Vec<Name>, seconds_max: u64) -> Result<(), Exit> {
        let mut command = Command::new(std::env::current_exe().map_err(Exit::failed)?);
        command.args(["camera-sim", "--port", "0", "--seconds", &seconds_max.to_string()]);
        for camera in &cameras {
            command.args(["--mount", camera.as_str()]);
        }
        command.arg("--").arg(clip).env("VIAHE_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(Exit::failed)?;
        let said = process.stdout.take();
        self.processes.push(process);
        let mut line = String::new();
        // It says its port, or ends with words on standard error.
        let read = said.map(|said| BufReader::new(said).read_line(&mut line));
        let port: u16 = match read {
            Some(Ok(1..)) => line.trim().parse().map_err(Exit::failed)?,
            _ => {
                return Err(Exit::Usage(format!("{} cannot be sent as a camera", clip.display())));
            }
        };
        let url = |camera: Name| (camera.clone(), format!("rtsp://127.0.0.1:{port}/{camera}"));
        self.urls.extend(cameras.into_iter().map(url));
        Ok(())
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // One that has ended is as well.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
