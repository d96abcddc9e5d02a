//! What the console keeps: one SQLite database in the data folder.
//!
//! One thread writes. What comes while it commits is committed together next, each in a savepoint of its
//! own, so that one that fails takes no other with it. Whoever asked is answered after the commit, so what
//! was answered survives a lost current. Readers have connections of their own and never wait for the
//! writer.
//!
//! Statements stand in this module alone, one file for each matter; what others see are methods of
//! [`Store`] and values.

mod audit;
mod error;
mod handle;
mod open;
mod people;
mod person;
mod readers;
mod rows;
mod session;
mod token;
mod writer;

pub use audit::{AuditLine, AuditWanted, What};
pub use error::StoreError;
pub use handle::Store;
pub use people::{Change, Doer, Pass, Proved, Unchanged};
pub use person::KeptPerson;
pub use session::SESSION_MAX;
pub use token::KeptToken;
