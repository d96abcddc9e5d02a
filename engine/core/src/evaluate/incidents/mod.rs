//! Incidents that were told, against what happened.
//!
//! Input: [`Watched`] recordings with what people saw in them ([`Happened`]) and what the rules told ([`Alert`]). [`matched`]
//! says of each alert what it was, [`Report`] counts: precision, recall, time to detect, alerts per camera-hour. The rule
//! of what is a hit, and where it comes from, is in `docs/models.md`.

mod matching;
mod report;
mod share;
#[cfg(test)]
mod tests;

pub use matching::{Alert, Happened, Verdict, matched};
pub use report::{Delays, Report, Row, Watched, Watcher};
pub use share::Share;
