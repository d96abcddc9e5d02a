//! A comparison, as it is told: for machines as JSON, for people as a page.

use super::book::{Book, Decision, Looks, decision, picture};
use super::compare::{Case, Compared};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::ModelRef;
use viahe_core::plan::{Language, Plan, PromotionBounds, Shadow};
use viahe_core::shadow::{Interval, Proportion, Ruling, Score, Side, Told, wilson, z_of};
use viahe_core::time::Timestamp;

/// All that is told.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of which place.
    pub site: Name,
    /// The model at work.
    pub incumbent: ModelRef,
    /// The one in its shadow.
    pub candidate: ModelRef,
    /// Of the first look.
    pub since: String,
    /// Of the last one.
    pub until: String,
    /// By camera.
    pub looks: BTreeMap<Name, Looks>,
    /// Looks that the candidate kept up with.
    pub kept_up: Proportion,
    /// Mean processor time of a look by inference, in ms: of the model at work, then of the candidate.
    pub cpu_ms: Option<[f64; 2]>,
    /// The candidate's in that of the model at work.
    pub cost: Option<f64>,
    /// Incidents that both tell, of all.
    pub agreement: Proportion,
    /// All rules together.
    pub all: Row,
    /// By rule.
    pub rules: Vec<Row>,
    /// What the rule of promotion says.
    pub ruling: Ruling,
    /// What was decided of this candidate.
    pub decision: Option<Decision>,
    /// Older incidents that are not kept any more.
    pub forgotten: u64,
    /// Each incident, newest first.
    pub incidents: Vec<Line>,
    #[serde(skip)]
    pub(super) bounds: PromotionBounds,
    #[serde(skip)]
    pub(super) language: Language,
}

/// Incidents of a rule.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The rule's id; none for all together.
    pub rule: Option<Name>,
    /// What people call it.
    pub title: String,
    /// By who tells them, and what operators said.
    pub score: Score,
    /// Of the model at work, what was confirmed of what was judged.
    pub incumbent_precision: Bounded,
    /// Of the candidate.
    pub candidate_precision: Bounded,
    /// Of the candidate, when what nobody has judged counts as false in its proportion.
    pub candidate_precision_at_worst: Bounded,
    /// Of what was confirmed of the model at work, what the candidate tells as well.
    pub recall: Bounded,
    /// Median seconds from the beginning of an incident to its being told: of the model at work, then of the candidate.
    pub secs_to_detect: [Option<f64>; 2],
    /// Of incidents of both: how many seconds later the candidate tells them, sorted.
    pub later_secs: Vec<f64>,
}

/// A proportion with its one-sided bounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bounded {
    /// Counts.
    #[serde(flatten)]
    pub of: Proportion,
    /// With the confidence of `[shadow]`, each by itself.
    #[serde(flatten)]
    pub bounds: Interval,
}

/// An incident of one model, the other, or both.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// `both`, `incumbent` or `candidate`.
    pub by: &'static str,
    /// Is it one? None while nobody has said.
    pub confirmed: Option<bool>,
    /// To judge it by.
    pub incident: IncidentId,
    /// As it is compared.
    #[serde(flatten)]
    pub told: Told,
    /// How many seconds later the candidate told it, of one of both.
    pub later_secs: Option<f64>,
    /// A small picture of that moment.
    pub file: Option<PathBuf>,
    /// When it was told, at the site.
    pub told_at: String,
}

impl Report {
    /// Of what was compared on a box.
    ///
    /// # Errors
    /// Why there is nothing to tell, for people.
    pub fn of(plan: &Plan, shadow: &Shadow) -> Result<Self, String> {
        let state_dir = &plan.engine.state_dir;
        let book = Book::read(state_dir)?.ok_or(
            "nothing was compared yet: `viahe run` compares once [shadow] stands in the pipeline file",
        )?;
        let compared = Compared::of(&book, state_dir)?;
        let decided = decision(state_dir)?;
        let decided = decided.filter(|decided| *decided.candidate() == book.candidate);
        let at = |at: Timestamp| at.rfc3339(&plan.site.timezone);
        let z = z_of(shadow.bounds.confidence);
        let (titles, mut by_rule) = (titles(&compared.cases), by_rule(&compared.cases));
        let row = |rule: Option<&Name>, score: &Score, cases: Vec<&Case>| Row {
            title: rule.and_then(|rule| titles.get(rule).cloned()).unwrap_or_default(),
            ..Row::of(rule.cloned(), *score, &cases, z)
        };
        let rules = compared
            .rules
            .iter()
            .map(|(rule, score)| row(Some(rule), score, by_rule.remove(rule).unwrap_or_default()));
        let rules = rules.collect();
        let grounds = compared.grounds;
        let all = row(None, &grounds.score, compared.cases.iter().collect());
        let lines = compared.cases.iter().filter_map(|case| line(case, state_dir, &at));
        let mut incidents: Vec<Line> = lines.collect();
        incidents.sort_by_key(|line| std::cmp::Reverse((line.told.opened, line.incident.clone())));
        Ok(Self {
            site: plan.site.id.clone(),
            since: at(book.since),
            until: at(book.until),
            kept_up: grounds.looks,
            cpu_ms: book.all_looks().cpu_ms(),
            cost: grounds.cost,
            agreement: grounds.score.agreement(),
            all,
            rules,
            ruling: grounds.judge(&shadow.bounds, book.agenda).ruling,
            decision: decided,
            forgotten: book.forgotten,
            incidents,
            incumbent: book.incumbent,
            candidate: book.candidate,
            looks: book.looks,
            bounds: shadow.bounds,
            language: plan.site.language,
        })
    }
}

fn titles(cases: &[Case]) -> BTreeMap<&Name, String> {
    cases.iter().filter_map(Case::told).map(|told| (&told.rule, told.title.clone())).collect()
}

fn by_rule(cases: &[Case]) -> BTreeMap<Name, Vec<&Case>> {
    let mut by_rule: BTreeMap<Name, Vec<&Case>> = BTreeMap::new();
    for (case, told) in cases.iter().filter_map(|case| Some((case, case.told()?))) {
        by_rule.entry(told.rule.clone()).or_default().push(case);
    }
    by_rule
}

impl Row {
    fn of(rule: Option<Name>, score: Score, cases: &[&Case], z: f64) -> Self {
        let bounded = |of| Bounded { of, bounds: wilson(of, z) };
        let took = |told: Option<&Told>| Some(secs(told?.first_seen, told?.opened));
        let sides: [Vec<f64>; 2] = [
            cases.iter().filter_map(|case| took(case.incumbent.as_ref())).collect(),
            cases.iter().filter_map(|case| took(case.candidate.as_ref())).collect(),
        ];
        let mut later_secs: Vec<f64> = cases.iter().filter_map(|case| later(case)).collect();
        later_secs.sort_by(f64::total_cmp);
        Self {
            rule,
            title: String::new(),
            score,
            incumbent_precision: bounded(score.precision(Side::Incumbent)),
            candidate_precision: bounded(score.precision(Side::Candidate)),
            candidate_precision_at_worst: bounded(score.precision_at_worst()),
            recall: bounded(score.recall()),
            secs_to_detect: sides.map(median),
            later_secs,
        }
    }
}

/// Seconds from one to the other.
fn secs(from: Timestamp, to: Timestamp) -> f64 {
    to.offset_ms(from) as f64 / 1_000.0
}

fn later(case: &Case) -> Option<f64> {
    Some(secs(case.incumbent.as_ref()?.opened, case.candidate.as_ref()?.opened))
}

pub(super) fn median(mut of: Vec<f64>) -> Option<f64> {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied()
}

fn line(case: &Case, state_dir: &Path, at: &dyn Fn(Timestamp) -> String) -> Option<Line> {
    let told = case.told()?;
    let by = match (&case.incumbent, &case.candidate) {
        (Some(_), Some(_)) => "both",
        (Some(_), None) => "incumbent",
        _ => "candidate",
    };
    Some(Line {
        by,
        confirmed: case.confirmed,
        incident: told.incident.clone(),
        told: told.clone(),
        later_secs: later(case),
        file: told.picture.map(|sha256| picture(state_dir, sha256)),
        told_at: at(told.opened),
    })
}
