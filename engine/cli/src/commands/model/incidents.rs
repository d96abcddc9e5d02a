//! What a model and the rules of a pipeline tell of recordings in which people wrote down what happened.

mod judged;
mod page;
mod text;

use self::judged::{Judged, Outcome, Recorded, Told};
use super::super::replay::{exit_of, watched};
use super::super::run::load_without_secrets;
use super::activate::refused;
use crate::exit::{Exit, OrUsage};
use crate::files::{has_folder, not_over, write_json};
use crate::stop::Stop;
use crate::ui::say;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::Edit;
use viahe_core::evaluate::incidents::{
    Alert, Happened, Report, Verdict, Watched, Watcher, matched,
};
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;
use viahe_edge::clerk::{Change, Clerk};
use viahe_edge::clock;
use viahe_edge::dataset::{IncidentLabels, LabelledRecording};
use viahe_edge::host::replay::{self, Heard, Material};
use viahe_edge::models::Locations;

/// Where the figures go besides the terminal.
#[derive(Clone, Copy)]
pub(super) struct Out<'o> {
    pub(super) json: Option<&'o Path>,
    pub(super) html: Option<&'o Path>,
}

/// Lets these models look at all recordings, and tells what the rules made of it: of one, or of two side by side.
pub(super) fn run(models: &[&str], labels: &Path, out: Out<'_>) -> Result<(), Exit> {
    let read = IncidentLabels::read(labels).or_usage()?;
    for file in out.json.iter().chain(&out.html) {
        has_folder(file)?;
        let recordings = read.recordings.iter().map(|recording| recording.file.as_path());
        not_over(file, recordings.chain([labels, read.pipeline.as_path()]))?;
    }
    let stop = Stop::new(None)?;
    let mut judged = Vec::new();
    for model in models {
        let name = Name::try_from(*model).or_usage()?;
        match judge(&name, labels, &read, &stop) {
            Ok(one) => judged.push(one),
            Err(other) => return stop.end(()).and(Err(other)),
        }
    }
    say(&match &judged[..] {
        [before, after] => text::beside(before, after),
        all => all.iter().map(text::of).collect(),
    });
    if let Some(html) = out.html {
        page::of(&judged).write(html)?;
    }
    match (out.json, &judged[..]) {
        (Some(json), [one]) => write_json(json, one),
        (Some(json), all) => write_json(json, &all),
        (None, _) => Ok(()),
    }
}

fn judge(name: &Name, path: &Path, labels: &IncidentLabels, stop: &Stop) -> Result<Judged, Exit> {
    let plan = Arc::new(plan_with(&labels.pipeline, name)?);
    labels.fit(path, &plan).or_usage()?;
    let locations = Locations::discover(Some(&plan.folder)).map_err(Exit::missing)?;
    let model = locations.describe(name).map_err(Exit::missing)?;
    let (mut watched, mut recordings, mut cpu) = (Vec::new(), Vec::new(), Some(Duration::ZERO));
    for recording in &labels.recordings {
        let (heard, cost) = look(&plan, recording, stop)?;
        cpu = cpu.zip(cost).map(|(sum, more)| sum + more);
        let (of, secs) = watch(&plan, labels, recording, &heard, &model)?;
        recordings.push(recorded(recording, &of, secs, labels.grace_secs));
        watched.push(of);
    }
    let report = Report::new(&watched, labels.grace_secs);
    let cpu_secs = cpu.map(|cpu| cpu.as_secs_f64());
    let hits = f64::from(report.together.hits);
    Ok(Judged {
        model: name.clone(),
        version: model.version,
        sha256: model.sha256.to_string(),
        licence: model.licence,
        labels: path.display().to_string(),
        cpu_secs,
        hits_per_cpu_sec: cpu_secs.filter(|secs| *secs > 0.0).map(|secs| hits / secs),
        report,
        recordings,
    })
}

/// The pipeline as it would be if all its cameras were looked at with this model.
fn plan_with(pipeline: &Path, package: &Name) -> Result<Plan, Exit> {
    let plan = load_without_secrets(pipeline)?;
    let clerk = Clerk::without_secrets(pipeline, &plan.engine.state_dir);
    let site = clerk.site(&plan.site.timezone).map_err(Exit::Failed)?;
    let set = |model: Name| Edit::SetModel { model, package: package.clone() };
    let edits: Vec<Edit> = site.models.into_iter().map(|model| set(model.id)).collect();
    let draft = clerk.draft(site.version, Change::Edits(&edits), &plan).map_err(refused)?;
    Ok(draft.plan)
}

/// What the engine tells of a recording, and the processor time after its first frame.
fn look(
    plan: &Arc<Plan>,
    recording: &LabelledRecording,
    stop: &Stop,
) -> Result<(Heard, Option<Duration>), Exit> {
    let pictures = recording.camera.clone().filter(|_| !recording.is_of_observations());
    let counts = pictures.is_some();
    let material = match pictures {
        Some(camera) => Material::Recordings {
            files: BTreeMap::from([(camera, recording.file.clone())]),
            start: recording.start,
        },
        None => Material::Observations(recording.file.clone()),
    };
    let mut begun = None;
    let heard = watched(stop, |tell| {
        replay::hear(plan, &material, &mut |progress| {
            begun.get_or_insert_with(clock::process_cpu);
            tell(progress)
        })
    });
    let spent = begun.map(|begun| clock::process_cpu().saturating_sub(begun));
    let heard = heard.map_err(exit_of)?;
    Ok((heard, spent.filter(|_| counts)))
}

/// What happened and was told, and how long the recording is, s.
fn watch(
    plan: &Plan,
    labels: &IncidentLabels,
    recording: &LabelledRecording,
    heard: &Heard,
    model: &Model,
) -> Result<(Watched, f64), Exit> {
    let file = recording.file.display();
    if let Some(other) = heard.models.iter().find(|seen| seen.name != model.name) {
        return Err(Exit::Usage(format!(
            "{file}: it is what {} saw, and no other model can look at it again; name a recording of pictures",
            other.name
        )));
    }
    if heard.models.iter().any(|seen| seen.sha256 != model.sha256) {
        eprintln!(
            "viahe: {file}: the {} that saw it had other weights than the installed one",
            model.name
        );
    }
    let first = heard.first.unwrap_or_default();
    let last = heard.cameras.values().map(|[_, last]| *last).max().unwrap_or(first);
    let secs = last.since(first).as_secs_f64();
    if let Some(late) = recording.happened.iter().find(|happened| happened.begin_secs > secs) {
        return Err(Exit::Usage(format!(
            "{file}: {} is labelled at {} s, and the recording ends after {secs:.1} s; times are seconds since its \
             beginning",
            late.rule, late.begin_secs
        )));
    }
    let happened = recording.happened.clone();
    let watchers = watchers(plan, labels, heard, secs);
    let alerts = alerts(heard, first, &labels.left_out);
    Ok((Watched { watchers, happened, alerts }, secs))
}

fn watchers(plan: &Plan, labels: &IncidentLabels, heard: &Heard, secs: f64) -> Vec<Watcher> {
    let ids = |rules: &[viahe_core::plan::Rule]| -> BTreeSet<Name> {
        let ids = rules.iter().map(|rule| rule.id.clone());
        ids.filter(|id| !labels.left_out.contains(id)).collect()
    };
    let cameras = plan.cameras.iter().filter_map(|camera| {
        let [first, last] = heard.cameras.get(&camera.id)?;
        let hours = last.since(*first).as_secs_f64() / 3600.0;
        Some(Watcher { rules: ids(&camera.rules), hours, is_camera: true })
    });
    let site = Watcher { rules: ids(&plan.rules), hours: secs / 3600.0, is_camera: false };
    cameras.chain((!site.rules.is_empty()).then_some(site)).collect()
}

/// Each incident as it was told first.
fn alerts(heard: &Heard, first: Timestamp, left_out: &BTreeSet<Name>) -> Vec<Alert> {
    let mut told = BTreeSet::new();
    let new = heard.said.iter().filter(|said| told.insert(&said.incident));
    new.filter(|said| !left_out.contains(&said.rule))
        .map(|said| Alert {
            rule: said.rule.clone(),
            camera: said.camera.clone(),
            zone: said.zone.clone(),
            told_secs: said.opened.since(first).as_secs_f64(),
        })
        .collect()
}

fn recorded(recording: &LabelledRecording, of: &Watched, secs: f64, grace_secs: f64) -> Recorded {
    let verdicts = matched(&of.happened, &of.alerts, grace_secs);
    let told_of = |i: usize| {
        let hit = verdicts.iter().position(|verdict| *verdict == Verdict::Hit(i))?;
        Some(of.alerts[hit].told_secs)
    };
    let outcome = |(i, happened): (usize, &Happened)| Outcome {
        happened: happened.clone(),
        told_secs: told_of(i),
    };
    let told = of.alerts.iter().zip(&verdicts);
    Recorded {
        file: recording.file.display().to_string(),
        secs,
        happened: of.happened.iter().enumerate().map(outcome).collect(),
        alerts: told.map(|(alert, &verdict)| Told { alert: alert.clone(), verdict }).collect(),
    }
}
