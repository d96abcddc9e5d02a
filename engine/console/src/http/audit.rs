//! Who did what: `/v1/audit`.

use super::app::App;
use super::extract::{Json, Query};
use super::people::told;
use super::problem::Problem;
use super::query::time;
use super::schema;
use crate::store::{AuditLine, AuditWanted};
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// Lines of an answer when nothing is said.
const LIMIT: u32 = 100;
/// Lines of an answer at most.
const LIMIT_MAX: u32 = 500;

/// Which lines.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Not older than this time.
    #[param(schema_with = schema::moment_or_nothing)]
    from: Option<String>,
    /// Older than this time.
    #[param(schema_with = schema::moment_or_nothing)]
    to: Option<String>,
    /// Of this person or token.
    who: Option<String>,
    /// Where the answer before ended.
    #[param(minimum = 0)]
    cursor: Option<i64>,
    /// So many.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A line of the audit.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct LineTold {
    /// Its number: they grow.
    no: i64,
    /// When.
    at: String,
    /// Who: a person, a token, `console` for the command line, `nobody`.
    who: String,
    /// What was done.
    what: String,
    /// About what.
    about: String,
    /// Of which site, if of one.
    site: Option<String>,
    /// From which address.
    from: String,
}

/// Lines of the audit.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AuditTold {
    /// The newest first.
    entries: Vec<LineTold>,
    /// For the next ones; null when there are none.
    cursor: Option<String>,
}

impl From<AuditLine> for LineTold {
    fn from(line: AuditLine) -> Self {
        let AuditLine { no, at, who, what, about, site, address } = line;
        Self { no, at: told(at), who, what, about, site, from: address }
    }
}

/// Who did what.
#[utoipa::path(get, path = "/v1/audit", tag = "people", params(Asked), responses(
    (status = 200, body = AuditTold),
    Problem,
))]
pub(super) async fn audit(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Json<AuditTold>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field("limit", format!("is not 1 to {LIMIT_MAX}")));
    }
    if asked.cursor.is_some_and(|cursor| cursor < 0) {
        return Err(Problem::field("cursor", "is none that was given"));
    }
    let time = |field, said: Option<String>| time(field, &said.unwrap_or_default());
    let (from, to) = (time("from", asked.from)?, time("to", asked.to)?);
    let wanted = AuditWanted { from, to, who: asked.who, before: asked.cursor, limit: limit + 1 };
    let mut lines = app.store.audit(wanted).await?;
    let more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let cursor = lines.last().filter(|_| more).map(|line| line.no.to_string());
    Ok(Json(AuditTold { entries: lines.into_iter().map(LineTold::from).collect(), cursor }))
}
