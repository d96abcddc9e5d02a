//! Recordings through the same engine as live cameras, in event time: incident messages come out as
//! lines of JSON, pictures go into a folder.
//!
//! Two runs over the same recordings write the same bytes.

use crate::evidence::{Darkroom, Drawings, EvidenceError, EvidenceStore, JpegError};
use crate::ledger::Ledger;
use crate::models::{Locations, ModelError};
use crate::record::{RecordError, Recording};
use crate::vision::replay::{Replay, ReplayCamera, ReplayError, Seen};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{Medium, ModelRef};
use viahe_core::artefact::{Artefact, Span};
use viahe_core::driver::{Driver, Host, Upshot};
use viahe_core::engine::{Capture, Effect, Engine, Event, RestoreError, Saved};
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::region::areas;
use viahe_core::time::Timestamp;

/// First frame's time unless said: a weekday morning in the site's time zone.
const START: &str = "2026-01-05T08:00:00";

/// What is replayed.
#[derive(Clone, Debug)]
pub enum Material {
    /// Pictures: which recording stands for which camera. Cameras without one are left out.
    Recordings {
        /// By camera.
        files: BTreeMap<Name, PathBuf>,
        /// Time of the first frames; a Monday, 8 o'clock at the site, unless said.
        start: Option<Timestamp>,
    },
    /// What was seen: a recording of observations.
    Observations(PathBuf),
}

/// Where the results go.
#[derive(Clone, Debug)]
pub struct Results {
    /// Incident messages, a line each; the file is replaced once it is whole.
    pub lines: PathBuf,
    /// Folder of pictures; none takes none.
    pub evidence: Option<PathBuf>,
}

/// How far it is, in seconds of all recordings together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Seen so far.
    pub secs: u64,
    /// In all, when that is known.
    pub of: Option<u64>,
}

/// Is told how far it is, and says whether to go on.
pub type Watch<'w> = dyn FnMut(Progress) -> ControlFlow<()> + 'w;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Frames that were looked at.
    pub frames: u64,
    /// Lines that were written.
    pub messages: usize,
}

/// What was seen and told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Frames that were looked at.
    pub frames: u64,
    /// When the first of them was, or whatever came before it.
    pub first: Option<Timestamp>,
    /// Of each camera that showed something, its first and last frame.
    pub cameras: BTreeMap<Name, [Timestamp; 2]>,
    /// The models that looked, as far as the recording says.
    pub models: Vec<ModelRef>,
    /// All that was told, in the order in which it was.
    pub said: Vec<Revision>,
}

impl Heard {
    /// Takes note of an event before it is applied. Returns how long after the first one it is.
    fn note(&mut self, event: &Event) -> Option<Duration> {
        match event {
            Event::WorkerStarted { models } => {
                for model in models.values() {
                    if !self.models.contains(model) {
                        self.models.push(model.clone());
                    }
                }
            }
            Event::Observed(seen) => {
                self.frames += 1;
                let at = seen.frame.captured;
                self.cameras.entry(seen.camera.clone()).or_insert([at; 2])[1] = at;
            }
            _ => {}
        }
        let at = event.at()?;
        Some(at.since(*self.first.get_or_insert(at)))
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file of results or the folder of pictures cannot be made.
    #[error("{0}")]
    Results(String),
    /// The recording of observations cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordError),
    /// The recording begins with a state that cannot be read.
    #[error(transparent)]
    State(#[from] RestoreError),
    /// Models are nowhere.
    #[error(transparent)]
    Models(#[from] ModelError),
    /// A recording cannot be seen to its end.
    #[error(transparent)]
    Seen(#[from] ReplayError),
    /// A picture cannot be made.
    #[error(transparent)]
    Picture(#[from] JpegError),
    /// A picture cannot be kept.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The results cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody wanted it.
    #[error("stopped before the end of the recordings")]
    Stopped,
}

/// Runs the material through the engine, and writes what it tells. When it is stopped, the results so far
/// are left beside where they were to be, with the ending `part`.
///
/// # Errors
/// [`RunError`].
pub fn run(
    plan: &Arc<Plan>,
    material: &Material,
    results: &Results,
    watch: &mut Watch<'_>,
) -> Result<Replayed, RunError> {
    let cannot = |error: EvidenceError| RunError::Results(error.to_string());
    let evidence = results.evidence.as_deref();
    let evidence = evidence.map(|dir| EvidenceStore::open(dir, u64::MAX)).transpose();
    let evidence = evidence.map_err(cannot)?;
    let lines = Lines::create(&results.lines)?;
    let heard = through(plan, material, evidence, watch)?;
    let messages = lines.write(heard.said, plan)?;
    Ok(Replayed { frames: heard.frames, messages })
}

/// As [`run`], but all that is told is handed over, and nothing is written.
///
/// # Errors
/// [`RunError`].
pub fn hear(
    plan: &Arc<Plan>,
    material: &Material,
    watch: &mut Watch<'_>,
) -> Result<Heard, RunError> {
    through(plan, material, None, watch)
}

fn through(
    plan: &Arc<Plan>,
    material: &Material,
    evidence: Option<EvidenceStore>,
    watch: &mut Watch<'_>,
) -> Result<Heard, RunError> {
    let desk = Desk {
        plan: Arc::clone(plan),
        evidence,
        drawings: Drawings::default(),
        ledger: Arc::new(Ledger::default()),
        darkroom: Darkroom::default(),
        seen: None,
        heard: Heard::default(),
    };
    let mut driver = Driver::new(Engine::new(Arc::clone(plan)), desk);
    match material {
        Material::Recordings { files, start } => {
            recordings(&mut driver, cameras(plan, files, *start), watch)?;
        }
        Material::Observations(file) => observations(&mut driver, file, watch)?,
    }
    driver.host_mut().seen = None;
    driver.finish()?;
    Ok(driver.into_host().heard)
}

/// The recordings to be seen, in the pipeline's order.
fn cameras(
    plan: &Plan,
    files: &BTreeMap<Name, PathBuf>,
    start: Option<Timestamp>,
) -> Vec<ReplayCamera> {
    let start = start.unwrap_or_else(|| default_start(plan));
    let of = |camera: &viahe_core::plan::Camera| {
        Some(ReplayCamera {
            id: camera.id.clone(),
            model: camera.model.clone(),
            file: files.get(&camera.id)?.clone(),
            start,
            analyse_hz: camera.analyse_hz,
            gate: None,
            areas: areas(camera),
            closely: camera.regions,
            confidence_min: camera.confidence_min(),
            refine: camera.refine.clone(),
        })
    };
    plan.cameras.iter().filter_map(of).collect()
}

fn default_start(plan: &Plan) -> Timestamp {
    let civil = START.parse::<jiff::civil::DateTime>();
    let zoned = civil.and_then(|civil| civil.to_zoned(plan.site.timezone.clone()));
    // A date in the range of every time zone: cannot fail.
    zoned.ok().and_then(|zoned| zoned.timestamp().to_string().parse().ok()).unwrap_or_default()
}

fn recordings(
    driver: &mut Driver<Desk>,
    cameras: Vec<ReplayCamera>,
    watch: &mut Watch<'_>,
) -> Result<(), RunError> {
    let count = cameras.len() as u64;
    let host = driver.host();
    let locations = Locations::discover(Some(&host.plan.folder))?;
    let replay = Replay::start(cameras, &locations, &host.ledger)?;
    let models = replay.models().iter().cloned().collect();
    apply(driver, Event::WorkerStarted { models })?;
    let mut of = None;
    for seen in replay {
        let seen = seen?;
        let (observation, view) = (seen.observation.clone(), seen.view.clone());
        of = seen.length.map(|length| length.as_secs() * count).or(of);
        // Captures are of the frame at hand: the engine asks for no other.
        driver.host_mut().seen = Some(seen);
        let since = apply(driver, Event::Observed(observation))?;
        if let Some(view) = view {
            driver.apply(Event::Viewed(view))?;
        }
        go_on(watch, Progress { secs: since.as_secs() * count, of })?;
    }
    Ok(())
}

fn observations(
    driver: &mut Driver<Desk>,
    file: &Path,
    watch: &mut Watch<'_>,
) -> Result<(), RunError> {
    let recording = Recording::open(file)?;
    if let Some(state) = recording.state() {
        driver.resume(&Saved::whole(state))??;
    }
    let mut secs = 0;
    for event in recording {
        secs = apply(driver, event?)?.as_secs().max(secs);
        go_on(watch, Progress { secs, of: None })?;
    }
    Ok(())
}

/// Returns how long after the first one it is; nothing of an event without a time.
fn apply(driver: &mut Driver<Desk>, event: Event) -> Result<Duration, RunError> {
    let since = driver.host_mut().heard.note(&event);
    driver.apply(event)?;
    Ok(since.unwrap_or_default())
}

fn go_on(watch: &mut Watch<'_>, progress: Progress) -> Result<(), RunError> {
    match watch(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(RunError::Stopped),
    }
}

/// Takes pictures of the frame at hand, and collects what is said.
struct Desk {
    plan: Arc<Plan>,
    evidence: Option<EvidenceStore>,
    drawings: Drawings,
    ledger: Arc<Ledger>,
    darkroom: Darkroom,
    /// The frame at hand; none of a recording of observations.
    seen: Option<Seen>,
    heard: Heard,
}

impl Host for Desk {
    type Error = RunError;

    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, RunError> {
        match effect {
            Effect::Capture(capture) => {
                let evidence = self.picture(&capture)?;
                return Ok(Upshot::Event(Event::Captured { capture: capture.id, evidence }));
            }
            Effect::Discard(capture) => {
                if let Some(store) = &self.evidence {
                    store.discard(capture)?;
                }
                self.drawings.forget(capture);
            }
            Effect::Publish(revision) => self.publish(*revision)?,
            // Told to no one: a recording is looked at for its incidents.
            Effect::View { .. }
            | Effect::Sensor { .. }
            | Effect::TooLate(_)
            | Effect::Window(_)
            | Effect::Answer(_)
            // Recordings are looked at as often as ever: their frames are ahead of the engine.
            | Effect::Attend { .. } => {}
        }
        Ok(Upshot::Nothing)
    }
}

impl Desk {
    fn picture(&mut self, capture: &Capture) -> Result<Option<Artefact>, RunError> {
        let (Some(store), Some(seen)) = (&self.evidence, &self.seen) else { return Ok(None) };
        let (view, stamp) = (seen.frame.view(), seen.frame.stamp());
        let jpeg = self.darkroom.develop(&capture.camera, &*seen.frame, &self.ledger)?;
        let stored = store.put_pending(capture.id, Medium::Jpeg, jpeg)?;
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        self.drawings.asked(capture, &seen.observation);
        self.drawings.came(capture.id, stamp.seq, [side(view.width()), side(view.height())]);
        Ok(Some(Artefact {
            sha256: stored.sha256,
            bytes: stored.bytes,
            medium: stored.medium,
            moment: capture.moment,
            span: Span::at(stamp.captured),
            capture: capture.id,
        }))
    }

    fn publish(&mut self, revision: Revision) -> Result<(), RunError> {
        if let Some(store) = &self.evidence {
            for artefact in &revision.evidence {
                store.promote(artefact)?;
            }
            for sketch in self.drawings.sketches(&revision, &self.plan) {
                sketch.draw(store)?;
            }
        }
        self.heard.said.push(revision);
        Ok(())
    }
}

/// The file of results.
struct Lines {
    path: PathBuf,
    /// Beside it, until it is whole.
    part: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(path: &Path) -> Result<Self, RunError> {
        let cannot = |path: &Path, error| RunError::Results(format!("{}: {error}", path.display()));
        let part = path.with_added_extension("part");
        // The folder of a bare file name is "".
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| cannot(folder, e))?;
        }
        let file = BufWriter::new(File::create(&part).map_err(|e| cannot(&part, e))?);
        Ok(Self { path: path.to_owned(), part, file })
    }

    /// Writes what was said. In order of event time, which is the order of a recording whatever
    /// the order in which late events came. The file is there whole, or not at all.
    fn write(mut self, mut said: Vec<Revision>, plan: &Plan) -> Result<usize, RunError> {
        said.sort_by_key(|r| (r.updated, r.incident.clone(), r.revision));
        let failed = |source| RunError::Write { path: self.path.clone(), source };
        for revision in &said {
            let event = revision.event(&plan.site.id, &plan.site.timezone);
            let line = serde_json::to_value(event).map_err(std::io::Error::from);
            line.and_then(|line| writeln!(self.file, "{line}")).map_err(failed)?;
        }
        let done = self.file.flush().and_then(|()| std::fs::rename(&self.part, &self.path));
        done.map_err(failed)?;
        Ok(said.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats")
    }

    fn replay(lines: &Path, frames_max: u64) -> Result<Replayed, RunError> {
        let plan = Arc::new(crate::project::load(&formats().join("street.toml")).unwrap());
        let material = Material::Observations(formats().join("recording-1.jsonl"));
        let results = Results { lines: lines.to_owned(), evidence: None };
        let mut seen = 0;
        run(&plan, &material, &results, &mut |_| {
            seen += 1;
            if seen > frames_max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    #[test]
    fn the_results_are_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let lines = dir.path().join("new/lines.jsonl");
        assert!(matches!(replay(&lines, 20), Err(RunError::Stopped)));
        assert!(!lines.exists());
        let done = replay(&lines, u64::MAX).unwrap();
        let text = std::fs::read_to_string(&lines).unwrap();
        assert_eq!((done.messages, text.lines().count()), (3, 3));
        assert_eq!(done.frames, 80);
        assert_eq!(std::fs::read_dir(lines.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn results_that_cannot_be_are_told_before_anything_is_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let lines = dir.path().join("file/lines.jsonl");
        std::fs::write(dir.path().join("file"), "no folder").unwrap();
        let error = replay(&lines, 0).unwrap_err();
        assert!(matches!(error, RunError::Results(_)), "{error:?}");
        assert!(error.to_string().contains("file"), "{error}");
    }
}
