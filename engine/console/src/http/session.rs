//! Who is logged in: `/v1/session` and `/v1/me`.

use super::address::Address;
use super::app::App;
use super::cookie;
use super::extract::Json;
use super::problem::{Kind, Problem};
use super::schema;
use crate::config::Language;
use crate::model::Role;
use crate::people::{Caller, Denied, Hasty, PasswordError, csrf};
use crate::store::{Change, KeptPerson, Pass};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use viahe_contract::id::Name;

/// Who logs in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    /// The person's name.
    #[schema(max_length = 1024)]
    name: String,
    /// The password.
    #[schema(max_length = 1024)]
    password: String,
}

/// Who asks.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Me {
    /// Unique.
    name: String,
    /// What others see.
    display_name: String,
    /// What I may do.
    role: Role,
    /// Where; null for all sites.
    sites: Option<Vec<String>>,
    /// The language of the pages.
    language: Language,
    /// Goes into `x-viahe-csrf` of what changes something; null for a token, which needs none.
    csrf: Option<String>,
}

/// What I change of myself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMe {
    /// The language of the pages.
    language: Option<Language>,
    /// What others see.
    #[schema(schema_with = schema::display_name_or_null)]
    display_name: Option<String>,
    /// The password.
    password: Option<ChangePassword>,
}

/// A password becomes another one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    /// As it is.
    #[schema(max_length = 1024)]
    old: String,
    /// As it shall be.
    #[schema(min_length = 12, max_length = 128)]
    new: String,
}

impl Me {
    fn of(person: KeptPerson, csrf: Option<String>) -> Self {
        let KeptPerson { name, display_name, role, scope, language, .. } = person;
        Self { name: name.to_string(), display_name, role, sites: scope.names(), language, csrf }
    }
}

/// Longest that is said as a name or password.
const SAID_MAX: usize = 1024;

/// Log in: the answer sets the cookie of a new session.
#[utoipa::path(post, path = "/v1/session", tag = "people", request_body = LogIn, responses(
    (status = 200, body = Me),
    Problem,
))]
pub(super) async fn log_in(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Json(LogIn { name, password }): Json<LogIn>,
) -> Result<Response, Problem> {
    let before = cookie::of(&headers);
    if name.len() > SAID_MAX || password.len() > SAID_MAX {
        return Err(Denied::Wrong.into());
    }
    let (cookie, person) = app.people.log_in(&name, password, address, before).await?;
    let me = Me::of(person, Some(csrf(cookie.text())));
    Ok((set_cookie(&app, cookie.text()), Json(me)).into_response())
}

/// Log out: the session ends.
#[utoipa::path(delete, path = "/v1/session", tag = "people", responses(
    (status = 204),
    Problem,
))]
pub(super) async fn log_out(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    app.people.log_out(&caller).await?;
    let gone = AppendHeaders([(header::SET_COOKIE, cookie::clear())]);
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

/// Who am I?
#[utoipa::path(get, path = "/v1/me", tag = "people", responses(
    (status = 200, body = Me),
    Problem,
))]
pub(super) async fn me(State(app): State<App>, caller: Caller) -> Result<Json<Me>, Problem> {
    let csrf = caller.csrf.clone();
    Ok(Json(match kept(&app, &caller).await? {
        Some(person) => Me::of(person, csrf),
        None => Me {
            sites: caller.person.scope.names(),
            name: caller.person.name,
            display_name: caller.person.display_name,
            role: caller.person.role,
            language: app.language,
            csrf,
        },
    }))
}

/// Change my language, my name on the screen, or my password. With another password all my sessions end, and the answer
/// sets the cookie of a new one.
#[utoipa::path(patch, path = "/v1/me", tag = "people", request_body = ChangeMe, responses(
    (status = 200, body = Me),
    Problem,
))]
pub(super) async fn change_me(
    State(app): State<App>,
    caller: Caller,
    Json(change): Json<ChangeMe>,
) -> Result<Response, Problem> {
    let none = || Problem::new(Kind::Forbidden, "a token has no settings of its own");
    let person = kept(&app, &caller).await?.ok_or_else(none)?;
    let ChangeMe { language, display_name, password } = change;
    let mut person = person;
    if language.is_some() || display_name.is_some() {
        let change = Change { display_name, language, ..Change::default() };
        (person, _) = app.people.change(person.name, change, false, &caller).await?;
    }
    let Some(ChangePassword { old, new }) = password else {
        return Ok(Json(Me::of(person, caller.csrf)).into_response());
    };
    let cookie = app.people.change_own_password(&caller, old, new).await.map_err(|e| match e {
        Denied::Wrong => Problem::new(Kind::Forbidden, "the old password is another one"),
        Denied::Unfit(problem) => Problem::field("password.new", problem),
        other => other.into(),
    })?;
    let me = Me::of(person, Some(csrf(cookie.text())));
    Ok((set_cookie(&app, cookie.text()), Json(me)).into_response())
}

/// As the store has a person; none of a token.
async fn kept(app: &App, caller: &Caller) -> Result<Option<KeptPerson>, Problem> {
    let name = Name::try_from(caller.person.name.as_str()).ok();
    match (caller.pass, name) {
        (Some(Pass::Session(_)), Some(name)) => {
            Ok(app.store.person(name).await?.map(|found| found.0))
        }
        _ => Ok(None),
    }
}

fn set_cookie(app: &App, secret: &str) -> HeaderMap {
    cookie::set(secret, app.https).map(|value| (header::SET_COOKIE, value)).into_iter().collect()
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let text = denied.to_string();
        match denied {
            Denied::Wrong => Self::new(Kind::Unauthenticated, text),
            Denied::Wait(wait) => {
                // Up, so that who waits as told is not told again.
                Self::new(Kind::TooManyTries, text).retry_after(wait.as_secs() + 1)
            }
            Denied::Hasty(hasty) => hasty.into(),
            Denied::Unfit(_) => Self::new(Kind::Invalid, text),
            Denied::Store(error) => error.into(),
            Denied::Password(error) => error.into(),
            Denied::NoRandom(error) => PasswordError::from(error).into(),
        }
    }
}

impl From<Hasty> for Problem {
    fn from(hasty: Hasty) -> Self {
        let Hasty(wait) = hasty;
        Self::new(Kind::TooManyTries, hasty.to_string()).retry_after(wait.as_secs() + 1)
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        if !matches!(error, PasswordError::Busy) {
            tracing::error!(%error, "nobody can log in");
        }
        Self::new(Kind::Unavailable, error.to_string()).retry_after(2)
    }
}
