//! Pictures to learn from: of incidents that operators judged, and frames that somebody chose.
//!
//! Input: the state folder of a box, a folder of frames. Output: [`Chosen`] pictures, the hardest first, each with the part of
//! the data set that it belongs to. Nothing is opened but the store; pictures are the caller's to hide people in.

use crate::evidence::{evidence_dir, path_of};
use crate::store::{StoreError, judged_on};
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::{Judgement, Medium, ModelRef, Moment, Verdict};
use viahe_core::incident::Revision;
use viahe_core::observe::Class;
use viahe_core::time::Timestamp;

/// Surer subjects are no hard examples. Judgement: the catalogue's rules believe from 0.3 to 0.5 on.
const UNSURE_BELOW: f32 = 0.5;
/// Of 20 camera-days, so many are to learn from, and so many to choose by; the rest is to be measured on at the end.
const SHARES: [u64; 2] = [14, 3];
/// Most frames of a folder that are taken.
const FRAMES_MAX: usize = 100_000;

/// Which part of a data set a picture belongs to. All pictures of a camera on a day are in one part, always the same one: they are
/// alike, and a model that learned from one has seen the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose by.
    Val,
    /// To be measured on, once.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name in data sets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    /// By a hash of camera and day, so that it is the same in each export, on each machine.
    pub fn of(camera: &str, day: &str) -> Self {
        let hash = Sha256::digest(format!("{camera}/{day}"));
        let drawn = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)) % 20;
        match drawn {
            of if of < SHARES[0] => Self::Train,
            of if of < SHARES[0] + SHARES[1] => Self::Val,
            _ => Self::Test,
        }
    }
}

/// Why there is much to be learned from a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hard {
    /// An operator said that it is no incident.
    Dismissed,
    /// Operators did not agree, or another model does not see what was told.
    Disagreement,
    /// The model was unsure.
    LowConfidence,
}

/// A picture to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The file.
    pub file: PathBuf,
    /// Whose.
    pub camera: String,
    /// Of which day, at the site.
    pub day: String,
    /// What it shows of an incident; none of a frame that somebody chose.
    pub told: Option<Told>,
    /// Why it is hard.
    pub hard: BTreeSet<Hard>,
}

/// What was told and judged of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// The incident.
    pub incident: IncidentId,
    /// Its rule's id.
    pub rule: Name,
    /// When the picture was taken.
    pub captured: Timestamp,
    /// What holds.
    pub judgement: Judgement,
    /// Why it was dismissed, by the centre's list.
    pub reason: Option<Name>,
    /// Who saw it.
    pub model: Option<ModelRef>,
    /// What it is about, as far as boxes are known at that moment.
    pub subjects: Vec<Thing>,
}

/// Something in a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thing {
    /// What it is.
    pub class: Class,
    /// How sure the model was.
    pub confidence: f32,
    /// x0, y0, x1, y1 in fractions of the picture.
    #[serde(rename = "box")]
    pub corners: [f64; 4],
}

impl Chosen {
    /// In which part it is.
    pub fn split(&self) -> Split {
        Split::of(&self.camera, &self.day)
    }

    /// The hardest first: what is hard for a graver reason, then for more of them.
    fn rank(&self) -> (Option<Hard>, usize, &str, &Path) {
        let gravest = self.hard.first().copied();
        // None is less than all reasons, and must come last.
        (gravest, usize::MAX - self.hard.len(), &self.camera, &self.file)
    }
}

/// The hardest first, then by camera.
pub fn sort(chosen: &mut [Chosen]) {
    chosen.sort_by(|a, b| (a.hard.is_empty(), a.rank()).cmp(&(b.hard.is_empty(), b.rank())));
}

/// What could not be taken, by why.
pub type LeftOut = BTreeMap<&'static str, usize>;

/// Pictures of all incidents in the state folder `dir` on which an operator's word holds. `zone` is the site's.
///
/// # Errors
/// [`StoreError`] when there is no store, or it cannot be read.
pub fn judged(dir: &Path, zone: &TimeZone) -> Result<(Vec<Chosen>, LeftOut), StoreError> {
    let (mut chosen, mut left_out) = (Vec::new(), LeftOut::new());
    for (revision, verdicts) in judged_on(dir)? {
        let holds = verdicts.last().filter(|last| last.judgement != Judgement::Withdrawn);
        let (Some(last), Some(camera)) = (holds, &revision.camera) else {
            let why = if holds.is_none() { "the verdict was withdrawn" } else { "of no camera" };
            *left_out.entry(why).or_default() += 1;
            continue;
        };
        for artefact in revision.evidence.iter().filter(|of| of.medium == Medium::Jpeg) {
            let file = path_of(&evidence_dir(dir), artefact.sha256, artefact.medium);
            if !file.is_file() {
                *left_out.entry("the picture is kept no longer").or_default() += 1;
                continue;
            }
            let captured = artefact.span.first;
            let subjects = subjects(&revision, artefact.moment);
            let hard = hard(&verdicts, last, &subjects);
            let day = captured.in_zone(zone).date().to_string();
            let told = Told {
                incident: revision.incident.clone(),
                rule: revision.rule.clone(),
                captured,
                judgement: last.judgement,
                reason: last.reason.clone(),
                model: revision.model.clone(),
                subjects,
            };
            chosen.push(Chosen { file, camera: camera.to_string(), day, told: Some(told), hard });
        }
    }
    Ok((chosen, left_out))
}

/// Where the subjects are in the picture of a moment; nobody is there any more at the end.
fn subjects(revision: &Revision, moment: Moment) -> Vec<Thing> {
    let boxes = match moment {
        Moment::FirstSeen => &revision.geometry.boxes.first_seen,
        Moment::Opened => &revision.geometry.boxes.opened,
        _ => return Vec::new(),
    };
    let thing = |(subject, &corners): (&viahe_core::incident::Subject, &[f64; 4])| Thing {
        class: subject.class.clone(),
        confidence: subject.confidence.get(),
        corners,
    };
    revision.subjects.iter().zip(boxes).map(thing).collect()
}

fn hard(verdicts: &[Verdict], last: &Verdict, subjects: &[Thing]) -> BTreeSet<Hard> {
    let said = |what: Judgement| verdicts.iter().any(|verdict| verdict.judgement == what);
    let unsure = |thing: &Thing| thing.confidence < UNSURE_BELOW;
    let reasons = [
        (Hard::Dismissed, last.judgement == Judgement::Dismissed),
        (Hard::Disagreement, said(Judgement::Confirmed) && said(Judgement::Dismissed)),
        (Hard::LowConfidence, subjects.iter().any(unsure)),
    ];
    reasons.into_iter().filter(|(_, so)| *so).map(|(why, _)| why).collect()
}

/// Frames that somebody chose: `FOLDER/CAMERA/YYYY-MM-DD/FILE`.
///
/// # Errors
/// For people: a folder that cannot be read, or is not laid out so.
pub fn frames(folder: &Path) -> Result<Vec<Chosen>, String> {
    let mut chosen = Vec::new();
    for camera in entries(folder)? {
        for day in entries(&camera)? {
            let day_name = name(&day);
            if day_name.parse::<jiff::civil::Date>().is_err() {
                let day = day.display();
                return Err(format!("{day} is no day; frames lie in CAMERA/YYYY-MM-DD/"));
            }
            for file in entries(&day)? {
                let (camera, day) = (name(&camera), day_name.clone());
                chosen.push(Chosen { file, camera, day, told: None, hard: BTreeSet::new() });
            }
            if chosen.len() > FRAMES_MAX {
                return Err(format!(
                    "{}: more than {FRAMES_MAX} frames; name fewer",
                    folder.display()
                ));
            }
        }
    }
    Ok(chosen)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let mut entries = read().map_err(|e| format!("{}: {e}", folder.display()))?;
    entries.sort();
    Ok(entries)
}
