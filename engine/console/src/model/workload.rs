//! What is answered of how much work incidents make, and of how good they are.

use super::told::Summary;
use serde::Serialize;
use utoipa::ToSchema;

/// How much work incidents made in a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WorkloadTold {
    /// From this time on.
    pub from: String,
    /// Before this time.
    pub to: String,
    /// Alerts an operator-hour up to which they can be dealt with.
    pub manageable_per_hour: f64,
    /// And at most.
    pub most_per_hour: f64,
    /// More alerts for one operator in ten minutes are a flood.
    pub flood_per_ten_minutes: f64,
    /// Incidents that boxes told.
    pub told: u64,
    /// Those that showed themselves in the queue.
    pub alerts: u64,
    /// Those that came into a flood that was folded already.
    pub folded: u64,
    /// Those that came while their rule was shelved.
    pub shelved: u64,
    /// Alerts that came in ten minutes in which nobody was at work.
    pub unattended: u64,
    /// Time at work of all operators together.
    pub operator_hours: f64,
    /// Alerts an operator-hour; none when nobody worked.
    pub per_operator_hour: Option<f64>,
    /// The ten minutes with most alerts for each operator.
    pub peak: Option<PeakTold>,
    /// Times of ten minutes in which somebody was at work.
    pub windows: u64,
    /// Of these, those above what is manageable.
    pub above_manageable: u64,
    /// Those above the most.
    pub above_most: u64,
    /// Those in a flood.
    pub in_flood: u64,
    /// Minutes that a point of the figure stands for.
    pub step_minutes: u32,
    /// The figure, first to last.
    pub points: Vec<PointTold>,
    /// Floods that were folded in the period, the newest first.
    pub floods: Vec<FloodTold>,
}

/// The ten minutes with most alerts for each operator.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PeakTold {
    /// When they began.
    pub from: String,
    /// Alerts for each.
    pub each: f64,
}

/// A point of the figure.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PointTold {
    /// When it begins.
    pub from: String,
    /// Incidents that boxes told.
    pub told: u64,
    /// Those that showed themselves.
    pub alerts: u64,
    /// How many operators were at work, on average.
    pub operators: f64,
    /// Most alerts for each operator in ten minutes of it; none when nobody was at work.
    pub peak: Option<f64>,
}

/// Incidents that came together and have one likely cause.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FloodTold {
    /// Which.
    pub no: i64,
    /// Whose.
    pub site: String,
    /// `disaster`, `rain`, `box_back`, `cameras_back` or `camera_moved`.
    pub cause: String,
    /// Of these cameras; none for all of the site.
    pub cameras: Option<Vec<String>>,
    /// When it was noticed.
    pub begun: String,
    /// When it was over; none while it goes on.
    pub ended: Option<String>,
    /// Incidents in it.
    pub incidents: u32,
    /// Those that nobody has judged.
    pub waiting: u32,
    /// At so many places.
    pub places: u32,
    /// More is in it than was counted.
    pub at_least: bool,
    /// The gravest of those that wait; of all, when none does.
    #[schema(value_type = String)]
    pub severity: viahe_contract::message::Severity,
    /// Stands for the newest that is in it: a verdict on all is on those up to it.
    pub newest: i64,
    /// Who said that it is none, if somebody did.
    pub dissolved_by: Option<String>,
}

/// How often a rule is right, by the verdicts that stand.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PrecisionTold {
    /// The first day, by the clocks of the sites.
    pub from: String,
    /// The last day.
    pub to: String,
    /// A rule is proposed when its precision is surely under this.
    pub bound: f64,
    /// And has so many verdicts.
    pub verdicts_min: u64,
    /// All together.
    pub all: GradeTold,
    /// Each rule of each site, those with most dismissals first.
    pub rules: Vec<RuleGradeTold>,
    /// Each rule at each camera, likewise.
    pub cameras: Vec<RuleGradeTold>,
    /// Each hour of the day, 0 to 23, by the clocks of the sites.
    pub hours: Vec<GradeTold>,
    /// There are more rules or cameras than are told.
    pub at_least: bool,
    /// What is proposed to be changed, by the last seven days.
    pub proposals: Vec<ProposalTold>,
}

/// How often something is right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct GradeTold {
    /// Incidents that were confirmed.
    pub confirmed: u64,
    /// Those that were dismissed.
    pub dismissed: u64,
    /// Those that were judged together, as a flood: one opinion, which does not count here.
    pub together: u64,
    /// Those that nobody has judged.
    pub waiting: u64,
    /// Share of those confirmed; none without a verdict.
    pub precision: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// How often a rule is right.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RuleGradeTold {
    /// Whose.
    pub site: String,
    /// Which.
    pub rule: String,
    /// At this camera; none for all of the site.
    pub camera: Option<String>,
    /// What it is called: of one of its incidents.
    pub title: String,
    /// How often it is right.
    pub grade: GradeTold,
    /// Why it was dismissed, the most frequent first.
    pub reasons: Vec<ReasonTold>,
}

/// How often incidents were dismissed for a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReasonTold {
    /// As in a verdict.
    pub reason: String,
    /// So often.
    pub count: u64,
}

/// A rule that is proposed to be changed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProposalTold {
    /// Which rule, and why.
    #[serde(flatten)]
    pub rule: RuleGradeTold,
    /// Incidents that were dismissed, the newest first: some of them.
    pub cases: Vec<Summary>,
    /// It was put aside.
    pub aside: Option<AsideTold>,
}

/// A proposal that was put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsideTold {
    /// Who.
    pub by: String,
    /// What people call them.
    pub display_name: String,
    /// When.
    pub at: String,
    /// Until when.
    pub until: String,
    /// Why.
    pub reason: String,
}
