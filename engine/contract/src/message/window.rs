//! What readings add up to.

use crate::id::Name;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What `…/window/{window}` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowResult {
    /// Which window.
    pub window: Name,
    /// Whose readings.
    pub sensor: Name,
    /// First time in it.
    pub start: LocalTime,
    /// First time after it.
    pub end: LocalTime,
    /// By the window's function, in `unit`.
    pub value: f64,
    /// Canonical unit of the quantity.
    pub unit: String,
    /// How many readings.
    pub count: u64,
    /// How sure it is.
    pub state: Certainty,
    /// Counts what is told of this window, from 1.
    pub revision: u32,
}

/// How sure a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The window is over; late readings may still change it.
    Preliminary,
    /// A late reading changed it.
    Corrected,
    /// A late reading joined this session to another or made it longer: the result, told before,
    /// no longer holds, and another one takes its place. `count` is 0. Sessions only.
    Withdrawn,
    /// Nothing changes it any more. Told exactly once for each window with readings.
    Final,
}
