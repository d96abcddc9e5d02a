//! `viahe replay`: recordings through the same engine, in event time.

use super::run::load_without_secrets;
use crate::exit::Exit;
use crate::files::not_over;
use crate::ui::Progress;
use crate::{OrUsage, stop::Stop};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_core::engine::{Capture, Effect, Engine, Event, Saved};
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::incident::{Evidence, Revision};
use viahe_core::plan::{Plan, Source};
use viahe_core::time::Timestamp;
use viahe_edge::evidence::{self, Drawings, EvidenceStore, JpegEncoder};
use viahe_edge::ledger::Ledger;
use viahe_edge::models::Locations;
use viahe_edge::record::Recording;
use viahe_edge::vision::replay::{Replay, ReplayCamera, ReplayError};

/// First frame's time unless said: a weekday morning in the site's time zone.
const START: &str = "2026-01-05T08:00:00";

/// Runs recordings through the same engine as live cameras, as fast as the machine can.
///
/// Writes every incident message, as it would go over MQTT, as a line of JSON. Time is that of
/// the recording: two runs give the same bytes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Which recording stands for which camera; cameras without one are left out, unless their
    /// url is a file.
    #[arg(long = "camera", value_name = "ID=FILE")]
    cameras: Vec<String>,
    /// A recording of observations (`viahe record`), instead of pictures.
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "cameras")]
    observations: Option<PathBuf>,
    /// Incident messages; replaced when there.
    #[arg(long, value_name = "FILE.jsonl")]
    out: PathBuf,
    /// Keeps evidence pictures in this folder.
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Time of the first frame, RFC 3339; a Monday, 8 o'clock at the site, unless said.
    #[arg(long, value_name = "TIME")]
    start: Option<Timestamp>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = Arc::new(load_without_secrets(&args.pipeline)?);
    let files = given(args, &plan)?;
    let observations = args.observations.as_deref();
    let read = files.values().map(PathBuf::as_path).chain(observations);
    not_over(&args.out, read.chain([args.pipeline.as_path()]))?;
    let stop = Stop::new(None)?;
    let evidence = match &args.evidence {
        Some(dir) => Some(EvidenceStore::open(dir, u64::MAX).or_usage()?),
        None => None,
    };
    let mut driver = Driver {
        engine: Engine::new(Arc::clone(&plan)),
        plan: Arc::clone(&plan),
        evidence,
        drawings: Drawings::default(),
        ledger: Arc::new(Ledger::default()),
        encoder: JpegEncoder::default(),
        out: Out::create(&args.out)?,
        said: Vec::new(),
    };
    let frames = match &args.observations {
        Some(file) => driver.observations(file, &stop)?,
        None => driver.recordings(args, &files, &stop)?,
    };
    if stop.stopped() {
        // What was written is not the whole; it is left as OUT.part.
        stop.end(())?;
        return Err(Exit::Failed("stopped before the end of the recordings".into()));
    }
    let last = driver.engine.finish();
    driver.carry_out(last, None)?;
    driver.write()?;
    eprintln!("{frames} frames, {} messages in {}", driver.said.len(), args.out.display());
    driver.out.finish()?;
    Ok(())
}

/// The output file.
struct Out {
    path: PathBuf,
    /// Beside it, until it is whole.
    part: PathBuf,
    file: BufWriter<File>,
}

impl Out {
    fn create(path: &Path) -> Result<Self, Exit> {
        let part = path.with_added_extension("part");
        // The folder of a bare file name is "".
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|e| format!("{}: {e}", folder.display()))
                .or_usage()?;
        }
        let file =
            File::create(&part).map_err(|e| format!("{}: {e}", part.display())).or_usage()?;
        Ok(Self { path: path.to_owned(), part, file: BufWriter::new(file) })
    }

    fn failed(&self, error: &std::io::Error) -> Exit {
        Exit::Failed(format!("{}: {error}", self.path.display()))
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<(), Exit> {
        writeln!(self.file, "{value}").map_err(|e| self.failed(&e))
    }

    /// The file is there whole, or not at all.
    fn finish(&mut self) -> Result<(), Exit> {
        let done = self.file.flush().and_then(|()| std::fs::rename(&self.part, &self.path));
        done.map_err(|e| self.failed(&e))
    }
}

struct Driver {
    engine: Engine,
    plan: Arc<Plan>,
    evidence: Option<EvidenceStore>,
    drawings: Drawings,
    ledger: Arc<Ledger>,
    encoder: JpegEncoder,
    out: Out,
    said: Vec<Revision>,
}

impl Driver {
    fn recordings(
        &mut self,
        args: &Args,
        files: &BTreeMap<Name, PathBuf>,
        stop: &Stop,
    ) -> Result<u64, Exit> {
        let cameras = cameras(args, &self.plan, files)?;
        let count = cameras.len() as u64;
        let locations = Locations::discover(args.pipeline.parent()).map_err(Exit::missing)?;
        let replay = Replay::start(cameras, &locations, &self.ledger).map_err(exit_of)?;
        let models = replay.models().iter().cloned().collect();
        self.apply(Event::WorkerStarted { models }, None)?;
        let progress = Progress::new(1, "s of recordings");
        let (mut frames, mut first) = (0, None);
        for seen in replay {
            let seen = seen.map_err(exit_of)?;
            let at = seen.observation.frame.captured;
            let first = *first.get_or_insert(at);
            if let Some(length) = seen.length {
                progress.total(length.as_secs() * count);
            }
            progress.set(at.since(first).as_secs() * count);
            let effects = self.engine.apply(Event::Observed(seen.observation.clone()));
            self.drawings.asked(&effects, &seen.observation);
            self.carry_out(effects, Some(&*seen.frame))?;
            if let Some(view) = seen.view {
                self.apply(Event::Viewed(view), Some(&*seen.frame))?;
            }
            frames += 1;
            if stop.stopped() {
                break;
            }
        }
        progress.finish();
        Ok(frames)
    }

    fn observations(&mut self, file: &Path, stop: &Stop) -> Result<u64, Exit> {
        let mut frames = 0;
        let recording = Recording::open(file).or_usage()?;
        if let Some(state) = recording.state() {
            let effects = self.engine.resume(&Saved::whole(state)).or_usage()?;
            self.carry_out(effects, None)?;
            for capture in self.engine.awaited().collect::<Vec<_>>() {
                self.apply(Event::Captured { capture, evidence: None }, None)?;
            }
        }
        for event in recording {
            let event = event.or_usage()?;
            frames += u64::from(matches!(event, Event::Observed(_)));
            self.apply(event, None)?;
            if stop.stopped() {
                break;
            }
        }
        Ok(frames)
    }

    /// Applies an event and all that follows from it. Captures are of the frame at hand: the
    /// engine asks for no other.
    fn apply(&mut self, event: Event, frame: Option<&dyn Frame>) -> Result<(), Exit> {
        let effects = self.engine.apply(event);
        self.carry_out(effects, frame)
    }

    fn carry_out(&mut self, effects: Vec<Effect>, frame: Option<&dyn Frame>) -> Result<(), Exit> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Capture(capture) => {
                    let evidence = self.picture(&capture, frame)?;
                    let answer = Event::Captured { capture: capture.id, evidence };
                    effects.extend(self.engine.apply(answer));
                }
                Effect::Discard(capture) => {
                    if let Some(store) = &self.evidence {
                        store.discard(capture).map_err(Exit::failed)?;
                    }
                    self.drawings.forget(capture);
                }
                Effect::Publish(revision) => self.publish(&revision)?,
                // Told to no one: a recording is looked at for its incidents.
                Effect::View { .. }
                | Effect::Sensor { .. }
                | Effect::TooLate(_)
                | Effect::Window(_)
                | Effect::Answer(_) => {}
            }
        }
        Ok(())
    }

    fn picture(
        &mut self,
        capture: &Capture,
        frame: Option<&dyn Frame>,
    ) -> Result<Option<Evidence>, Exit> {
        let (Some(store), Some(frame)) = (&self.evidence, frame) else { return Ok(None) };
        let jpeg = self
            .encoder
            .encode(&frame.view(), evidence::QUALITY, &self.ledger)
            .map_err(Exit::failed)?;
        let stored = store.put_pending(capture.id, jpeg).map_err(Exit::failed)?;
        let size_px = [frame.view().width(), frame.view().height()]
            .map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        self.drawings.came(capture.id, frame.stamp().seq, size_px);
        Ok(Some(Evidence {
            kind: capture.kind,
            sha256: stored.sha256,
            bytes: stored.bytes,
            media_type: "image/jpeg".into(),
            captured: frame.stamp().captured,
            capture: capture.id,
        }))
    }

    fn publish(&mut self, revision: &Revision) -> Result<(), Exit> {
        if let Some(store) = &self.evidence {
            for evidence in &revision.evidence {
                match store.path_of(evidence.sha256) {
                    Some(_) => store.discard(evidence.capture),
                    None => store.promote(evidence.capture).map(|_| ()),
                }
                .map_err(Exit::failed)?;
            }
            self.drawings.draw(store, revision, &self.plan).map_err(Exit::failed)?;
        }
        self.said.push(revision.clone());
        Ok(())
    }

    /// Writes what was said. In order of event time, which is the order of a recording whatever
    /// the order in which late events came.
    fn write(&mut self) -> Result<(), Exit> {
        let order = |r: &Revision| (r.updated, r.incident.clone(), r.revision);
        self.said.sort_by_key(order);
        let site = &self.plan.site;
        for revision in &self.said {
            let event = revision.event(&site.id, &site.timezone);
            self.out.line(&serde_json::to_value(event).map_err(Exit::failed)?)?;
        }
        Ok(())
    }
}

fn exit_of(error: ReplayError) -> Exit {
    match error {
        ReplayError::Model(_) | ReplayError::Infer(_) => Exit::missing(error),
        ReplayError::Ingest(_) => Exit::Usage(error.to_string()),
        ReplayError::Thread(_) => Exit::failed(error),
    }
}

/// Which recording stands for which camera: each has one.
fn given(args: &Args, plan: &Plan) -> Result<BTreeMap<Name, PathBuf>, Exit> {
    let mut files = BTreeMap::new();
    for text in &args.cameras {
        let (id, file) = assignment(text, plan)?;
        if let Some(other) = files.insert(id.clone(), file) {
            return Err(Exit::Usage(format!(
                "--camera {text}: {} stands for {id} already; give each camera one recording",
                other.display()
            )));
        }
    }
    for camera in &plan.cameras {
        if let Source::File { path } = &camera.source {
            files.entry(camera.id.clone()).or_insert_with(|| path.clone());
        }
    }
    Ok(files)
}

/// The recordings to be seen, in the pipeline's order.
fn cameras(
    args: &Args,
    plan: &Plan,
    files: &BTreeMap<Name, PathBuf>,
) -> Result<Vec<ReplayCamera>, Exit> {
    if files.is_empty() {
        return Err(Exit::Usage(format!(
            "which recording stands for which camera? Add --camera {}=FILE",
            plan.cameras.first().map_or("ID", |c| c.id.as_str())
        )));
    }
    let start = match args.start {
        Some(start) => start,
        None => default_start(&plan.site.timezone)?,
    };
    Ok(plan
        .cameras
        .iter()
        .filter_map(|camera| {
            let file = files.get(&camera.id)?;
            Some(ReplayCamera {
                id: camera.id.clone(),
                model: camera.model.clone(),
                file: file.clone(),
                start,
                analyse_hz: camera.analyse_hz,
            })
        })
        .collect())
}

fn assignment(text: &str, plan: &Plan) -> Result<(Name, PathBuf), Exit> {
    let (id, file) = text
        .split_once('=')
        .ok_or_else(|| Exit::Usage(format!("--camera {text}: wants ID=FILE")))?;
    let known = plan.cameras.iter().find(|c| c.id.as_str() == id).ok_or_else(|| {
        let ids: Vec<&str> = plan.cameras.iter().map(|c| c.id.as_str()).collect();
        Exit::Usage(format!("--camera {text}: no camera {id:?}; there are {}", ids.join(", ")))
    })?;
    Ok((known.id.clone(), file.into()))
}

fn default_start(zone: &TimeZone) -> Result<Timestamp, Exit> {
    let civil: jiff::civil::DateTime = START.parse().map_err(Exit::failed)?;
    let at = civil.to_zoned(zone.clone()).map_err(Exit::failed)?;
    at.timestamp().to_string().parse().map_err(Exit::failed)
}
