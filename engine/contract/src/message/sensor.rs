//! How a sensor is.

use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What `…/sensor/{sensor}/state` says, kept by the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorState {
    /// How it is.
    pub state: SensorHealth,
    /// Since when.
    pub since: LocalTime,
}

/// How a sensor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorHealth {
    /// Its values can be believed.
    Good,
    /// It says what cannot be.
    OutOfRange,
    /// Its values jump faster than what it measures.
    Jumping,
    /// It says the same for too long.
    Stuck,
    /// It says nothing.
    #[default]
    Silent,
}
