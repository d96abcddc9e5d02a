//! The queue, incidents, and what people say of them.

use super::app::App;
use super::extract::{Json, Path, Query, Written};
use super::problem::{Kind, Problem};
use super::query::{Asked, Wanted, bad_cursor};
use crate::clock;
use crate::model::{
    Detail, EscalationTold, Judging, Page, PlaceId, Queue, VerdictTold, check_note,
};
use crate::people::Caller;
use crate::store::{Judged, Speaker, Undone};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use viahe_contract::time::LocalTime;

/// A page of the queue: one line a place.
#[utoipa::path(get, path = "/v1/queue", tag = "incidents", params(Asked), responses(
    (status = 200, body = Queue),
    Problem,
))]
pub(super) async fn queue(
    State(app): State<App>,
    caller: Caller,
    RawQuery(text): RawQuery,
    Query(asked): Query<Asked>,
) -> Result<Written, Problem> {
    let wanted = asked.by(&caller.person.scope)?;
    let read = async {
        let Wanted { filter, order, cursor, limit } = wanted;
        app.store.queue(filter, order, cursor, limit).await?.ok_or_else(bad_cursor)
    };
    app.pages.answer("queue", &caller, text, read).await
}

/// A page of incidents one by one.
#[utoipa::path(get, path = "/v1/incidents", tag = "incidents", params(Asked), responses(
    (status = 200, body = Page),
    Problem,
))]
pub(super) async fn incidents(
    State(app): State<App>,
    caller: Caller,
    RawQuery(text): RawQuery,
    Query(asked): Query<Asked>,
) -> Result<Written, Problem> {
    let wanted = asked.by(&caller.person.scope)?;
    let read = async {
        let Wanted { filter, cursor, limit, .. } = wanted;
        app.store.incidents(filter, cursor, limit).await?.ok_or_else(bad_cursor)
    };
    app.pages.answer("incidents", &caller, text, read).await
}

/// The place of an incident that is there and open to somebody.
pub(super) async fn open(app: &App, caller: &Caller, id: &str) -> Result<PlaceId, Problem> {
    let place = app.store.place_of(id.to_owned()).await?;
    place.filter(|place| caller.person.scope.covers(&place.site)).ok_or_else(Problem::not_found)
}

/// Who looks at an incident.
#[derive(Serialize, ToSchema)]
struct LookingTold {
    /// Who.
    name: String,
    /// What people call them.
    display_name: String,
    /// Since when.
    #[schema(value_type = String)]
    since: LocalTime,
}

/// All that is known of an incident, and who looks at it.
#[derive(Serialize, ToSchema)]
pub(super) struct Case {
    #[serde(flatten)]
    detail: Detail,
    /// Who looks at it now.
    looking: Vec<LookingTold>,
}

/// All that is known of an incident.
#[utoipa::path(get, path = "/v1/incidents/{id}", tag = "incidents", params(("id" = String, Path)), responses(
    (status = 200, body = Case),
    Problem,
))]
pub(super) async fn incident(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Case>, Problem> {
    open(&app, &caller, &id).await?;
    let detail = app.store.detail(id.clone()).await?.ok_or_else(Problem::not_found)?;
    let offset = detail.summary.opened.offset_secs();
    let lookers = app.live.lookers(&id, clock::now()).into_iter();
    let looking = lookers.map(|(name, looker)| LookingTold {
        name,
        display_name: looker.display_name,
        since: looker.since.at_offset(offset),
    });
    Ok(Json(Case { detail, looking: looking.collect() }))
}

pub(super) fn speaker(app: &App, caller: &Caller) -> Result<Speaker, Problem> {
    Ok(Speaker { person: caller.person.clone(), doer: app.people.acts(caller)? })
}

/// Says whether it is an incident.
#[utoipa::path(post, path = "/v1/incidents/{id}/verdict", tag = "incidents", params(("id" = String, Path)),
    request_body = Judging, responses(
    (status = 201, body = VerdictTold, description = "it stands"),
    (status = 200, body = VerdictTold, description = "it stood already"),
    (status = 409, body = Problem, description = "somebody else's stands: `theirs`"),
    Problem,
))]
pub(super) async fn judge(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(judging): Json<Judging>,
) -> Result<(StatusCode, Json<VerdictTold>), Problem> {
    open(&app, &caller, &id).await?;
    judging.check().map_err(|(field, what)| Problem::field(field, what))?;
    match app.store.judge(id, judging, speaker(&app, &caller)?).await? {
        Judged::Stands(told) => Ok((StatusCode::CREATED, Json(told))),
        Judged::Stood(told) => Ok((StatusCode::OK, Json(told))),
        Judged::Conflict(theirs) => Err(Problem::conflict(
            "somebody else has judged it; look at that first, then say that yours replaces it",
            Some(&theirs),
        )),
        Judged::NoRevision { newest } => {
            Err(Problem::field("revision", format!("there are revisions 1 to {newest}")))
        }
        Judged::Nothing => Err(Problem::not_found()),
    }
}

/// Takes a verdict back: one's own within ten minutes, an admin always.
#[utoipa::path(delete, path = "/v1/incidents/{id}/verdict/{no}", tag = "incidents",
    params(("id" = String, Path), ("no" = i64, Path)), responses(
    (status = 200, body = VerdictTold),
    (status = 409, body = Problem, description = "another one stands in its place: `theirs`"),
    Problem,
))]
pub(super) async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path((id, no)): Path<(String, i64)>,
) -> Result<Json<VerdictTold>, Problem> {
    open(&app, &caller, &id).await?;
    match app.store.undo(id, no, speaker(&app, &caller)?).await? {
        Undone::Is(told) => Ok(Json(told)),
        Undone::MayNot(why) => Err(Problem::new(Kind::Forbidden, why)),
        Undone::Replaced(theirs) => {
            Err(Problem::conflict("another verdict stands in its place", theirs.as_ref()))
        }
        Undone::Nothing => Err(Problem::not_found()),
    }
}

/// What somebody above should know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Escalating {
    /// In one's own words.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

/// Asks for somebody above.
#[utoipa::path(post, path = "/v1/incidents/{id}/escalation", tag = "incidents", params(("id" = String, Path)),
    request_body = Escalating, responses(
    (status = 201, body = EscalationTold),
    Problem,
))]
pub(super) async fn escalate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(Escalating { note }): Json<Escalating>,
) -> Result<(StatusCode, Json<EscalationTold>), Problem> {
    open(&app, &caller, &id).await?;
    check_note(&note).map_err(|(field, what)| Problem::field(field, what))?;
    let told = app.store.escalate(id, note, speaker(&app, &caller)?).await?;
    told.map(|told| (StatusCode::CREATED, Json(told))).ok_or_else(Problem::not_found)
}

/// Says that one looks at it: for half a minute, unless one says so again.
#[utoipa::path(put, path = "/v1/incidents/{id}/looking", tag = "incidents", params(("id" = String, Path)),
    responses((status = 204), Problem))]
pub(super) async fn look(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let place = open(&app, &caller, &id).await?;
    let person = &caller.person;
    let looker = (&*person.name, &*person.display_name);
    if app.live.look((&id, &place), looker, clock::now()) {
        // Who goes on to look at what is on the screen may have left the desk.
        app.store.acts(person.clone(), app.people.now()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Says that one looks at it no longer.
#[utoipa::path(delete, path = "/v1/incidents/{id}/looking", tag = "incidents", params(("id" = String, Path)),
    responses((status = 204), Problem))]
pub(super) async fn look_away(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let place = open(&app, &caller, &id).await?;
    app.live.look_away((&id, &place), &caller.person.name);
    Ok(StatusCode::NO_CONTENT)
}
