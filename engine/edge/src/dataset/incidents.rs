//! Recordings in which people wrote down what happened, for `viahe model eval --incidents`.

use super::labelled::{DatasetError, text};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use viahe_core::evaluate::incidents::Happened;
use viahe_core::id::Name;
use viahe_core::plan::{Camera, Plan, Rule};
use viahe_core::time::Timestamp;

/// How long after its end something may still be told, unless the file says: as i-LIDS scores alarms (Home Office 2006,
/// "Imagery library for intelligent detection systems").
const GRACE_SECS: f64 = 10.0;
/// Longest grace: beyond it an alert helps nobody, and hits are luck.
const GRACE_SECS_MAX: f64 = 600.0;

/// What happened in recordings, as people labelled it.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentLabels {
    /// Whose rules should tell of it.
    pub pipeline: PathBuf,
    /// How long after its end something may still be told, s.
    pub grace_secs: f64,
    /// Rules that nobody labelled for: what they tell does not count.
    pub left_out: BTreeSet<Name>,
    /// At least one.
    pub recordings: Vec<LabelledRecording>,
}

/// A recording, and what happened in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledRecording {
    /// Pictures, or what was seen (`viahe record`).
    pub file: PathBuf,
    /// Whose pictures these are; of observations, whose the labels are that name none.
    pub camera: Option<Name>,
    /// Time of the first frame, where rules depend on it.
    pub start: Option<Timestamp>,
    /// All that happened of what the rules are about.
    pub happened: Vec<Happened>,
}

impl LabelledRecording {
    /// What was seen, not pictures of it: it stays what one model saw.
    pub fn is_of_observations(&self) -> bool {
        let name = self.file.to_string_lossy();
        name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    pipeline: PathBuf,
    #[serde(default = "usual_grace")]
    grace_secs: f64,
    #[serde(default)]
    left_out: BTreeSet<Name>,
    recordings: Vec<RecordingWritten>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordingWritten {
    file: PathBuf,
    camera: Option<Name>,
    start: Option<Timestamp>,
    #[serde(default)]
    incidents: Vec<IncidentWritten>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentWritten {
    rule: Name,
    camera: Option<Name>,
    zone: Option<Name>,
    begin_secs: f64,
    end_secs: f64,
}

fn usual_grace() -> f64 {
    GRACE_SECS
}

impl IncidentLabels {
    /// Reads the labels; paths in them start at their folder. What they name is held against the pipeline by
    /// [`IncidentLabels::fit`].
    ///
    /// # Errors
    /// [`DatasetError`]; the first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let invalid = |why: String| DatasetError::invalid(path, why);
        let written: Written = serde_json::from_str(&text(path)?)
            .map_err(|e| invalid(format!("{e}; docs/models.md says what such a file holds")))?;
        if !(0.0..=GRACE_SECS_MAX).contains(&written.grace_secs) {
            return Err(invalid(format!("grace_secs: 0 to {GRACE_SECS_MAX}")));
        }
        if written.recordings.is_empty() {
            return Err(invalid("recordings: there is none; add one".into()));
        }
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let mut recordings = Vec::new();
        for recording in written.recordings {
            let file = folder.join(&recording.file);
            if !file.is_file() {
                return Err(invalid(format!("{} is no file", file.display())));
            }
            let labelled = recording.labelled(file, &written.left_out).map_err(&invalid)?;
            if labelled.camera.is_none() && !labelled.is_of_observations() {
                let file = labelled.file.display();
                return Err(invalid(format!("{file}: say whose pictures these are, by `camera`")));
            }
            recordings.push(labelled);
        }
        Ok(Self {
            pipeline: folder.join(written.pipeline),
            grace_secs: written.grace_secs,
            left_out: written.left_out,
            recordings,
        })
    }

    /// Are there the cameras, rules and zones that the labels name?
    ///
    /// # Errors
    /// [`DatasetError`]; the first that is not.
    pub fn fit(&self, path: &Path, plan: &Plan) -> Result<(), DatasetError> {
        for recording in &self.recordings {
            let wrong = |what: String| {
                DatasetError::invalid(path, format!("{}: {what}", recording.file.display()))
            };
            if let Some(camera) = &recording.camera {
                find_camera(plan, camera).map_err(wrong)?;
            }
            for happened in &recording.happened {
                fits(plan, happened).map_err(wrong)?;
            }
        }
        Ok(())
    }
}

impl RecordingWritten {
    fn labelled(
        self,
        file: PathBuf,
        left_out: &BTreeSet<Name>,
    ) -> Result<LabelledRecording, String> {
        let Self { camera, start, incidents, .. } = self;
        let mut happened = Vec::new();
        for (i, of) in incidents.into_iter().enumerate() {
            let place = || format!("{}: incidents[{i}]", file.display());
            if left_out.contains(&of.rule) {
                return Err(format!(
                    "{}: {} is in left_out; label it or leave it out",
                    place(),
                    of.rule
                ));
            }
            let (begin, end) = (of.begin_secs, of.end_secs);
            if !(begin >= 0.0 && begin <= end && end.is_finite()) {
                let rule = "0 or more, and end_secs not before begin_secs";
                return Err(format!("{}: begin_secs {begin} and end_secs {end}: {rule}", place()));
            }
            happened.push(Happened {
                rule: of.rule,
                camera: of.camera.or_else(|| camera.clone()),
                zone: of.zone,
                begin_secs: begin,
                end_secs: end,
            });
        }
        Ok(LabelledRecording { file, camera, start, happened })
    }
}

fn find_camera<'p>(plan: &'p Plan, id: &Name) -> Result<&'p Camera, String> {
    plan.cameras.iter().find(|camera| camera.id == *id).ok_or_else(|| {
        let ids: Vec<&str> = plan.cameras.iter().map(|camera| camera.id.as_str()).collect();
        format!("the pipeline has no camera {id}; it has {}", ids.join(", "))
    })
}

fn fits(plan: &Plan, happened: &Happened) -> Result<(), String> {
    let camera = happened.camera.as_ref().map(|id| find_camera(plan, id)).transpose()?;
    let (rules, whose) = match camera {
        Some(camera) => (&camera.rules, format!("camera {}", camera.id)),
        None => (&plan.rules, "the site".to_owned()),
    };
    if !rules.iter().any(|rule: &Rule| rule.id == happened.rule) {
        let ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        let has = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        return Err(format!("{whose} has no rule {}; it has {has}", happened.rule));
    }
    let Some(zone) = &happened.zone else { return Ok(()) };
    let zones = camera.map(|camera| &camera.zones[..]).unwrap_or_default();
    if zones.iter().any(|known| known.id == *zone) {
        return Ok(());
    }
    let ids: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
    Err(format!("{whose} has no zone {zone}; it has {}", ids.join(", ")))
}
