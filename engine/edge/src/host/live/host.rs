//! The live host: a box at work. Its parts, each with what it knows.

use super::below::Below;
use super::books::Books;
use super::day::Time;
use super::inbound::Inbox;
use super::journal::Journal;
use super::outside::{Centre, Lookers, Retraces};
use super::owed::Owed;
use super::parts::{Observer, Reload};
use super::pictures::Pictures;
use super::refusals::Refusals;
use super::told::Told;
use super::watch::Watch;
use super::workers::Workers;
use crate::shadow::Keeper;
use crate::trouble::Troubles;
use crate::tune::Tuned;
use std::sync::Arc;
use viahe_core::plan::Plan;

/// What carries out the engine's effects on a box, and makes events of what arrives there.
pub(super) struct Live {
    /// What runs.
    pub(super) plan: Arc<Plan>,
    /// What time it is.
    pub(super) time: Time,
    /// Pictures that are waited for or kept.
    pub(super) pictures: Pictures,
    /// Who looks.
    pub(super) fleet: Box<dyn Lookers>,
    /// What is known of them.
    pub(super) workers: Workers,
    /// What they said and was not believed.
    pub(super) refusals: Refusals,
    /// Cameras that are looked at too rarely.
    pub(super) below: Below,
    /// The store, and what it is to get.
    pub(super) owed: Owed,
    /// What is known of the disk.
    pub(super) disk: Watch,
    /// What was seen, written down.
    pub(super) journal: Journal,
    /// Who goes through the history to answer questions.
    pub(super) retracer: Box<dyn Retraces>,
    /// The way to the centre.
    pub(super) centre: Box<dyn Centre>,
    /// What it was told.
    pub(super) told: Told,
    /// What comes from there.
    pub(super) inbox: Inbox,
    /// Who keeps the process of a candidate model.
    pub(super) shadow: Option<Keeper>,
    /// How models are run, as it was decided at the start: a worker need not end because a pipeline is
    /// read again.
    pub(super) tuned: Tuned,
    /// How the pipeline is read again.
    pub(super) reload: Option<Reload>,
    /// What does not work.
    pub(super) troubles: Troubles,
    /// Numbers.
    pub(super) books: Books,
    /// The command line.
    pub(super) observer: Box<dyn Observer>,
}
