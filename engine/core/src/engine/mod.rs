//! The event plane as one state machine: [`Event`] in, [`Effect`]s out. No I/O, no clock.
//!
//! One owner, no locks. The same events give the same effects, also when the state is saved and
//! restored in between ([`Engine::save`], [`Engine::restore`]), and the same incidents when events
//! come late within what their sources are allowed.
//!
//! An incident is first said when its pictures are on disk or known to be lost: the operator gets
//! one alert with its evidence, not two halves. Pictures are asked for with [`Effect::Capture`]
//! and answered with [`Event::Captured`].
//!
//! The data goes one way: what may be said and remembered (`event`, `command`, `memory` and its
//! parts), the [`Engine`] that has it, one file for each sort of event (`observed`, `camera`,
//! `reading`, …) over what they share (`visit`, `signal`, `say`), and `apply` above all.

mod adapt;
mod applies;
mod apply;
mod attend;
mod attended;
mod camera;
mod captured;
mod case;
mod clock;
mod clock_set;
mod command;
mod commanded;
mod correct;
mod done;
mod doubt;
mod drawn;
mod event;
mod held;
mod inactive;
mod machine;
mod memory;
mod observed;
mod prepared;
mod reading;
mod reword;
mod rule_at;
mod saved;
mod say;
mod scope;
mod sensor;
mod sight;
mod signal;
mod standing;
mod tick;
mod tracked;
mod trail;
mod upgrade;
mod values;
mod visit;
mod window;
mod wording;
mod worker_started;

pub use command::{Answer, Command, Declared, STANDING_MAX, Standing};
pub use done::Known;
pub use event::{Capture, Effect, Event, TooLate, WindowTold};
pub use machine::Engine;
pub use saved::{Changes, Lost, RestoreError, Restored, Saved, Saves};
pub use scope::{Scope, StateError, StateVersion};
pub use signal::UPDATE_EVERY;
pub use standing::{Orders, Silence, Silenced};
