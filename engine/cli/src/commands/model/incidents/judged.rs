//! What came of a model on labelled recordings, as it is written as JSON.

use serde::Serialize;
use viahe_core::evaluate::incidents::{Alert, Happened, Report, Verdict};
use viahe_core::id::Name;

/// What a model and the rules made of all recordings.
#[derive(Serialize)]
pub(super) struct Judged {
    pub(super) model: Name,
    pub(super) version: u32,
    pub(super) sha256: String,
    pub(super) licence: String,
    pub(super) labels: String,
    /// Processor time after the first frame of each recording: decoding, inference and rules. None where a recording is
    /// of observations, which cost nothing any more.
    pub(super) cpu_secs: Option<f64>,
    pub(super) hits_per_cpu_sec: Option<f64>,
    pub(super) report: Report,
    pub(super) recordings: Vec<Recorded>,
}

/// A recording, and what was told of it.
#[derive(Serialize)]
pub(super) struct Recorded {
    pub(super) file: String,
    pub(super) secs: f64,
    pub(super) happened: Vec<Outcome>,
    pub(super) alerts: Vec<Told>,
}

/// Something that happened.
#[derive(Serialize)]
pub(super) struct Outcome {
    #[serde(flatten)]
    pub(super) happened: Happened,
    /// None where it was missed.
    pub(super) told_secs: Option<f64>,
}

/// Something that was told.
#[derive(Serialize)]
pub(super) struct Told {
    #[serde(flatten)]
    pub(super) alert: Alert,
    pub(super) verdict: Verdict,
}
