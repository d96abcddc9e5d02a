//! Pictures that people ask cameras for.
//!
//! A box takes the picture, says its hash, and brings it as it brings evidence. Who asks for one that may be as old as the
//! newest gets that; of several who ask at once one does, and all get the same picture.

use super::app::App;
use super::ask::{self, ANSWER};
use super::extract::{Json, Path};
use super::problem::{Kind, Problem};
use super::turns::Whose;
use crate::clock;
use crate::model::StillTold;
use crate::people::Caller;
use crate::store::What;
use axum::extract::State;
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;
use viahe_contract::id::Name;
use viahe_contract::message::Order;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// For a picture to be taken and brought, in turn with those that others wait for.
const BROUGHT: Duration = Duration::from_secs(40);
/// Oldest picture that may do instead of a new one, in seconds.
const MAX_AGE_SECS_MAX: u32 = 3_600;

/// How new it must be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// One that was taken so many seconds ago at most; 0 for a new one.
    #[serde(default)]
    #[schema(maximum = 3600)]
    max_age_secs: u32,
}

/// A picture of what a camera sees now, or lately. It is then at `/v1/evidence/{sha256}`, for a day.
#[utoipa::path(post, path = "/v1/sites/{site}/cameras/{camera}/still", tag = "sites",
    params(("site" = String, Path), ("camera" = String, Path)), request_body = Wanted, responses(
    (status = 200, body = StillTold),
    (status = 409, body = Problem, description = "`box_offline`, `box_too_old`"),
    (status = 422, body = Problem, description = "`refused`, such as by a camera without pictures"),
    (status = 504, body = Problem, description = "`box_silent`: no answer, or the picture was not brought"),
    Problem,
))]
pub(super) async fn still(
    State(app): State<App>,
    caller: Caller,
    Path((site, camera)): Path<(Name, Name)>,
    Json(Wanted { max_age_secs }): Json<Wanted>,
) -> Result<Json<StillTold>, Problem> {
    ask::open(&app, &caller, &site).await?;
    if max_age_secs > MAX_AGE_SECS_MAX {
        return Err(Problem::field("max_age_secs", format!("is more than {MAX_AGE_SECS_MAX}")));
    }
    let whose = (site, camera);
    if !app.store.has_camera(whose.0.clone(), whose.1.clone()).await? {
        return Err(Problem::not_found());
    }
    let asked = clock::now();
    let age = Duration::from_secs(max_age_secs.into());
    let from = Timestamp(asked.0.saturating_sub(age.as_nanos() as u64));
    let over = app.commands.over(BROUGHT);
    tokio::select! {
        still = newest_or_new(&app, &caller, &whose, from) => still.map(Json),
        () = over => {
            let detail = "no picture has come; a box brings it where its pipeline has [console]";
            Err(Problem::new(Kind::BoxSilent, detail))
        }
    }
}

/// The newest picture from `from` on, or a new one.
async fn newest_or_new(
    app: &App,
    caller: &Caller,
    whose: &Whose,
    from: Timestamp,
) -> Result<StillTold, Problem> {
    let newest = || app.store.newest_still(whose.clone(), from);
    if let Some(still) = newest().await? {
        return Ok(still);
    }
    let _turn = app.turns.take(whose).await;
    // Whoever asked just now did so for both.
    if let Some(still) = newest().await? {
        return Ok(still);
    }
    let (site, camera) = whose;
    let (doer, about) = (app.people.acts(caller)?, camera.to_string());
    app.store.note(doer, What::StillAsked, about, Some(site.to_string())).await?;
    let order = Order::Snapshot { camera: camera.clone() };
    let reply = ask::ask(app, caller, site, order, ANSWER).await?;
    let file = reply.evidence.map(|file| file.sha256);
    let file = file.ok_or_else(|| Problem::new(Kind::BoxTooOld, "the box names no picture"))?;
    app.store.keep_still(whose.clone(), file, clock::now()).await?;
    arrives(app, site, file).await?;
    newest().await?.ok_or_else(|| Problem::new(Kind::BoxSilent, "the picture is not there"))
}

/// Waits for a file.
async fn arrives(app: &App, site: &Name, file: Sha256) -> Result<(), Problem> {
    let mut committed = app.store.committed();
    loop {
        committed.borrow_and_update();
        if app.store.has_file(site.clone(), file).await? {
            return Ok(());
        }
        // The sender is the store, which goes last.
        if committed.changed().await.is_err() {
            return Err(Problem::new(Kind::Unavailable, "the console stops"));
        }
    }
}
