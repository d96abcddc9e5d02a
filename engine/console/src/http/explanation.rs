//! Why an incident was told, as its box knows it.

use super::app::App;
use super::ask::{self, ANSWER};
use super::extract::{Json, Path};
use super::incidents::open;
use super::problem::Problem;
use crate::people::Caller;
use axum::extract::State;
use serde_json::Value;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::Order;

/// Why an incident was told: its box plays what it saw through the rule again, and says step by step what held. The steps
/// are codes and numbers; `known` says how much of it the box still has.
#[utoipa::path(get, path = "/v1/incidents/{id}/explanation", tag = "incidents", params(("id" = String, Path)), responses(
    (status = 200, body = Object),
    (status = 409, body = Problem, description = "`box_offline`, `box_too_old`"),
    (status = 422, body = Problem, description = "`refused`, such as by a box that explains another one"),
    (status = 504, body = Problem, description = "`box_silent`"),
    Problem,
))]
pub(super) async fn explanation(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let place = open(&app, &caller, &id).await?;
    let site = Name::try_from(place.site.as_str()).map_err(|_| Problem::not_found())?;
    let incident = IncidentId::try_from(id.as_str()).map_err(|_| Problem::not_found())?;
    ask::result(&app, &caller, &site, Order::Explain { incident }, ANSWER).await.map(Json)
}
