//! The pipeline of a site, as its box has it: read, tried, changed.

use super::app::App;
use super::ask::{self, ANSWER};
use super::extract::{Json, Path};
use super::problem::Problem;
use super::schema;
use crate::people::Caller;
use crate::store::{Doer, What};
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use utoipa::ToSchema;
use viahe_contract::id::Name;
use viahe_contract::message::{Edit, Order};
use viahe_contract::sha256::Sha256;

/// A preview replays up to an hour, twice.
const PREVIEW: Duration = Duration::from_mins(2);
/// Changes in one edit; more are no one's work of an hour.
const EDITS_MAX: usize = 200;
/// Longest reason of a change, in characters.
const WHY_CHARS_MAX: usize = 500;
/// So far back a preview goes, in minutes.
const MINUTES_MAX: u8 = 60;

/// The pipeline as it is: zones, rules, the catalogue, the history of the file. Never a secret.
#[utoipa::path(get, path = "/v1/sites/{site}/pipeline", tag = "sites", params(("site" = String, Path)), responses(
    (status = 200, body = Object),
    (status = 409, body = Problem, description = "`box_offline`, `box_too_old`"),
    (status = 504, body = Problem, description = "`box_silent`"),
    Problem,
))]
pub(super) async fn pipeline(
    State(app): State<App>,
    caller: Caller,
    Path(site): Path<Name>,
) -> Result<Json<Value>, Problem> {
    ask::open(&app, &caller, &site).await?;
    ask::result(&app, &caller, &site, Order::Pipeline, ANSWER).await.map(Json)
}

/// Changes that are to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Checking {
    /// The version that they are of.
    #[schema(schema_with = schema::sha256)]
    base: Sha256,
    /// In this order.
    #[schema(schema_with = schema::edits)]
    edits: Vec<Edit>,
}

/// What changes would come to, also when they cannot be made: then with `problems`. Nothing is changed.
#[utoipa::path(post, path = "/v1/sites/{site}/pipeline/check", tag = "sites", params(("site" = String, Path)),
    request_body = Checking, responses(
    (status = 200, body = Object),
    (status = 409, body = Problem, description = "`conflict`: the pipeline is another one now"),
    (status = 504, body = Problem, description = "`box_silent`"),
    Problem,
))]
pub(super) async fn check(
    State(app): State<App>,
    caller: Caller,
    Path(site): Path<Name>,
    Json(Checking { base, edits }): Json<Checking>,
) -> Result<Json<Value>, Problem> {
    ask::open(&app, &caller, &site).await?;
    let order = Order::Edit { base, edits: bounded(edits)?, why: String::new(), check: true };
    ask::tried(&app, &caller, &site, order).await.map(Json)
}

/// Changes that are to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Editing {
    /// The version that they are of.
    #[schema(schema_with = schema::sha256)]
    base: Sha256,
    /// In this order.
    #[schema(schema_with = schema::edits)]
    edits: Vec<Edit>,
    /// In one line.
    #[schema(schema_with = schema::reason)]
    why: String,
}

/// Changes the pipeline, and the box goes on under it; or nothing is changed.
#[utoipa::path(post, path = "/v1/sites/{site}/pipeline/edit", tag = "sites", params(("site" = String, Path)),
    request_body = Editing, responses(
    (status = 200, body = Object),
    (status = 409, body = Problem, description = "`conflict`: the pipeline is another one now"),
    (status = 422, body = Problem, description = "`refused`, with `problems`"),
    (status = 504, body = Problem, description = "`box_silent`: it may have been done; look at the pipeline"),
    Problem,
))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(site): Path<Name>,
    Json(Editing { base, edits, why }): Json<Editing>,
) -> Result<Json<Value>, Problem> {
    ask::open(&app, &caller, &site).await?;
    let why = reason(why)?;
    let order = Order::Edit { base, edits: bounded(edits)?, why: why.clone(), check: false };
    change(&app, &caller, site, order, (base, &why)).await
}

/// A version that the pipeline had and is to have again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reverting {
    /// The version that it has.
    #[schema(schema_with = schema::sha256)]
    base: Sha256,
    /// The version that it had.
    #[schema(schema_with = schema::sha256)]
    to: Sha256,
    /// In one line; not needed for `check`.
    #[serde(default)]
    #[schema(schema_with = schema::reason)]
    why: String,
    /// Only say what it would come to.
    #[serde(default)]
    check: bool,
}

/// Gives the pipeline a text that it had, or says what that would come to.
#[utoipa::path(post, path = "/v1/sites/{site}/pipeline/revert", tag = "sites", params(("site" = String, Path)),
    request_body = Reverting, responses(
    (status = 200, body = Object),
    (status = 409, body = Problem, description = "`conflict`: the pipeline is another one now"),
    (status = 422, body = Problem, description = "`refused`, with `problems`"),
    (status = 504, body = Problem, description = "`box_silent`: it may have been done; look at the pipeline"),
    Problem,
))]
pub(super) async fn revert(
    State(app): State<App>,
    caller: Caller,
    Path(site): Path<Name>,
    Json(Reverting { base, to, why, check }): Json<Reverting>,
) -> Result<Json<Value>, Problem> {
    ask::open(&app, &caller, &site).await?;
    if check {
        let order = Order::Revert { base, to, why: String::new(), check };
        return ask::tried(&app, &caller, &site, order).await.map(Json);
    }
    let why = reason(why)?;
    let order = Order::Revert { base, to, why: why.clone(), check };
    change(&app, &caller, site, order, (base, &why)).await
}

/// Changes that are to be played through.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Previewing {
    /// The version that they are of.
    #[schema(schema_with = schema::sha256)]
    base: Sha256,
    /// In this order.
    #[schema(schema_with = schema::edits)]
    edits: Vec<Edit>,
    /// Whose rules.
    #[schema(schema_with = schema::name)]
    camera: Name,
    /// So far back.
    #[schema(minimum = 1, maximum = 60)]
    minutes: u8,
}

/// What the rules of a camera would have told, as they are and as they would be. It may take two minutes.
#[utoipa::path(post, path = "/v1/sites/{site}/pipeline/preview", tag = "sites", params(("site" = String, Path)),
    request_body = Previewing, responses(
    (status = 200, body = Object),
    (status = 409, body = Problem, description = "`conflict`: the pipeline is another one now"),
    (status = 422, body = Problem, description = "`refused`, with `problems`"),
    (status = 504, body = Problem, description = "`box_silent`"),
    Problem,
))]
pub(super) async fn preview(
    State(app): State<App>,
    caller: Caller,
    Path(site): Path<Name>,
    Json(Previewing { base, edits, camera, minutes }): Json<Previewing>,
) -> Result<Json<Value>, Problem> {
    ask::open(&app, &caller, &site).await?;
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(Problem::field("minutes", format!("is to be 1 to {MINUTES_MAX}")));
    }
    let order = Order::Preview { base, edits: bounded(edits)?, camera, minutes };
    ask::result(&app, &caller, &site, order, PREVIEW).await.map(Json)
}

/// Has the box change its pipeline. That is written down before the box is asked, as it may do it and not be heard, and
/// again when it has done it.
async fn change(
    app: &App,
    caller: &Caller,
    site: Name,
    order: Order,
    (base, why): (Sha256, &str),
) -> Result<Json<Value>, Problem> {
    let doer = app.people.acts(caller)?;
    let note = |what, about| {
        let doer = Doer { at: app.people.now(), ..doer.clone() };
        app.store.note(doer, what, about, Some(site.to_string()))
    };
    note(What::PipelineOrdered, format!("{} of {base}: {why}", order.name())).await?;
    let result = ask::result(app, caller, &site, order, ANSWER).await?;
    let version = result.get("version").and_then(Value::as_str).unwrap_or_default();
    note(What::PipelineChanged, version.chars().take(64).collect()).await?;
    Ok(Json(result))
}

fn bounded(edits: Vec<Edit>) -> Result<Vec<Edit>, Problem> {
    if edits.len() > EDITS_MAX {
        return Err(Problem::field("edits", format!("are more than {EDITS_MAX}")));
    }
    Ok(edits)
}

/// A reason in one line, as a box takes it.
fn reason(why: String) -> Result<String, Problem> {
    let length = why.chars().count();
    if why.trim().is_empty() || length > WHY_CHARS_MAX || why.chars().any(char::is_control) {
        let what = format!("is to be a reason of 1 to {WHY_CHARS_MAX} characters, in one line");
        return Err(Problem::field("why", what));
    }
    Ok(why)
}
