//! How often rules are right, and which are proposed to be changed: `/v1/precision`.

use super::app::App;
use super::extract::{Json, Query};
use super::incidents::speaker;
use super::problem::Problem;
use super::query::{sites, some};
use super::shelves::check_reason;
use crate::model::{AsideTold, GradeTold, PrecisionTold, ProposalTold, ReasonTold, RuleGradeTold};
use crate::people::Caller;
use crate::store::{CONFIRMED, Graded, KeptAside, Outcome, TOGETHER, WAITING};
use crate::workload::{self, estimate, proposed};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use viahe_contract::time::Timestamp;

/// Days when nothing is said, and of proposals always.
const WEEK: i64 = 7;
/// Days at most.
const DAYS_MAX: i64 = 92;
/// Lines of an answer.
const LINES_MAX: usize = 200;
/// Proposals of an answer.
const PROPOSALS_MAX: usize = 20;
/// Cases that are shown of a proposal.
const CASES: u32 = 6;
/// A proposal that was put aside comes again after as long, if it still holds: by then all it was made of is new.
const ASIDE: Duration = Duration::from_hours(7 * 24);

const DAY: Duration = Duration::from_hours(24);

/// Which days; what is empty is not asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// So many days, today with them: 1 to 92; 7 when nothing is said.
    #[param(pattern = "^([1-9]|[1-8][0-9]|9[0-2])?$")]
    days: String,
    /// Of this site.
    site: String,
}

/// Rule and, for one camera, the camera.
type Of = (String, String, Option<String>);

/// How often each outcome is.
type Outcomes = BTreeMap<String, u64>;

/// How often rules are right by the verdicts that stand, of incidents that opened on some days; and which are proposed
/// to be changed, by the last seven.
#[utoipa::path(get, path = "/v1/precision", tag = "workload", params(Asked), responses(
    (status = 200, body = PrecisionTold),
    Problem,
))]
pub(super) async fn precision(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<PrecisionTold>, Problem> {
    let days = match asked.days.as_str() {
        "" => Some(WEEK),
        text => text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days)),
    };
    let days = days.ok_or_else(|| Problem::field("days", format!("is to be 1 to {DAYS_MAX}")))?;
    let sites = sites(some(asked.site), &caller.person.scope);
    let now = app.people.now();
    let today = app.store.today(now).await?;
    let first = today - days + 1;
    let graded = app.store.grades(sites.clone(), (first, today)).await?;
    let week = match days {
        WEEK => graded.clone(),
        _ => app.store.grades(sites, (today - WEEK + 1, today)).await?,
    };
    let of_cameras = by(&graded.cameras, Some);
    let of_rules = by(&graded.cameras, |_| None);
    let at_least = of_cameras.len() > LINES_MAX || of_rules.len() > LINES_MAX;
    Ok(Json(PrecisionTold {
        from: date(first),
        to: date(today),
        bound: app.bound.precision,
        verdicts_min: app.bound.verdicts_min,
        all: grade(&all(&graded.cameras)),
        rules: lines(&app, of_rules, LINES_MAX).await?,
        cameras: lines(&app, of_cameras, LINES_MAX).await?,
        hours: hours(&graded),
        at_least,
        proposals: proposals(&app, &week, (today, now)).await?,
    }))
}

fn all(outcomes: &[Outcome]) -> Outcomes {
    let mut all = Outcomes::new();
    for outcome in outcomes {
        *all.entry(outcome.outcome.clone()).or_default() += outcome.count;
    }
    all
}

/// Outcomes of each rule of a site; `camera` says whether those of cameras are apart.
fn by(outcomes: &[Outcome], camera: impl Fn(String) -> Option<String>) -> BTreeMap<Of, Outcomes> {
    let mut found: BTreeMap<Of, Outcomes> = BTreeMap::new();
    for Outcome { site, rule, camera: of, outcome, count } in outcomes {
        let of = (site.clone(), rule.clone(), camera(of.clone()));
        *found.entry(of).or_default().entry(outcome.clone()).or_default() += count;
    }
    found
}

fn hours(graded: &Graded) -> Vec<GradeTold> {
    let mut hours = vec![Outcomes::new(); 24];
    for (hour, outcome, count) in &graded.hours {
        if let Some(of) = usize::try_from(*hour).ok().and_then(|hour| hours.get_mut(hour)) {
            *of.entry(outcome.clone()).or_default() += count;
        }
    }
    hours.iter().map(grade).collect()
}

fn is_reason(outcome: &str) -> bool {
    ![WAITING, CONFIRMED, TOGETHER].contains(&outcome)
}

fn grade(outcomes: &Outcomes) -> GradeTold {
    let of = |outcome: &str| outcomes.get(outcome).copied().unwrap_or_default();
    let dismissed = outcomes.iter().filter(|(outcome, _)| is_reason(outcome));
    let (confirmed, dismissed) = (of(CONFIRMED), dismissed.map(|(_, count)| count).sum::<u64>());
    let estimate = estimate(confirmed, confirmed + dismissed);
    GradeTold {
        confirmed,
        dismissed,
        together: of(TOGETHER),
        waiting: of(WAITING),
        precision: estimate.map(|estimate| estimate.share),
        low: estimate.map(|estimate| estimate.low),
        high: estimate.map(|estimate| estimate.high),
    }
}

fn reasons(outcomes: &Outcomes) -> Vec<ReasonTold> {
    let told =
        |(reason, count): (&String, &u64)| ReasonTold { reason: reason.clone(), count: *count };
    let own = outcomes.iter().filter(|(outcome, _)| is_reason(outcome));
    let mut reasons: Vec<ReasonTold> = own.map(told).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}

/// Those with most dismissals first.
async fn lines(
    app: &App,
    found: BTreeMap<Of, Outcomes>,
    most: usize,
) -> Result<Vec<RuleGradeTold>, Problem> {
    let mut found: Vec<(Of, Outcomes, GradeTold)> = found
        .into_iter()
        .map(|(of, outcomes)| {
            let grade = grade(&outcomes);
            (of, outcomes, grade)
        })
        .collect();
    found.sort_by_key(|(_, _, grade)| std::cmp::Reverse((grade.dismissed, grade.confirmed)));
    found.truncate(most);
    let rules = found.iter().map(|((site, rule, _), _, _)| (site.clone(), rule.clone())).collect();
    let titles = app.store.titles(rules).await?;
    let told =
        found.into_iter().zip(titles).map(|(((site, rule, camera), outcomes, grade), title)| {
            let title = title.unwrap_or_else(|| rule.clone());
            let reasons = reasons(&outcomes);
            // Only sensors tell of it.
            let camera = camera.filter(|camera| !camera.is_empty());
            RuleGradeTold { site, rule, camera, title, grade, reasons }
        });
    Ok(told.collect())
}

async fn proposals(
    app: &App,
    week: &Graded,
    (today, now): (i64, Timestamp),
) -> Result<Vec<ProposalTold>, Problem> {
    let of_cameras = by(&week.cameras, Some);
    let of_rules = by(&week.cameras, |_| None);
    let graded = of_cameras.iter().map(|((site, rule, camera), outcomes)| {
        let GradeTold { confirmed, dismissed, .. } = grade(outcomes);
        let (site, rule, camera) = (site.clone(), rule.clone(), camera.clone());
        workload::Graded { site, rule, camera, confirmed, dismissed }
    });
    let graded: Vec<workload::Graded> = graded.collect();
    let mut found = BTreeMap::new();
    for workload::Graded { site, rule, camera, .. } in proposed(&graded, &app.bound) {
        let of = (site, rule, camera);
        let outcomes = if of.2.is_some() { of_cameras.get(&of) } else { of_rules.get(&of) };
        found.insert(of, outcomes.cloned().unwrap_or_default());
    }
    let asides = app.store.asides(now).await?;
    let since = Timestamp(
        u64::try_from(today - WEEK).unwrap_or_default().saturating_mul(DAY.as_nanos() as u64),
    );
    let mut told = Vec::new();
    for rule in lines(app, found, PROPOSALS_MAX).await? {
        let of = (rule.site.clone(), rule.rule.clone(), rule.camera.clone());
        let camera = of.2.clone().unwrap_or_default();
        let own = |aside: &&KeptAside| {
            (&aside.site, &aside.rule, &aside.camera) == (&rule.site, &rule.rule, &camera)
        };
        let aside = asides.iter().rfind(own).cloned().map(aside_told);
        let cases = app.store.dismissed(of, since, CASES).await?;
        told.push(ProposalTold { rule, cases, aside });
    }
    Ok(told)
}

fn aside_told(aside: KeptAside) -> AsideTold {
    let KeptAside { by, display_name, at, until, reason, .. } = aside;
    let time = |ms: i64| Timestamp(ms.max(0) as u64 * 1_000_000).at_offset(0).to_string();
    AsideTold { by, display_name, at: time(at), until: time(until), reason }
}

/// The day of this number, as it is written.
fn date(day: i64) -> String {
    let secs = u64::try_from(day).unwrap_or_default() * DAY.as_secs();
    Timestamp::from_secs(secs).at_offset(0).to_string().chars().take(10).collect()
}

/// A proposal that is to be put aside.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutAside {
    /// Whose.
    site: String,
    /// Which rule.
    rule: String,
    /// At this camera; nothing for all of the site.
    #[serde(default)]
    camera: Option<String>,
    /// Why nothing is to be changed.
    #[schema(min_length = 1, max_length = 500, pattern = "\\S")]
    reason: String,
}

/// Puts a proposal aside for seven days.
#[utoipa::path(post, path = "/v1/precision/aside", tag = "workload", request_body = PutAside, responses(
    (status = 201, body = AsideTold),
    Problem,
))]
pub(super) async fn put_aside(
    State(app): State<App>,
    caller: Caller,
    Json(put): Json<PutAside>,
) -> Result<(StatusCode, Json<AsideTold>), Problem> {
    let PutAside { site, rule, camera, reason } = put;
    if !caller.person.scope.covers(&site) {
        return Err(Problem::not_found());
    }
    check_reason(&reason)?;
    let known = app.store.titles(vec![(site.clone(), rule.clone())]).await?;
    if known.iter().flatten().next().is_none() {
        return Err(Problem::field("rule", "no incident of this rule is known there"));
    }
    let by = speaker(&app, &caller)?;
    let ms = |at: Timestamp| i64::try_from(at.millis()).unwrap_or(i64::MAX);
    let aside = KeptAside {
        site,
        rule,
        camera: camera.and_then(some).unwrap_or_default(),
        by: by.person.name,
        display_name: by.person.display_name,
        at: ms(by.doer.at),
        until: ms(by.doer.at.plus(ASIDE)),
        reason: reason.trim().to_owned(),
    };
    app.store.put_aside(aside.clone(), by.doer).await?;
    Ok((StatusCode::CREATED, Json(aside_told(aside))))
}
