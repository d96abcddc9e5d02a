//! Sensors: what a payload says, whether it can be believed, and what it adds up to over time.
//!
//! `quantity` (what is measured, in which unit) → `decode` (payload → samples) → `presence` (is it
//! heard) → `counter` (totals → what was added) → `timeline` (samples in the order in which they
//! were measured) → `health` (can it be believed) → `window` (sums, means and the like over spans
//! of event time). Each part is a plain value: saved and restored at any point, it goes on as if
//! nothing had happened.

pub mod counter;
pub mod decode;
pub mod decoder;
pub mod health;
pub mod presence;
pub mod quantity;
pub mod recognise;
mod senml;
pub mod timeline;
pub mod topic;
pub mod window;

pub use counter::{Counter, CounterParams};
pub use decode::{decode, decode_kept};
pub use decoder::{DecodeError, Decoder, Format, Pointers, Sample, SensorClock, When};
pub use health::{Health, HealthParams, Quality};
pub use presence::Presence;
pub use quantity::{Quantity, Unit, convert};
pub use recognise::recognise;
pub use timeline::{Taken, Timeline};
pub use window::{Function, Pushed, Shape, WindowResult, WindowSpec, Windows};
