//! How much work incidents make: `/v1/workload`.

use super::app::App;
use super::extract::{Json, Query};
use super::problem::Problem;
use super::query::{sites, some, time};
use super::schema;
use crate::model::{FloodTold, PeakTold, PointTold, WorkloadTold};
use crate::people::Caller;
use crate::workload::{
    FLOOD_PER_WINDOW, MANAGEABLE_PER_HOUR, MOST_PER_HOUR, Point, Totals, WINDOW_MS, grouped, loads,
    totals,
};
use axum::extract::State;
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;
use viahe_contract::time::Timestamp;

/// The period when nothing is said.
const DAY: Duration = Duration::from_hours(24);
/// Longest period.
const LONGEST: Duration = Duration::from_hours(31 * 24);
/// Windows that a point of the figure stands for, by the windows of the period: about 150 points at most.
const STEPS: [(usize, usize); 3] = [(150, 1), (1_010, 6), (usize::MAX, 36)];

/// Which period; what is empty is not asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// From this time on, which is before the end of the period; a day before it when nothing is said.
    #[param(schema_with = schema::moment_or_nothing)]
    from: String,
    /// Before this time; now when nothing is said. 31 days at most.
    #[param(schema_with = schema::moment_or_nothing)]
    to: String,
    /// Of this site.
    site: String,
}

/// How much work incidents made in a period: alerts an operator-hour, held against EEMUA 191 and ISA-18.2.
#[utoipa::path(get, path = "/v1/workload", tag = "workload", params(Asked), responses(
    (status = 200, body = WorkloadTold),
    Problem,
))]
pub(super) async fn workload(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<WorkloadTold>, Problem> {
    // What comes in this very moment is in it.
    let now = app.people.now().plus(Duration::from_millis(1));
    let to = time("to", &asked.to)?.map_or(now, |to| to.min(now));
    let day_before = Timestamp(to.0.saturating_sub(DAY.as_nanos() as u64));
    let from = time("from", &asked.from)?.unwrap_or(day_before);
    if from >= to {
        return Err(Problem::field("from", "is not before the end of the period"));
    }
    if to.since(from) > LONGEST {
        return Err(Problem::field("from", "is more than 31 days before the end of the period"));
    }
    let sites = sites(some(asked.site), &caller.person.scope);
    let shown = app.store.shown(sites.clone(), from, to).await?;
    let mut floods = app.store.floods_between(from, to).await?;
    floods.retain(|flood| sites.as_ref().is_none_or(|sites| sites.contains(&flood.site)));
    let span = (ms(from), ms(to));
    // Those of a process: a month has 4,464 windows.
    let loads = loads(span, &shown.counts, &shown.stretches);
    let step = STEPS.iter().find(|(most, _)| loads.len() <= *most).map_or(36, |(_, step)| *step);
    let points = grouped(&loads, step);
    Ok(Json(told((from, to), totals(&loads), (step, points), floods)))
}

fn told(
    (from, to): (Timestamp, Timestamp),
    totals: Totals,
    (step, points): (usize, Vec<Point>),
    floods: Vec<FloodTold>,
) -> WorkloadTold {
    let begins = |window: i64| at(window * WINDOW_MS);
    let point = |point: Point| PointTold {
        from: begins(point.window),
        told: point.counts.told,
        alerts: point.counts.alerts,
        operators: point.operators,
        peak: point.peak,
    };
    WorkloadTold {
        from: from.at_offset(0).to_string(),
        to: to.at_offset(0).to_string(),
        manageable_per_hour: MANAGEABLE_PER_HOUR,
        most_per_hour: MOST_PER_HOUR,
        flood_per_ten_minutes: FLOOD_PER_WINDOW,
        told: totals.counts.told,
        alerts: totals.counts.alerts,
        folded: totals.counts.folded,
        shelved: totals.counts.shelved,
        unattended: totals.unattended,
        operator_hours: totals.operator_hours,
        per_operator_hour: totals.per_operator_hour,
        peak: totals.peak.map(|(window, each)| PeakTold { from: begins(window), each }),
        windows: totals.windows,
        above_manageable: totals.above_manageable,
        above_most: totals.above_most,
        in_flood: totals.in_flood,
        step_minutes: step as u32 * 10,
        points: points.into_iter().map(point).collect(),
        floods,
    }
}

fn ms(at: Timestamp) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}

fn at(ms: i64) -> String {
    Timestamp(ms.max(0) as u64 * 1_000_000).at_offset(0).to_string()
}
