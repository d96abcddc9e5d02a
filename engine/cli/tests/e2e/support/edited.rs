//! A box whose pipeline changes while it runs, and cameras that must not notice.

use super::engine::{Engine, Pipeline};
use rustix::process::Signal;
use std::path::PathBuf;
use std::time::Instant;
use viahe_edge::clock;

/// Frames a second of each camera.
pub(crate) const FPS: u64 = 10;

/// An engine whose pipeline is edited while it runs.
pub(crate) struct Edited {
    pub(crate) engine: Engine,
    pub(crate) file: PathBuf,
    pub(crate) text: String,
    reloads: u64,
}

impl Edited {
    pub(crate) fn start(pipeline: &Pipeline) -> Self {
        Self::start_file(pipeline.write())
    }

    pub(crate) fn start_file(file: PathBuf) -> Self {
        let text = std::fs::read_to_string(&file).unwrap();
        Self { engine: Engine::start_file(&file, |_| ()), file, text, reloads: 0 }
    }

    /// Reads the pipeline again, as it is now; when that was.
    pub(crate) fn reload(&mut self) -> Instant {
        self.reloads += 1;
        let (asked, count) = (clock::monotonic(), self.reloads);
        self.engine.process.signal(Signal::HUP);
        self.engine.until_metric("viahe_reloads_total", |n| n == count);
        asked
    }

    pub(crate) fn with(&mut self, text: &str) -> Instant {
        std::fs::write(&self.file, text).unwrap();
        self.reload()
    }

    pub(crate) fn restarts(&self, worker: u64) -> u64 {
        self.engine.metric(&format!("viahe_worker_restarts_total{{worker=\"{worker}\"}}"))
    }
}

/// Looks at a camera until now, of which no frame may be lost.
pub(crate) struct Unharmed<'a> {
    camera: &'a str,
    since: Instant,
    before: [u64; 4],
}

impl<'a> Unharmed<'a> {
    pub(crate) fn since_now(engine: &Engine, camera: &'a str) -> Self {
        Self { camera, since: clock::monotonic(), before: engine.frames(camera) }
    }

    pub(crate) fn check(&self, engine: &Engine) {
        let (elapsed, now) = (self.since.elapsed().as_secs(), engine.frames(self.camera));
        let [frames, inferred, not_due, lost] = std::array::from_fn(|i| now[i] - self.before[i]);
        let camera = self.camera;
        println!(
            "{camera}: {frames} frames in {elapsed} s, {inferred} inferred, {not_due} not due, {lost} lost"
        );
        // Counters are told once a second.
        assert!(frames >= elapsed.saturating_sub(2) * FPS, "{camera}: {frames} in {elapsed} s");
        assert_eq!(lost, 0, "{camera}");
        assert!(frames.abs_diff(inferred + not_due) <= 2, "{camera}: some may be on their way");
        let lines = engine.process.lines();
        let refused = lines.iter().find(|line| line.text.contains("refused: the vision worker"));
        let refused = refused.map(|line| &line.text);
        assert_eq!(refused, None, "an honest worker");
    }
}
