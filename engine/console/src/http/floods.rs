//! Floods: `/v1/floods`.

use super::app::App;
use super::extract::{Json, Path};
use super::incidents::speaker;
use super::problem::{Kind, Problem};
use crate::model::{FloodTold, Judging, judgements, reasons};
use crate::people::Caller;
use crate::store::{StoreError, What};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use viahe_contract::message::Judgement;

/// Floods.
#[derive(Serialize, ToSchema)]
pub(super) struct FloodsTold {
    /// Those that go on or in which somebody waits, the newest first.
    floods: Vec<FloodTold>,
}

/// Incidents that came together for one likely cause, and wait as one line.
#[utoipa::path(get, path = "/v1/floods", tag = "floods", responses(
    (status = 200, body = FloodsTold),
    Problem,
))]
pub(super) async fn floods(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<FloodsTold>, Problem> {
    let mut floods = app.store.floods().await?;
    floods.retain(|flood| caller.person.scope.covers(&flood.site));
    Ok(Json(FloodsTold { floods }))
}

/// A flood that is there and open to somebody.
async fn open(app: &App, caller: &Caller, no: i64) -> Result<FloodTold, Problem> {
    let found = app.store.flood(no).await?;
    found.filter(|flood| caller.person.scope.covers(&flood.site)).ok_or_else(Problem::not_found)
}

/// A flood; its incidents are those of `/v1/incidents?flood=`.
#[utoipa::path(get, path = "/v1/floods/{no}", tag = "floods", params(("no" = i64, Path)), responses(
    (status = 200, body = FloodTold),
    Problem,
))]
pub(super) async fn flood(
    State(app): State<App>,
    caller: Caller,
    Path(no): Path<i64>,
) -> Result<Json<FloodTold>, Problem> {
    Ok(Json(open(&app, &caller, no).await?))
}

/// A verdict on all that waits in a flood.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JudgingAll {
    /// `newest` of the flood that was looked at: what came since waits on.
    newest: i64,
    /// `confirmed` or `dismissed`.
    #[schema(schema_with = judgements)]
    judgement: Judgement,
    /// Why they are dismissed, as of one incident.
    #[serde(default)]
    #[schema(schema_with = reasons)]
    reason: Option<String>,
    /// In one's own words.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

/// What was done with a flood.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// To so many incidents.
    incidents: usize,
    /// As it is now.
    flood: FloodTold,
}

/// Gives one verdict to all that waits in a flood. Each incident has it, and boxes are told of each; for the precision of
/// rules it is one opinion.
#[utoipa::path(post, path = "/v1/floods/{no}/verdict", tag = "floods", params(("no" = i64, Path)),
    request_body = JudgingAll, responses(
    (status = 200, body = Done),
    Problem,
))]
pub(super) async fn judge(
    State(app): State<App>,
    caller: Caller,
    Path(no): Path<i64>,
    Json(all): Json<JudgingAll>,
) -> Result<Json<Done>, Problem> {
    let flood = open(&app, &caller, no).await?;
    let JudgingAll { newest, judgement, reason, note } = all;
    let judging = Judging { revision: 1, judgement, reason, note, replaces: None };
    judging.check().map_err(|(field, what)| Problem::field(field, what))?;
    let by = speaker(&app, &caller)?;
    let of = (no, flood.site);
    app.store.note_flood(of, What::FloodJudged, by.clone()).await?;
    let incidents =
        all_parts(|| app.store.judge_flood((no, newest), judging.clone(), by.clone())).await?;
    Ok(Json(Done { incidents, flood: open(&app, &caller, no).await? }))
}

/// Does what is done to a flood, a hundred incidents at a time, so that boxes are heard in between: to how many.
async fn all_parts<F>(mut part: impl FnMut() -> F) -> Result<usize, StoreError>
where
    F: Future<Output = Result<usize, StoreError>>,
{
    let mut incidents = 0;
    loop {
        let done = part().await?;
        if done == 0 {
            return Ok(incidents);
        }
        incidents += done;
    }
}

/// Takes the verdicts back that one gave to a flood within the last ten minutes.
#[utoipa::path(delete, path = "/v1/floods/{no}/verdict", tag = "floods", params(("no" = i64, Path)), responses(
    (status = 200, body = Done),
    Problem,
))]
pub(super) async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(no): Path<i64>,
) -> Result<Json<Done>, Problem> {
    let flood = open(&app, &caller, no).await?;
    let by = speaker(&app, &caller)?;
    let incidents = all_parts(|| app.store.undo_flood(no, by.clone())).await?;
    if incidents == 0 {
        let why = "you gave no verdict to this flood within the last ten minutes";
        return Err(Problem::new(Kind::Forbidden, why));
    }
    app.store.note_flood((no, flood.site), What::FloodUndone, by).await?;
    Ok(Json(Done { incidents, flood: open(&app, &caller, no).await? }))
}

/// Says that it is no flood: what waits in it comes into the queue one by one.
#[utoipa::path(delete, path = "/v1/floods/{no}", tag = "floods", params(("no" = i64, Path)), responses(
    (status = 200, body = Done),
    Problem,
))]
pub(super) async fn dissolve(
    State(app): State<App>,
    caller: Caller,
    Path(no): Path<i64>,
) -> Result<Json<Done>, Problem> {
    let flood = open(&app, &caller, no).await?;
    let by = speaker(&app, &caller)?;
    app.store.note_flood((no, flood.site), What::FloodDissolved, by.clone()).await?;
    let incidents = all_parts(|| app.store.dissolve(no, by.clone())).await?;
    Ok(Json(Done { incidents, flood: open(&app, &caller, no).await? }))
}
