//! People and machines: who they are, what they may do, and on which sites.

mod authority;
mod person;
mod rights;

pub use authority::{Authority, Refusal};
pub use person::{Caller, Person, Role, Scope};
pub use rights::{Need, need_of};
