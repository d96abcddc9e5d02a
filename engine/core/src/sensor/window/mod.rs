//! Windows over event time: what readings add up to per hour, per rain, per day.
//!
//! A window is told up to three times: `Preliminary` when event time has reached its end,
//! `Corrected` after each late reading that belongs to it, and once `Final` when the watermark has
//! passed its end. Readings that are not later than the watermark give the same final results in
//! whatever order they come, to the last bit: sums are kept in whole millionths.
//!
//! `spec` (what a window is) → `acc` (what is kept of many readings) → `panes` (tumbling and sliding) and `session` → `windows`.

mod acc;
mod panes;
mod session;
mod spec;
#[cfg(test)]
mod tests;
mod windows;

pub use spec::{Function, PANES_MAX, Pushed, Shape, VALUE_MAX, WindowResult, WindowSpec};
pub use windows::Windows;
