//! The quantiser: ONNX Runtime's own, in Python, as `make quantizer` brings it.

use crate::exit::Exit;
use std::path::{Path, PathBuf};
use std::process::Command;
use viahe_edge::models::Locations;

/// What it is told to do; part of the program, so that both are of one version.
const SCRIPT: &str = include_str!("../../../../../../scripts/quantize.py");
/// Its environment, in the folder of what the set-up brings.
const PYTHON: &str = "venv-quantize/bin/python";
/// Of what it said when it failed, so many lines are told.
const LINES_MAX: usize = 6;

pub(super) struct Tool {
    python: PathBuf,
}

impl Tool {
    pub(super) fn find(locations: &Locations) -> Result<Self, Exit> {
        let found = locations.deps.iter().map(|deps| deps.join(PYTHON)).find(|path| path.is_file());
        let python = found
            .ok_or_else(|| Exit::Missing("the quantiser is missing; run: make quantizer".into()))?;
        Ok(Self { python })
    }

    /// The nodes that can be quantised, the most sensitive first.
    pub(super) fn rank(
        &self,
        model: &Path,
        tensors: &Path,
        out: &Path,
    ) -> Result<Vec<String>, Exit> {
        self.run("rank", [model, tensors, out], &[])?;
        let read = std::fs::read_to_string(out).map_err(Exit::failed)?;
        serde_json::from_str(&read).map_err(Exit::failed)
    }

    /// Quantises all but these nodes.
    pub(super) fn make(
        &self,
        model: &Path,
        tensors: &Path,
        out: &Path,
        keep: &[String],
    ) -> Result<(), Exit> {
        let list = out.with_extension("keep.json");
        std::fs::write(&list, serde_json::json!(keep).to_string()).map_err(Exit::failed)?;
        self.run("make", [model, tensors, out], &[&list])
    }

    fn run(&self, what: &str, files: [&Path; 3], more: &[&Path]) -> Result<(), Exit> {
        let mut command = Command::new(&self.python);
        command.args(["-I", "-W", "ignore", "-c", SCRIPT, what]).args(files).args(more);
        let done = command
            .output()
            .map_err(|e| Exit::Failed(format!("{}: {e}", self.python.display())))?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let lines: Vec<&str> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(LINES_MAX)..].join("\n");
        Err(Exit::Failed(format!("the quantiser failed:\n{last}")))
    }
}
