//! What the console keeps: one SQLite database in the data folder.
//!
//! One thread writes. What comes while it commits is committed together next, each in a savepoint of its
//! own, so that one that fails takes no other with it. Whoever asked is answered after the commit, so what
//! was answered survives a lost current. Readers have connections of their own and never wait for the
//! writer.
//!
//! Statements stand in this module alone, one file for each matter; what others see are methods of
//! [`Store`] and values.

mod error;
mod handle;
mod open;
mod readers;
mod writer;

pub use error::StoreError;
pub use handle::Store;
