//! What a centre changes in the pipeline file of a box, and what comes of it.

use super::advice::Advice;
use super::fault::EditFault;
use super::incident::Severity;
use crate::class::Class;
use crate::id::Name;
use crate::sha256::Sha256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One change. Of a list, each is made in what those before it left; only the end must be right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// A zone is to be so; it is made if it is not there.
    SetZone {
        /// Whose.
        camera: Name,
        /// Which.
        zone: Name,
        /// What people call the place; none for its id.
        #[serde(default)]
        name: Option<String>,
        /// Corners in order around it, in fractions of the frame.
        polygon: Vec<[f64; 2]>,
    },
    /// There is to be no such zone.
    RemoveZone {
        /// Whose.
        camera: Name,
        /// Which.
        zone: Name,
    },
    /// A line is to be so; it is made if it is not there.
    SetLine {
        /// Whose.
        camera: Name,
        /// Which.
        line: Name,
        /// Its two ends, in fractions of the frame.
        points: [[f64; 2]; 2],
    },
    /// There is to be no such line.
    RemoveLine {
        /// Whose.
        camera: Name,
        /// Which.
        line: Name,
    },
    /// The ground is to be there.
    SetCalibration {
        /// Whose.
        camera: Name,
        /// Four points, in fractions of the frame.
        picture: [[f64; 2]; 4],
        /// The same points in metres from any point of reference.
        ground_m: [[f64; 2]; 4],
    },
    /// Where the ground is is not known any more.
    RemoveCalibration {
        /// Whose.
        camera: Name,
    },
    /// Cameras that look with this model look with another package from now on; the model is made if it is not there.
    SetModel {
        /// Its name in the file.
        model: Name,
        /// Folder under `models/` of the box.
        package: Name,
    },
    /// A camera is looked at with another model of the file.
    UseModel {
        /// Which.
        camera: Name,
        /// By its name in the file.
        model: Name,
    },
    /// A rule is to be so.
    SetRule {
        /// Whose; none for a rule of the site.
        #[serde(default)]
        camera: Option<Name>,
        /// Which, by its id, or by `use` where it has none; none for a new one.
        #[serde(default)]
        rule: Option<Name>,
        /// What is to stand there. Keys that are null, or not there, are taken out.
        written: RuleWritten,
    },
    /// There is to be no such rule.
    RemoveRule {
        /// Whose; none for a rule of the site.
        #[serde(default)]
        camera: Option<Name>,
        /// Which, by its id, or by `use` where it has none.
        rule: Name,
    },
    /// A permit is to be so, such as a painted bay.
    SetPermit {
        /// Which; none for a new one.
        #[serde(default)]
        permit: Option<Name>,
        /// What is to stand there. Keys that are null, or not there, are taken out.
        written: PermitWritten,
    },
    /// There is to be no such permit.
    RemovePermit {
        /// Which.
        permit: Name,
    },
}

/// Where four points of the picture are on the ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// In fractions of the frame.
    pub picture: [[f64; 2]; 4],
    /// The same points in metres from any point of reference.
    pub ground_m: [[f64; 2]; 4],
}

/// A rule as it stands in the file; what does not stand there is the catalogue's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleWritten {
    /// Entry of the catalogue.
    #[serde(rename = "use")]
    pub entry: Name,
    /// None where it is called as its entry.
    #[serde(default)]
    pub id: Option<Name>,
    /// One of the camera's zones.
    #[serde(default)]
    pub zone: Option<Name>,
    /// One of the camera's lines.
    #[serde(default)]
    pub line: Option<Name>,
    /// One of the site's sensors.
    #[serde(default)]
    pub sensor: Option<Name>,
    /// One of the site's windows.
    #[serde(default)]
    pub window: Option<Name>,
    /// Spans of hours; none for always.
    #[serde(default)]
    pub schedule: Vec<String>,
    /// How bad its incidents are.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Which things it is about; none for those of its entry.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// Its numbers by their keys: those that its entry takes, and `confidence_min`, `absence_secs` and
    /// `cooldown_secs`.
    #[serde(default)]
    pub parameters: BTreeMap<String, f64>,
}

/// A permit as it stands in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermitWritten {
    /// Unique in the file.
    pub id: Name,
    /// Why it is lawful, such as `parking_bay`.
    pub reason: String,
    /// Entries of the catalogue that it excepts.
    pub uses: Vec<Name>,
    /// Cameras that it is for; none for all.
    #[serde(default)]
    pub cameras: Vec<Name>,
    /// Zones of those; none for all.
    #[serde(default)]
    pub zones: Vec<Name>,
    /// Spans of hours; none for always.
    #[serde(default)]
    pub schedule: Vec<String>,
    /// Not before, as the file has it.
    #[serde(default)]
    pub from: Option<String>,
    /// Not from then on, as the file has it.
    #[serde(default)]
    pub until: Option<String>,
    /// Only what stands in here, in fractions of the frame; none for the whole zones.
    #[serde(default)]
    pub polygon: Option<Vec<[f64; 2]>>,
}

/// What came of an edit, or would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edited {
    /// Of the file as it is after that; as it was where there are problems.
    pub version: Sha256,
    /// What is different, with two lines around it; numbers that do not follow each other leave lines out.
    /// Secrets are left out.
    pub diff: Vec<DiffLine>,
    /// Why it cannot be; none where it can.
    pub problems: Vec<EditProblem>,
    /// What should be known of it all the same, for people.
    pub warnings: Vec<String>,
    /// The same, one by one, for who makes words of it; empty of a box of an earlier version.
    #[serde(default)]
    pub advice: Vec<Advice>,
}

impl Edited {
    /// Of a file that is as it was, in this version.
    pub fn nothing(version: Sha256) -> Self {
        let (diff, problems, warnings, advice) = Default::default();
        Self { version, diff, problems, warnings, advice }
    }
}

/// A line of one file or of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    /// Whose.
    pub kind: DiffKind,
    /// From 1: in the old file where it is removed, else in the new one.
    pub line: u32,
    /// Without its end.
    pub text: String,
}

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// Of both.
    Same,
    /// Of the new file.
    Added,
    /// Of the old one.
    Removed,
}

/// Why a file with the edit cannot be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditProblem {
    /// Where, such as `camera[le-loi-03].zone.kerb.polygon`; empty for the whole file.
    pub field: String,
    /// Which of the edits wrote there, from 0; none for what no edit wrote.
    pub edit: Option<u32>,
    /// What is wrong, for people.
    pub text: String,
    /// What to do about it, for people.
    pub remedy: String,
    /// The same for who makes words of it; none of what nobody who draws and sets can get wrong, and of a box
    /// of an earlier version.
    #[serde(default)]
    pub fault: Option<EditFault>,
}
