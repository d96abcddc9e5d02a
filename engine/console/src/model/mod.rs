//! Values that several modules speak of.

mod person;

pub use person::{Person, Role, Scope};
