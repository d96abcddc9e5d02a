//! `[shadow]`: a candidate model, and what it must show to take over.

use crate::id::Name;
use std::time::Duration;

/// A candidate that looks beside the model at work, and tells nobody.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// `[model.NAME]` whose place it may take.
    pub model: Name,
    /// The package of that model: cameras that are looked at with it are compared.
    pub incumbent: Name,
    /// The package of the candidate.
    pub candidate: Name,
    /// Part of the time of each camera that is compared.
    pub share: f64,
    /// Is compared in one piece.
    pub stretch: Duration,
    /// The box exchanges the models itself.
    pub auto: bool,
    /// What the candidate must show.
    pub bounds: PromotionBounds,
}

/// What a candidate must show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PromotionBounds {
    /// Verdicts before anything is decided.
    pub verdicts_min: u64,
    /// How sure the decision is to be, as a probability.
    pub confidence: f64,
    /// So much lower its precision may be.
    pub precision_loss_max: f64,
    /// So much of what was confirmed it must tell as well.
    pub recall_min: f64,
    /// So many times the processor time of a look it may take.
    pub cost_max: f64,
}
