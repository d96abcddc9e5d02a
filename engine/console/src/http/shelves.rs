//! Rules that are kept out of the queue for a time: `/v1/shelves`.

use super::app::App;
use super::extract::{Json, Path};
use super::incidents::speaker;
use super::problem::{Kind, Problem};
use super::query::{some, time};
use super::schema;
use crate::model::{ShelfTold, check_note};
use crate::people::Caller;
use crate::store::{Shelved, Shelving};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Nothing is kept out of the queue for longer: what is wrong for a week is to be changed.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Shelves.
#[derive(Serialize, ToSchema)]
pub(super) struct ShelvesTold {
    /// Those that go on, those that end first first; then some of those that ended last.
    shelves: Vec<ShelfTold>,
}

/// Rules that are kept out of the queue, and by whom.
#[utoipa::path(get, path = "/v1/shelves", tag = "shelves", responses(
    (status = 200, body = ShelvesTold),
    Problem,
))]
pub(super) async fn shelves(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<ShelvesTold>, Problem> {
    let mut shelves = app.store.shelves().await?;
    shelves.retain(|shelf| caller.person.scope.covers(&shelf.site));
    Ok(Json(ShelvesTold { shelves }))
}

/// A rule that is to be shelved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewShelf {
    /// Whose.
    site: String,
    /// Which.
    rule: String,
    /// At this camera; nothing for all of the site.
    #[serde(default)]
    camera: Option<String>,
    /// Until when: after now, and a week from now at most.
    #[schema(schema_with = schema::moment)]
    until: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500, pattern = "\\S")]
    reason: String,
}

/// Keeps a rule of a site, or of a camera, out of the queue until a time.
#[utoipa::path(post, path = "/v1/shelves", tag = "shelves", request_body = NewShelf, responses(
    (status = 201, body = ShelfTold),
    (status = 409, body = Problem, description = "it is shelved already: `theirs`"),
    Problem,
))]
pub(super) async fn shelve(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewShelf>,
) -> Result<(StatusCode, Json<ShelfTold>), Problem> {
    if !caller.person.scope.covers(&new.site) {
        return Err(Problem::not_found());
    }
    let by = speaker(&app, &caller)?;
    let until = time("until", &new.until)?.ok_or_else(|| Problem::field("until", "is missing"))?;
    let now = by.doer.at;
    if until <= now {
        return Err(Problem::field("until", "is not in the future"));
    }
    if until > now.plus(LONGEST) {
        let what = "is more than seven days from now; shelve it again then, or change the rule";
        return Err(Problem::field("until", what));
    }
    check_reason(&new.reason)?;
    let NewShelf { site, rule, camera, reason, .. } = new;
    let camera = camera.and_then(some).unwrap_or_default();
    let reason = reason.trim().to_owned();
    match app.store.shelve(Shelving { site, rule, camera, until, reason }, by).await? {
        Shelved::Is(told) => Ok((StatusCode::CREATED, Json(told))),
        Shelved::Was(told) => {
            Err(Problem::conflict("it is shelved already; end that first", Some(&told)))
        }
        Shelved::TooMany => {
            let what = "too many rules are shelved already; end some of them first";
            Err(Problem::new(Kind::Conflict, what))
        }
        Shelved::Nothing => Err(Problem::field("rule", "no incident of this rule is known there")),
    }
}

/// A reason is given, and is short enough.
pub(super) fn check_reason(reason: &str) -> Result<(), Problem> {
    if reason.trim().is_empty() {
        return Err(Problem::field("reason", "is missing: say why"));
    }
    check_note(reason).map_err(|(_, what)| Problem::field("reason", what))
}

/// Ends a shelf before its time. What still goes on comes back into the queue.
#[utoipa::path(delete, path = "/v1/shelves/{no}", tag = "shelves", params(("no" = i64, Path)), responses(
    (status = 200, body = ShelfTold),
    Problem,
))]
pub(super) async fn unshelve(
    State(app): State<App>,
    caller: Caller,
    Path(no): Path<i64>,
) -> Result<Json<ShelfTold>, Problem> {
    let shelf = app.store.shelf(no).await?;
    let open = shelf.is_some_and(|shelf| caller.person.scope.covers(&shelf.site));
    if !open {
        return Err(Problem::not_found());
    }
    let ended = app.store.unshelve(no, speaker(&app, &caller)?).await?;
    ended.map(Json).ok_or_else(Problem::not_found)
}
