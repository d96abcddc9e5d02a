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
mod changes;
mod codes;
mod crowd;
mod error;
mod files;
mod floods;
mod grades;
mod handle;
mod headings;
mod incidents;
mod keeping;
mod known;
mod located;
mod matching;
mod meta;
mod open;
mod outgoing;
mod pass;
mod people;
mod person;
mod queue;
mod readers;
mod rest;
mod rows;
mod session;
mod shelves;
mod showing;
mod sites;
mod standing;
mod stills;
mod strays;
mod summaries;
mod take;
mod tally;
mod times;
mod token;
mod verdicts;
mod wanted;
mod words;
mod writer;

#[cfg(test)]
mod tests_ahead;
#[cfg(test)]
mod tests_crowd;
#[cfg(test)]
mod tests_notes;
#[cfg(test)]
mod tests_plans;
#[cfg(test)]
mod tests_search;
#[cfg(test)]
mod tests_workload;

pub use audit::{AuditLine, AuditWanted, What};
pub use crowd::Crowd;
pub use error::StoreError;
pub use files::{Brought, FileAt};
pub use floods::Newcomer;
pub(crate) use grades::{CONFIRMED, TOGETHER, WAITING};
pub use grades::{Graded, KeptAside, Outcome};
pub use handle::Store;
pub use outgoing::Letter;
pub use pass::Pass;
pub use people::{Change, Doer, NoteOfSite, Proved, Unchanged};
pub use person::KeptPerson;
pub use session::SESSION_MAX;
pub use shelves::{Shelved, Shelving};
pub use showing::Shown;
pub use sites::{State, StateHeard};
pub(crate) use standing::Standing;
pub use strays::StrayAt;
pub use take::{Heard, Taken};
pub use times::is_ahead;
pub use token::KeptToken;
pub use verdicts::{Judged, Speaker, Undone};
