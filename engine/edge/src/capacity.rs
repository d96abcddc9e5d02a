//! How many cameras a box bears: measured, and judged.
//!
//! [`Watcher`] sits beside a running event plane, waits until its cameras have settled, and counts for a
//! while; [`Report`] says what follows. It guesses nothing that it has not seen: where there were no looks
//! it says that it cannot tell.

mod figures;
mod helps;
mod judge;
#[cfg(test)]
mod tests;
mod watch;

pub use figures::CameraFigures;
pub use helps::Help;
pub use judge::{Bound, Report};
pub use watch::{CameraSeen, Measured, Watcher};
