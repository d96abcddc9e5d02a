//! What can happen to the engine, and what follows.

use super::command::{Answer, Command};
use crate::artefact::Artefact;
use crate::attention::Attention;
use crate::id::{CaptureId, Name};
use crate::incident::Revision;
use crate::observe::{Observation, ViewReport};
use crate::plan::program::CameraTrouble;
use crate::sensor::WindowResult;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::message::{CameraStatus, ModelRef, Moment, SensorHealth};

/// Everything that can happen to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A frame was analysed.
    Observed(Observation),
    /// A picture is on disk, or will never be.
    Captured {
        /// Which.
        capture: CaptureId,
        /// The file; none when the frame was gone or could not be written.
        evidence: Option<Artefact>,
    },
    /// A picture is not there yet, and what is to be said waits for it no longer.
    Late {
        /// Which.
        capture: CaptureId,
    },
    /// A vision worker has started: tracks of its cameras are counted anew, and these models look.
    WorkerStarted {
        /// By camera; none at all for a worker that has all cameras and does not say which models look.
        models: BTreeMap<Name, ModelRef>,
    },
    /// A camera went on or off line.
    Camera {
        /// Which.
        camera: Name,
        /// When, by the box's clock.
        at: Timestamp,
        /// How it is.
        status: CameraStatus,
    },
    /// What a camera's view is like.
    Viewed(ViewReport),
    /// A sensor measured something.
    Reading {
        /// Which.
        sensor: Name,
        /// When.
        at: Timestamp,
        /// In the canonical unit of its quantity.
        value: f64,
    },
    /// An operator wants something.
    Command(Command),
    /// The box's clock has gone on to here.
    Tick(Timestamp),
    /// The box's clock was set: times of events from now on are later by so much, or earlier when
    /// it is negative, than they would have been. Nothing else happened.
    ClockSet {
        /// By how much, in ms.
        by_ms: i64,
    },
}

/// What the edge must do, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Take a picture of a frame and answer with [`Event::Captured`].
    Capture(Capture),
    /// A picture is not needed any more, also if it is not there yet.
    Discard(CaptureId),
    /// Make this known, durably and at least once.
    Publish(Box<Revision>),
    /// The rules of a camera are suspended because of its view, or not any more.
    View {
        /// Which camera.
        camera: Name,
        /// What is wrong; none when all is well again.
        trouble: Option<CameraTrouble>,
        /// Since when.
        since: Timestamp,
    },
    /// A sensor is well, or not any more.
    Sensor {
        /// Which.
        sensor: Name,
        /// How it is.
        state: SensorHealth,
        /// Since when.
        at: Timestamp,
        /// It was heard at least once.
        ever: bool,
    },
    /// A reading came too late to make a rule hold.
    TooLate(TooLate),
    /// Make a result of a window known.
    Window(WindowTold),
    /// Answer a command.
    Answer(Answer),
    /// A camera needs this much now. It is told when that changes, and once after a start.
    Attend {
        /// Which camera.
        camera: Name,
        /// What it needs, and why that is not more.
        attention: Attention,
    },
}

/// A picture to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// To answer with.
    pub id: CaptureId,
    /// Whose frame.
    pub camera: Name,
    /// Which frame.
    pub seq: u64,
    /// Which part of an incident it is to show.
    pub moment: Moment,
}

/// A reading that came too late for its sensor's lateness, and would have made a rule hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TooLate {
    /// Of which sensor.
    pub sensor: Name,
    /// When it was measured.
    pub at: Timestamp,
    /// In the quantity's unit.
    pub value: f64,
    /// How much older than the newest one it was.
    pub by: Duration,
    /// The rule that it concerns.
    pub rule: Name,
}

/// A window has something to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowTold {
    /// Which window.
    pub window: Name,
    /// Whose readings.
    pub sensor: Name,
    /// Of the value.
    pub unit: String,
    /// What it says.
    pub result: WindowResult,
}

impl Event {
    /// When it happened; none for what has no time of its own.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Observed(observation) => Some(observation.frame.captured),
            Self::Viewed(report) => Some(report.at),
            Self::Camera { at, .. } | Self::Reading { at, .. } | Self::Tick(at) => Some(*at),
            Self::Command(command) => Some(command.at),
            Self::Captured { .. }
            | Self::Late { .. }
            | Self::WorkerStarted { .. }
            | Self::ClockSet { .. } => None,
        }
    }
}
