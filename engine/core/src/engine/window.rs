//! What is remembered of a window over readings.

use crate::id::Name;
use crate::plan::Window;
use crate::sensor::{WindowResult, Windows};
use serde::{Deserialize, Serialize};

/// What is remembered of a window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WindowMemory {
    pub(super) name: Name,
    /// Of its sensors, and of what is told; another one starts anew.
    pub(super) shape: String,
    /// By the clock on the wall: an hour of rain is from 8 to 9.
    pub(super) windows: Windows,
    /// The newest final result of each sensor.
    pub(super) finals: Vec<Option<WindowResult>>,
}

impl WindowMemory {
    pub(super) fn new(window: &Window, shape: String) -> Option<Self> {
        // Checked when the plan was read.
        let windows = Windows::new(window.spec, window.sensors.len() as u32).ok()?;
        let finals = vec![None; window.sensors.len()];
        Some(Self { name: window.name.clone(), shape, windows, finals })
    }
}
