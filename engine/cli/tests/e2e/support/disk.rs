//! A small disk of its own for an engine, that a test can fill.

use super::engine::{Engine, Pipeline};
use super::program::{ELSEWHERE, viahe};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An engine whose state folder is a file system in memory.
pub(crate) struct SmallDisk {
    pub(crate) engine: Engine,
    /// The state folder, seen from outside.
    pub(crate) dir: PathBuf,
}

impl SmallDisk {
    /// Mounts with `options` of tmpfs, runs `before` in the state folder, then the engine. None where
    /// this kernel lets nobody mount.
    pub(crate) fn start(pipeline: &Pipeline, options: &str, before: &str) -> Option<Self> {
        let mount = ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
        let may = Command::new("unshare").args(mount).output();
        let may = may.is_ok_and(|done| done.status.success());
        if !may {
            super::skipped("a small disk: this machine lets nobody mount a file system");
            return None;
        }
        let state = pipeline.state_dir();
        std::fs::create_dir_all(&state).unwrap();
        let script = format!(
            "mount -t tmpfs -o {options} tmpfs \"$1\" && (cd \"$1\" && {before}) && shift && exec \"$@\""
        );
        let plain = viahe(["run"]);
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script, "sh"]).arg(&state);
        command.arg(plain.get_program()).arg("run").arg(pipeline.write());
        command.current_dir(ELSEWHERE).env_remove("VIAHE_LOG").env_remove("RUST_LOG");
        let engine = Engine::spawn(command);
        let seen = Path::new("/proc").join(engine.process.pid().to_string()).join("root");
        let dir = seen.join(state.strip_prefix("/").unwrap());
        Some(Self { engine, dir })
    }

    fn filler(&self) -> PathBuf {
        self.dir.join("filler")
    }

    /// Takes all that is free.
    pub(crate) fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [64 << 10, 4 << 10, 512] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}
