//! A pipeline file as the centre sees it: what may be drawn and set there. Never a secret, and no address
//! of a camera.

use super::edit::{Calibration, PermitWritten, RuleWritten};
use super::incident::Severity;
use super::refusal::{self, Lock};
use crate::id::Name;
use crate::place::Position;
use crate::sha256::Sha256;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What answers `pipeline`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteView {
    /// Of the file's bytes; an edit says which one it is of.
    pub version: Sha256,
    /// Why the file cannot be changed from here, for people; none where it can.
    pub locked: Option<String>,
    /// The same, for who makes words of it; none of another reason, and of a box of an earlier version.
    #[serde(default, deserialize_with = "refusal::known")]
    pub lock: Option<Lock>,
    /// In file order.
    pub cameras: Vec<CameraView>,
    /// Which cameras may be looked at with, by their names.
    #[serde(default)]
    pub models: Vec<ModelView>,
    /// Packages of models that the box has, by name; whether their weights are there is seen when they are used.
    #[serde(default)]
    pub packages: Vec<Name>,
    /// Rules that need sensors only, in file order.
    pub rules: Vec<RuleWritten>,
    /// In file order.
    pub permits: Vec<PermitWritten>,
    /// In file order.
    pub sensors: Vec<MeasureView>,
    /// In file order.
    pub windows: Vec<MeasureView>,
    /// Kinds of violations that rules may use, by name.
    pub catalogue: Vec<EntryView>,
    /// Newest first; bounded.
    pub history: Vec<PipelineVersion>,
}

/// A model that cameras may be looked at with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelView {
    /// Unique; what cameras and edits call it.
    pub id: Name,
    /// Folder under `models/` of the box.
    pub package: Name,
}

/// A camera, but for how it is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameraView {
    /// Unique.
    pub id: Name,
    /// What people call it.
    pub name: Option<String>,
    /// Where it stands.
    pub position: Option<Position>,
    /// What the model that looks at it is called.
    pub model: Name,
    /// Columns and rows in px of the model's input; none where the model cannot be read.
    pub input_px: Option<[u32; 2]>,
    /// The picture keeps its shape on the model's input, and leaves a part of that empty; else it is stretched.
    #[serde(default)]
    pub letterbox: bool,
    /// The least height in px on the model's input, of those that were measured, from which on it finds at least half of the
    /// people in a single look; none where nobody measured it, or not even the tallest are found so often.
    pub height_min_px: Option<f64>,
    /// Parts of the picture may be looked at closely.
    pub regions: bool,
    /// In file order.
    pub zones: Vec<ZoneView>,
    /// In file order.
    pub lines: Vec<LineView>,
    /// Where the ground is.
    pub calibration: Option<Calibration>,
    /// In file order.
    pub rules: Vec<RuleWritten>,
}

/// A named part of the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZoneView {
    /// Unique in a camera.
    pub id: Name,
    /// What people call the place.
    pub name: Option<String>,
    /// Corners in order around it, in fractions of the frame.
    pub polygon: Vec<[f64; 2]>,
}

/// A named line in the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineView {
    /// Unique in a camera.
    pub id: Name,
    /// Its two ends, in fractions of the frame.
    pub points: [[f64; 2]; 2],
}

/// A sensor or a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureView {
    /// Unique among its sort.
    pub id: Name,
    /// What it measures, such as `water_level`.
    pub quantity: String,
    /// Of its values.
    pub unit: String,
}

/// A kind of violation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryView {
    /// Its name in `use`.
    pub entry: Name,
    /// What it is called.
    pub title: InBoth,
    /// When to confirm it and when not.
    pub guidance: InBoth,
    /// Known reasons for false incidents.
    pub traps: Vec<InBoth>,
    /// Unless a rule says otherwise.
    pub severity: Severity,
    /// What a rule of it must have.
    pub needs: EntryNeeds,
    /// Numbers that a rule may set.
    pub parameters: Vec<ParameterView>,
}

/// Words in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBoth {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// What a rule of an entry must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct EntryNeeds {
    /// It is a rule of a camera; else one of a camera or of the site.
    pub camera: bool,
    /// It names a zone; else it may not.
    pub zone: bool,
    /// It names a line; else it may not.
    pub line: bool,
    /// The camera is calibrated.
    pub calibration: bool,
    /// It is known where the camera stands.
    pub position: bool,
    /// It names a sensor of this quantity; else it may not.
    pub sensor: Option<String>,
    /// It names a window of this quantity; else it may not.
    pub window: Option<String>,
}

/// A number that a rule may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterView {
    /// Its key.
    pub name: String,
    /// What it is to be.
    pub kind: ParameterKind,
    /// Without it; none where each rule must set it.
    pub default: Option<f64>,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
    /// Of the number, such as `s`; none where it has none.
    pub unit: Option<String>,
    /// What it means, in English.
    pub text: String,
    /// What people call it; none of a box of an earlier version.
    #[serde(default)]
    pub title: Option<InBoth>,
    /// What it means, for who sets it; none of a box of an earlier version.
    #[serde(default)]
    pub help: Option<InBoth>,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Any number in range.
    Number,
    /// A whole one.
    Whole,
    /// A direction in the picture, in degrees: 0 is right, 90 is down.
    Direction,
}

/// A text that the file had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineVersion {
    /// Of its bytes.
    pub version: Sha256,
    /// Since when the file has it; for who wrote it by hand, when that was seen.
    pub time: LocalTime,
    /// Who made it so; none for what was written by hand.
    pub by: Option<String>,
    /// Why; none for what was written by hand.
    pub why: Option<String>,
}
