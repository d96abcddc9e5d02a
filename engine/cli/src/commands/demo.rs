//! `viahe demo`: everything at once, on one machine.

mod centre;

use super::run::{load, process, watch};
use crate::demo_mark::fresh_state;
use crate::exit::Exit;
use crate::stop::Stop;
use crate::ui::say;
use crossbeam_channel::never;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};
use viahe_contract::message::{CameraStatus, EvidenceState, IncidentEvent};
use viahe_core::id::Name;
use viahe_core::plan::Plan;
use viahe_core::seam::{CameraReport, WorkerStats};
use viahe_edge::clerk::Clerk;
use viahe_edge::clock;
use viahe_edge::demo::{Demo, Heard, Incidents};
use viahe_edge::evidence::{self, evidence_dir};
use viahe_edge::host::live::{Observer, Reload};
use viahe_edge::models::Locations;
use viahe_edge::station::StationOptions;

/// How often a line is printed for each camera.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Where the demo keeps its state, in the working directory.
const STATE_DIR: &str = "runs/demo";
/// When the demo's own cameras have shown enough for an incident.
const FIRST_INCIDENT: Duration = Duration::from_secs(25);

/// Shows everything at once: two simulated RTSP cameras, a broker, the engine, a console to look at, and a
/// subscriber that prints each incident as it arrives over MQTT.
///
/// The last line is one JSON object. The exit code is 0 only when incidents came through the
/// broker, of which the first takes about 25 s.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Ends after so many seconds; without it, on Ctrl-C.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// The pipeline; its cameras and broker are replaced by simulated ones. That of the demo
    /// unless said.
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Where pictures and outbox are kept; emptied, and must be new or an earlier demo's. That of
    /// the pipeline given, else runs/demo here.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The clip that the cameras show.
    #[arg(long, value_name = "FILE")]
    clip: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (mut plan, clip, pipeline) = prepare(args)?;
    fresh_state(&plan.engine.state_dir)?;
    let stop = Stop::new(args.seconds.map(Duration::from_secs))?;

    let pictures = tidy(&evidence_dir(&plan.engine.state_dir));
    let hears = {
        let pictures = pictures.clone();
        move |heard: &Heard| hear(heard, &pictures)
    };
    let demo = Demo::start(&mut plan, clip.clone(), hears).map_err(Exit::failed)?;
    let console = centre::start(&mut plan)?;
    introduce(&plan, &clip, demo.broker(), &pictures, &centre::introduction(&console));

    let started = clock::monotonic();
    let cameras = plan.cameras.iter().map(|c| c.id.clone()).collect();
    let options = StationOptions {
        launch: process()?,
        record: None,
        tuner: None,
        shadow: None,
        reload: Some(editable(&pipeline, &plan)?),
        observer: Box::new(Lines::new(cameras)),
    };
    let totals = watch(plan, options, &stop);
    let incidents = demo.finish();
    drop(console);
    let totals = totals?;
    summary(&incidents, &totals.worker);
    // Ctrl-C is the usual way to end a demo that has shown something.
    if incidents.is_empty() { Err(nothing(started, &stop)) } else { Ok(()) }
}

/// No incident came. Was there time for one?
fn nothing(started: Instant, stop: &Stop) -> Exit {
    let lasted = clock::monotonic().duration_since(started);
    let secs = FIRST_INCIDENT.as_secs();
    let early = lasted < FIRST_INCIDENT + LINE_EVERY;
    let hint = format!("; the first takes about {secs} s, so give it a minute: --seconds 60");
    let said = format!(
        "no incident came through the broker within {:.0} s, when the demo ended{}",
        lasted.as_secs_f64(),
        if early { hint.as_str() } else { "" }
    );
    if stop.interrupted() {
        eprintln!("viahe: {said}");
        return Exit::Interrupted;
    }
    Exit::Failed(said)
}

/// The plan and the clip, from wherever they are installed.
fn prepare(args: &Args) -> Result<(Plan, PathBuf, PathBuf), Exit> {
    let folder = args.pipeline.as_deref().and_then(Path::parent);
    let locations = Locations::discover(folder).map_err(Exit::missing)?;
    let pipeline = match &args.pipeline {
        Some(pipeline) => pipeline.clone(),
        None => locations.demo().map_err(Exit::missing)?,
    };
    let mut plan = load(&pipeline)?;
    match (&args.state, &args.pipeline) {
        (Some(state), _) => plan.engine.state_dir.clone_from(state),
        // That of an installed pipeline may lie where only root may write.
        (None, None) => plan.engine.state_dir = STATE_DIR.into(),
        (None, Some(_)) => {}
    }
    let clip = match &args.clip {
        Some(clip) => clip.clone(),
        None => locations.clip().map_err(Exit::missing)?,
    };
    Ok((plan, clip, pipeline))
}

/// What is drawn in the demo's console changes a copy of the pipeline, in the state folder; cameras, broker
/// and centre stay the demo's.
fn editable(pipeline: &Path, plan: &Plan) -> Result<Reload, Exit> {
    let copy = plan.engine.state_dir.join("pipeline.toml");
    std::fs::copy(pipeline, &copy).map_err(Exit::failed)?;
    // The copy is to be written, whatever the one that was installed is.
    std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).map_err(Exit::failed)?;
    let ours = plan.clone();
    let adjust = move |plan: &mut Plan| {
        for camera in &mut plan.cameras {
            if let Some(own) = ours.cameras.iter().find(|own| own.id == camera.id) {
                camera.source = own.source.clone();
                camera.substream = own.substream.clone();
            }
        }
        (plan.mqtt, plan.console) = (ours.mqtt.clone(), ours.console.clone());
        plan.engine = ours.engine.clone();
    };
    let clerk = Clerk::new(&copy, &plan.engine.state_dir).of_copy(pipeline, adjust);
    Ok(Reload::of(clerk, never()))
}

/// As people would write it: without `..`, and from here when it is below.
fn tidy(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut tidied = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(tidied.pop()),
            other => tidied.push(other),
        }
    }
    match std::env::current_dir() {
        Ok(here) => tidied.strip_prefix(here).map(Path::to_owned).unwrap_or(tidied),
        Err(_) => tidied,
    }
}

fn introduce(plan: &Plan, clip: &Path, broker: SocketAddr, pictures: &Path, console: &str) {
    say(&format!("viahe demo: {} cameras show {}", plan.cameras.len(), tidy(clip).display()));
    say(console);
    say(&format!("  broker    {broker}"));
    say(&format!("  listen    mosquitto_sub -V 5 -p {} -t 'viahe/#' -v", broker.port()));
    say(&format!(
        "  pictures  {} (an .svg beside a picture shows zone and boxes)",
        pictures.display()
    ));
    let of_cameras = plan.cameras.iter().flat_map(|c| &c.rules);
    let rules: BTreeSet<&Name> = of_cameras.chain(&plan.rules).map(|r| &r.id).collect();
    for rule in rules {
        say(&format!("  rule      {rule}"));
    }
    say("");
}

/// Prints what the worker says.
struct Lines {
    cameras: Vec<Name>,
    next: Instant,
    before: WorkerStats,
}

impl Lines {
    fn new(cameras: Vec<Name>) -> Self {
        Self { cameras, next: clock::monotonic() + LINE_EVERY, before: WorkerStats::default() }
    }
}

impl Observer for Lines {
    fn stats(&mut self, stats: &WorkerStats) {
        if clock::monotonic() < self.next {
            return;
        }
        self.next += LINE_EVERY;
        for name in &self.cameras {
            let Some(now) = stats.cameras.get(name) else { continue };
            let before = self.before.cameras.get(name).cloned().unwrap_or_default();
            let inferred = now.frames_inferred.saturating_sub(before.frames_inferred);
            let ms = (now.infer_ms_sum - before.infer_ms_sum).max(0.0) / inferred.max(1) as f64;
            let lost = |s: &viahe_core::seam::CameraStats| -> u64 {
                s.frames_dropped.iter().filter(|(why, _)| !why.is_saving()).map(|(_, n)| n).sum()
            };
            say(&format!(
                "{name:<12} {:>5.1} fps in  {:>4.1} fps analysed  {:>3} dropped  {ms:>5.1} ms a frame  {} tracks",
                now.fps_in,
                inferred as f64 / LINE_EVERY.as_secs_f64(),
                lost(now).saturating_sub(lost(&before)),
                now.tracks,
            ));
        }
        self.before = stats.clone();
    }

    fn camera(&mut self, report: &CameraReport) {
        match report.status {
            CameraStatus::Online => say(&format!("{:<12} online", report.camera)),
            CameraStatus::Stalled => {
                say(&format!("{:<12} stalled: {}", report.camera, report.reason));
            }
            CameraStatus::Offline => {
                say(&format!("{:<12} offline: {}", report.camera, report.reason));
            }
        }
    }
}

fn hear(heard: &Heard, pictures: &Path) {
    let event = match heard {
        Heard::Incident(event) => event,
        Heard::Unreadable { topic, why } => {
            return say(&format!("!! no incident on {topic}: {why}"));
        }
    };
    say(&headline(event));
    for proof in &event.incident.evidence {
        let path = evidence::path_of(pictures, proof.sha256, proof.medium);
        say(&format!("     {:<20} {}", proof.kind(), path.display()));
    }
}

/// What happened, and where as far as that can be said: a rule of the site has no camera, and one
/// of the whole picture no zone.
fn headline(IncidentEvent { violation, incident, .. }: &IncidentEvent) -> String {
    // Its pictures were late: nothing else is new.
    let added = incident.evidence_state == EvidenceState::Added;
    let verb = if added { "shown" } else { incident.verb() };
    let told = |before: &str, name: &Option<Name>| {
        name.as_ref().map(|name| format!(" {before} {name}")).unwrap_or_default()
    };
    format!(
        "** {violation} {verb}{}{}, since {}  [{}]",
        told("at", &incident.camera),
        told("in", &incident.zone),
        incident.first_seen,
        incident.incident
    )
}

/// The last line: one JSON object.
fn summary(incidents: &Incidents, worker: &WorkerStats) {
    let counts: BTreeMap<&String, usize> =
        incidents.iter().map(|(k, ids)| (k, ids.len())).collect();
    let cameras: BTreeMap<&Name, Value> = worker
        .cameras
        .iter()
        .map(|(name, c)| {
            let mean = c.infer_ms_sum / c.frames_inferred.max(1) as f64;
            let line = json!({
                "frames_in": c.frames_in,
                "inferred": c.frames_inferred,
                "dropped": c.frames_dropped,
                "infer_ms_mean": (mean * 10.0).round() / 10.0,
                "reconnects": c.reconnects,
            });
            (name, line)
        })
        .collect();
    say("");
    say(&format!("{}", json!({ "incidents": counts, "cameras": cameras })));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_names_only_places_that_there_are() {
        let page = include_str!("../../../../docs/mqtt.md");
        let block = page.split("```json incident\n").nth(1).unwrap().split("```").next().unwrap();
        let mut event: IncidentEvent = serde_json::from_str(block).unwrap();
        let said = |event: &IncidentEvent| {
            let line = headline(event);
            line.split_once(", since").unwrap().0.to_owned()
        };
        assert_eq!(said(&event), "** shop-encroachment updated at le-loi-03 in kerb");
        event.incident.zone = None;
        assert_eq!(said(&event), "** shop-encroachment updated at le-loi-03");
        event.incident.camera = None;
        event.incident.revision = 1;
        assert_eq!(said(&event), "** shop-encroachment opened");
    }
}
