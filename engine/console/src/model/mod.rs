//! What the console speaks of, as it is answered: values only.

mod bounds;
mod filter;
mod judging;
mod on_map;
mod person;
mod shelf;
mod told;
mod workload;

pub use bounds::Bounds;
pub use filter::{Filter, Judged, Order, Phase, one_of};
pub use judging::{Judging, OTHER, REASONS, check_note, judgements, reasons};
pub use on_map::IncidentOnMap;
pub use person::{Person, Role, Scope};
pub use shelf::ShelfTold;
pub use told::{
    BoxTold, CameraTold, Change, Detail, EscalationTold, EvidenceTold, Line, Page, PlaceId, Queue,
    RevisionTold, StillTold, Summary, VerdictTold,
};
pub use workload::{
    AsideTold, FloodTold, GradeTold, PeakTold, PointTold, PrecisionTold, ProposalTold, ReasonTold,
    RuleGradeTold, WorkloadTold,
};
