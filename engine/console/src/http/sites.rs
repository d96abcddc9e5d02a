//! How boxes and cameras are.

use super::app::App;
use super::extract::Json;
use super::problem::Problem;
use crate::model::{BoxTold, CameraTold};
use crate::people::Caller;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Boxes.
#[derive(Serialize, ToSchema)]
pub(super) struct Boxes {
    boxes: Vec<BoxTold>,
}

/// Cameras.
#[derive(Serialize, ToSchema)]
pub(super) struct Cameras {
    cameras: Vec<CameraTold>,
}

/// How boxes are, as last heard.
#[utoipa::path(get, path = "/v1/boxes", tag = "sites", responses(
    (status = 200, body = Boxes),
    Problem,
))]
pub(super) async fn boxes(State(app): State<App>, caller: Caller) -> Result<Json<Boxes>, Problem> {
    let mut boxes = app.store.boxes().await?;
    boxes.retain(|told| caller.person.scope.covers(&told.site));
    Ok(Json(Boxes { boxes }))
}

/// How cameras are, as last heard.
#[utoipa::path(get, path = "/v1/cameras", tag = "sites", responses(
    (status = 200, body = Cameras),
    Problem,
))]
pub(super) async fn cameras(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Cameras>, Problem> {
    let mut cameras = app.store.cameras().await?;
    cameras.retain(|told| caller.person.scope.covers(&told.site));
    Ok(Json(Cameras { cameras }))
}
