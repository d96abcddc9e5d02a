//! A candidate model in the shadow of the one at work: both streams of incidents written down and compared, and what follows.
//!
//! `book` (what is known, in the state folder) → `twins` (two engines of a stretch) → `bench` (what comes of looks) ·
//! `compare` (pairs and verdicts) → `report` → `plots` → `page` (HTML) · `exchange` (of the models, in the pipeline
//! file) → `serve` (the process) · `keeper` (its supervisor in the engine). Why so:
//! `docs/adr/0055-models-in-the-shadow.md`.

mod bench;
mod book;
mod compare;
mod exchange;
mod keeper;
mod page;
mod plots;
mod report;
mod serve;
mod twins;

pub use book::{Book, Decision, decision, judge, reset, write_decision};
pub use exchange::exchange;
pub use keeper::{Keeper, ShadowLaunch};
pub use page::page;
pub use report::Report;
pub use serve::{ServeError, serve};
