//! Validated values: what runs where, when, and under which rules. Only [`crate::config`] makes
//! them of files; everything above acts on them.
//!
//! `secret`, `words`, `program` → `asked`, `source`, `mqtt`, `console`, `shadow`, `calendar` → `schedule` → `lawful`
//! → `pipeline`.

mod asked;
mod calendar;
mod console;
mod lawful;
mod mqtt;
mod pipeline;
pub mod program;
mod schedule;
mod secret;
mod shadow;
mod source;
mod words;

pub use calendar::{Calendar, DayKind, SpecialDay};
pub use console::Console;
pub use lawful::{Permit, PermitReason};
pub use mqtt::{Ack, Mqtt, MqttTls, MqttVersion};
pub use pipeline::{
    Camera, Citation, Disaster, EngineOptions, Escalation, Expected, Line, Plan, Rule, Sensor,
    Site, Test, Unseen, Window, Zone,
};
pub use program::Program;
pub use schedule::{Schedule, WeekSpan};
pub use secret::Secret;
pub use shadow::{PromotionBounds, Shadow};
pub use source::{Source, Transport};
pub use words::{Language, Words};
