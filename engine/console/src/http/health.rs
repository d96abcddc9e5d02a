//! How the console is.

use super::app::App;
use super::extract::Json;
use crate::clock;
use axum::extract::State;
use serde::Serialize;

/// How the console is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// `ok` or `degraded`.
    status: &'static str,
    /// What does not work.
    reasons: Vec<Reason>,
}

/// Something that does not work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Reason {
    /// By which it is known.
    trouble: &'static str,
    /// In words.
    text: String,
}

/// Is the console well?
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = Health)))]
pub(super) async fn healthz(State(app): State<App>) -> Json<Health> {
    let troubles = app.vitals.troubles(clock::monotonic()).into_iter();
    let reasons: Vec<Reason> = troubles.map(|(trouble, text)| Reason { trouble, text }).collect();
    let status = if reasons.is_empty() { "ok" } else { "degraded" };
    Json(Health { status, reasons })
}
