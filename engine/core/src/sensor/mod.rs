//! Sensors: what a payload says, whether it can be believed, and what it adds up to over time.
//!
//! `quantity` (what is measured, in which unit) → `decode` (payload → samples) → `order` (samples
//! of many sensors in one order) → `health` (is the sensor well) → `window` (sums, means and the
//! like over spans of event time). Each part is a plain value: saved and restored at any point,
//! it goes on as if nothing had happened.

pub mod decode;
pub mod health;
pub mod order;
pub mod quantity;
mod senml;
pub mod window;

pub use decode::{DecodeError, Decoder, Format, Sample, SensorClock, decode};
pub use health::{Health, HealthParams, Verdict};
pub use order::{Late, Order, Tie, Watermarks};
pub use quantity::{Quantity, Unit, convert};
pub use window::{Function, Pushed, Shape, State, WindowResult, WindowSpec, Windows};
