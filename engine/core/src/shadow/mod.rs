//! A candidate model beside the one at work: when both look, which of their incidents are one, what verdicts say of both,
//! and what follows.
//!
//! `stretch` (whose turn it is) · `told` (an incident, as it is compared) → `pairs` · `interval` (bounds of proportions)
//! → `score` → `decide`. Why so: `docs/adr/0055-models-in-the-shadow.md`.

mod decide;
mod interval;
mod pairs;
mod score;
mod stretch;
mod told;

pub use decide::{Agenda, Grounds, Open, Ruling, Why, fell};
pub use interval::{Interval, Proportion, wilson, z_of};
pub use pairs::{Pair, paired};
pub use score::{Counts, Score, Side};
pub use stretch::is_compared;
pub use told::Told;
