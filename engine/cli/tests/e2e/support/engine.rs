//! Simulated cameras, a pipeline over them, and the engine that runs it.

use super::program::{Program, children_of, run_viahe, viahe};
use super::{LONG, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The site of all pipelines.
pub(crate) const SITE: &str = "e2e-hue";
/// Looks at a camera after which every standing vehicle would have been reported once more: the
/// dwell, and as much again for luck.
pub(crate) const ENOUGH_LOOKS: u64 = 14;

/// `viahe camera-sim`.
pub(crate) struct CameraSim {
    process: Program,
    pub(crate) port: u16,
}

impl CameraSim {
    /// Serves `clip` on a free port.
    pub(crate) fn start(clip: &Path, mounts: &[&str]) -> Self {
        Self::start_with(clip, mounts, 0, None)
    }

    /// Serves `clip` on a port, 0 for a free one, to those who know `login`.
    pub(crate) fn start_with(clip: &Path, mounts: &[&str], port: u16, login: Option<&str>) -> Self {
        let mut command = viahe(["camera-sim", "--port", &port.to_string()]);
        command.arg(clip);
        for mount in mounts {
            command.args(["--mount", mount]);
        }
        if let Some(login) = login {
            command.args(["--login", login]);
        }
        let process = Program::start(command);
        let port = until("the port of camera-sim", LONG, || {
            let lines = process.lines();
            lines.iter().find(|l| l.to_stdout).map(|l| l.text.parse().unwrap())
        });
        Self { process, port }
    }

    /// Address of a mount.
    pub(crate) fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{mount}", self.port)
    }

    pub(crate) fn process(&self) -> &Program {
        &self.process
    }

    /// `kill -9`.
    pub(crate) fn kill(self) {
        self.process.kill();
    }
}

/// A pipeline file in a folder of its own.
pub(crate) struct Pipeline {
    pub(crate) dir: tempfile::TempDir,
    mqtt: String,
    cameras: Vec<(String, String)>,
    engine: String,
    more: String,
    dwell_secs: u32,
    evidence_wait_ms: u32,
}

impl Pipeline {
    /// Incidents go to the broker on `mqtt_port`.
    pub(crate) fn new(mqtt_port: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mqtt = format!("url = \"mqtt://127.0.0.1:{mqtt_port}\"\n");
        let (engine, more) = (String::new(), String::new());
        Self { dir, mqtt, cameras: Vec::new(), engine, more, dwell_secs: 6, evidence_wait_ms: 5000 }
    }

    /// More lines of `[mqtt]`.
    pub(crate) fn mqtt(mut self, lines: &str) -> Self {
        self.mqtt += lines;
        self.mqtt.push('\n');
        self
    }

    /// How long incidents wait for their pictures. As long as may be, unless a test says otherwise: on a
    /// machine that is busy the number of revisions would be a matter of luck.
    pub(crate) fn evidence_wait_ms(mut self, ms: u32) -> Self {
        self.evidence_wait_ms = ms;
        self
    }

    /// More lines of `[engine]`.
    pub(crate) fn engine(mut self, lines: &str) -> Self {
        self.engine += lines;
        self.engine.push('\n');
        self
    }

    /// A camera that watches the kerb with the two parked vehicles.
    pub(crate) fn camera(mut self, id: &str, url: &str) -> Self {
        self.cameras.push((id.to_owned(), url.to_owned()));
        self
    }

    /// The same, which is looked at by a small stream.
    pub(crate) fn camera_of_two(self, id: &str, url: &str, substream: &str) -> Self {
        self.camera(id, &format!("{url}\"\nsubstream = \"{substream}"))
    }

    /// More tables at the end of the file.
    pub(crate) fn more(mut self, tables: &str) -> Self {
        self.more += tables;
        self
    }

    /// All cameras of a simulator.
    pub(crate) fn cameras(self, sim: &CameraSim, ids: &[&str]) -> Self {
        ids.iter().fold(self, |pipeline, id| pipeline.camera(id, &sim.url(id)))
    }

    /// How long a vehicle must stand.
    pub(crate) fn dwell_secs(mut self, secs: u32) -> Self {
        self.dwell_secs = secs;
        self
    }

    /// Where the engine keeps outbox and evidence.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Where the file is written.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("pipeline.toml")
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> PathBuf {
        let mut text = format!(
            "[site]\nid = \"{SITE}\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n\n[mqtt]\n{}\n\
             [engine]\nstate_dir = \"state\"\nlisten = \"127.0.0.1:0\"\n\
             evidence_wait_ms = {}\n{}\n",
            self.mqtt, self.evidence_wait_ms, self.engine
        );
        if !self.cameras.is_empty() {
            text += "[model.street]\npackage = \"ssdlite-coco\"\n";
        }
        for (id, url) in &self.cameras {
            let dwell_secs = self.dwell_secs;
            write!(
                text,
                "\n[[camera]]\nid = \"{id}\"\nurl = \"{url}\"\nmodel = \"street\"\n\
                 position = {{ lat = 16.4637, lon = 107.5909 }}\n\n\
                 [camera.zone.kerb]\n\
                 polygon = [[0.80, 0.14], [1.00, 0.12], [1.00, 0.21], [0.80, 0.24]]\n\n\
                 [[camera.rule]]\nuse = \"illegal-parking\"\nzone = \"kerb\"\n\
                 dwell_secs = {dwell_secs}\nabsence_secs = 60\n"
            )
            .unwrap();
        }
        text += &self.more;
        let path = self.file();
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Pipeline {
    /// The incident messages of a recording of what was seen.
    pub(crate) fn replay(&self, recording: &Path) -> Vec<Value> {
        let out = self.dir.path().join("out.jsonl");
        let file = self.write();
        let [file, recording, out_path] = [&*file, recording, &*out].map(|p| p.to_str().unwrap());
        run_viahe(["replay", file, "--observations", recording, "--out", out_path]).says(0, &[]);
        let text = std::fs::read_to_string(&out).unwrap();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }
}

/// `viahe run`.
pub(crate) struct Engine {
    pub(crate) process: Program,
    metrics: SocketAddr,
}

impl Engine {
    /// Runs a pipeline and waits until `/metrics` answers.
    pub(crate) fn start(pipeline: &Pipeline) -> Self {
        Self::start_with(pipeline, |_| ())
    }

    /// As [`Engine::start`], with other arguments or environment.
    pub(crate) fn start_with(pipeline: &Pipeline, change: impl FnOnce(&mut Command)) -> Self {
        Self::start_file(&pipeline.write(), change)
    }

    /// As [`Engine::start_with`], of a file that is there.
    pub(crate) fn start_file(file: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = viahe(["run"]);
        command.arg(file);
        change(&mut command);
        Self::spawn(command)
    }

    /// `viahe record`.
    pub(crate) fn record(
        pipeline: &Pipeline,
        recording: &Path,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = viahe(["record"]);
        command.arg(pipeline.write()).arg("--out").arg(recording);
        change(&mut command);
        Self::spawn(command)
    }

    /// Any command that becomes an engine; waits until `/metrics` answers.
    pub(crate) fn spawn(command: Command) -> Self {
        let process = Program::start(command);
        // Plain or JSON.
        let line = process.line("http://").text;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let metrics = address.unwrap().parse().unwrap();
        Self { process, metrics }
    }

    /// Status and body of a page of the engine's own server.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.metrics).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: e2e\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// `/healthz`.
    pub(crate) fn health(&self) -> Value {
        serde_json::from_str(&self.page("/healthz").1).unwrap()
    }

    /// A number of `/metrics`, 0 when it is not there (yet); `series` with its labels.
    pub(crate) fn metric(&self, series: &str) -> u64 {
        let (_, page) = self.page("/metrics");
        let line = page.lines().find_map(|l| l.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
    }

    /// Waits until a number of `/metrics` is as wanted.
    pub(crate) fn until_metric(&self, series: &str, wanted: impl Fn(u64) -> bool) -> u64 {
        until(series, LONG, || Some(self.metric(series)).filter(|n| wanted(*n)))
    }

    /// Waits until each of these cameras was looked at `count` more times.
    pub(crate) fn until_looks(&self, cameras: &[&str], count: u64) {
        let series = |camera| format!("viahe_frames_inferred_total{{camera=\"{camera}\"}}");
        let now = cameras.iter().map(|c| (series(c), self.metric(&series(c))));
        for (series, looks) in now.collect::<Vec<_>>() {
            self.until_metric(&series, |n| n >= looks + count);
        }
    }

    /// Waits until what is said over MQTT is heard for the `times`-th time: each connection begins with nothing, so
    /// what was said before reaches nobody.
    pub(crate) fn until_heeds(&self, times: usize) {
        let heard =
            |line: &&super::program::Line| line.text.contains("commands and readings are heard");
        until("what is said to be heard", LONG, || {
            (self.process.lines().iter().filter(heard).count() >= times).then_some(())
        });
    }

    /// Process ids of the vision workers that run.
    pub(crate) fn workers(&self) -> Vec<u32> {
        children_of(self.process.pid())
    }

    /// Frames of a camera by what became of them: all, analysed, not due or not needed, and lost for any reason.
    pub(crate) fn frames(&self, camera: &str) -> [u64; 4] {
        let (_, page) = self.page("/metrics");
        let of = |series: &str| -> BTreeMap<String, u64> {
            let prefix = format!("{series}{{camera=\"{camera}\"");
            let lines =
                page.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once("} "));
            lines.map(|(more, n)| (more.to_owned(), n.parse::<f64>().unwrap() as u64)).collect()
        };
        let sum = |counts: BTreeMap<String, u64>| counts.into_values().sum();
        let mut dropped = of("viahe_frames_dropped_total");
        let mut take = |why: &str| dropped.remove(&format!(",reason=\"{why}\"")).unwrap_or(0);
        let not_due = take("not_due") + take("not_needed");
        [
            sum(of("viahe_frames_total")),
            sum(of("viahe_frames_inferred_total")),
            not_due,
            sum(dropped),
        ]
    }

    /// Process id of the vision worker, once it runs.
    pub(crate) fn worker(&self) -> u32 {
        until("a vision worker", LONG, || self.workers().first().copied())
    }
}
