//! People and tokens, for who manages them: `/v1/people` and `/v1/tokens`.

use super::app::App;
use super::extract::{Json, Path};
use super::problem::{Kind, Problem};
use super::schema;
use crate::config::Language;
use crate::model::{Role, Scope};
use crate::people::{Caller, Newcomer, PasswordError, Refused};
use crate::store::{Change, KeptPerson, KeptToken, Unchanged};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// Somebody, for who manages people.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PersonTold {
    /// Unique, for ever.
    name: String,
    /// What others see.
    display_name: String,
    /// What it may do.
    role: Role,
    /// Where; null for all sites.
    sites: Option<Vec<String>>,
    /// The language of the pages.
    language: Language,
    /// Since when it is known.
    created: String,
    /// When it logged in last.
    last_login: Option<String>,
    /// Since when it may not log in.
    disabled: Option<String>,
}

/// Everybody.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PeopleTold {
    /// By name.
    people: Vec<PersonTold>,
}

/// Somebody, with the password that nobody sees again.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PersonWithPassword {
    /// Who.
    person: PersonTold,
    /// Shown once; null when it stays what it was.
    password: Option<String>,
}

/// Somebody who is to come.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddPerson {
    /// Unique, for ever.
    #[schema(schema_with = schema::name)]
    name: String,
    /// What others see.
    #[schema(schema_with = schema::display_name)]
    display_name: String,
    /// What it may do.
    #[schema(schema_with = schema::role_of_person)]
    role: Role,
    /// Where; null for all sites.
    #[schema(schema_with = schema::sites)]
    sites: Option<Vec<String>>,
}

/// What is to be different of somebody.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePerson {
    /// What others see.
    #[schema(schema_with = schema::display_name_or_null)]
    display_name: Option<String>,
    /// What it may do.
    #[schema(schema_with = schema::role_of_person_or_null)]
    role: Option<Role>,
    /// Where; null for all sites, and nothing for as it is. An admin has all: whoever becomes one, or is one, may have no
    /// others.
    #[serde(default)]
    #[schema(schema_with = schema::sites)]
    sites: SitesSaid,
    /// May not log in any more, or may again.
    disabled: Option<bool>,
    /// Draws a new password; all sessions end.
    #[serde(default)]
    new_password: bool,
}

/// Tells null from nothing.
#[derive(Default)]
enum SitesSaid {
    /// They stay what they are.
    #[default]
    Nothing,
    /// These; all for null.
    These(Option<Vec<String>>),
}

impl<'de> Deserialize<'de> for SitesSaid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(from).map(Self::These)
    }
}

/// A token as it is listed.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TokenTold {
    /// By which it is revoked.
    id: i64,
    /// By which the audit names it.
    name: String,
    /// What it may do.
    role: Role,
    /// Where; null for all sites.
    sites: Option<Vec<String>>,
    /// Since when.
    created: String,
    /// Who made it.
    created_by: String,
    /// When it was used last, to a minute.
    last_used: Option<String>,
    /// Since when it is none any more.
    revoked: Option<String>,
}

/// All tokens.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TokensTold {
    /// The newest first.
    tokens: Vec<TokenTold>,
}

/// A token that came.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TokenWithSecret {
    /// As it is listed.
    token: TokenTold,
    /// The token itself, shown once.
    secret: String,
}

/// A token that is to come.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddToken {
    /// By which the audit names it.
    #[schema(schema_with = schema::name)]
    name: String,
    /// What it may do.
    #[schema(schema_with = schema::role_of_token)]
    role: Role,
    /// Where; null for all sites, which a box may not be at: it stands at one.
    #[schema(schema_with = schema::sites)]
    sites: Option<Vec<String>>,
}

pub(super) fn told(at: Timestamp) -> String {
    at.rfc3339(&jiff::tz::TimeZone::UTC)
}

impl From<KeptPerson> for PersonTold {
    fn from(person: KeptPerson) -> Self {
        Self {
            name: person.name.to_string(),
            display_name: person.display_name,
            role: person.role,
            sites: person.scope.names(),
            language: person.language,
            created: told(person.created),
            last_login: person.last_login.map(told),
            disabled: person.ended.map(told),
        }
    }
}

impl From<KeptToken> for TokenTold {
    fn from(token: KeptToken) -> Self {
        Self {
            id: token.id,
            name: token.name.to_string(),
            role: token.role,
            sites: token.scope.names(),
            created: told(token.created),
            created_by: token.created_by,
            last_used: token.used.map(told),
            revoked: token.ended.map(told),
        }
    }
}

/// Everybody.
#[utoipa::path(get, path = "/v1/people", tag = "people", responses(
    (status = 200, body = PeopleTold),
    Problem,
))]
pub(super) async fn people(State(app): State<App>) -> Result<Json<PeopleTold>, Problem> {
    let people = app.store.people().await?.into_iter().map(PersonTold::from).collect();
    Ok(Json(PeopleTold { people }))
}

/// Somebody comes; the answer has the password, once.
#[utoipa::path(post, path = "/v1/people", tag = "people", request_body = AddPerson, responses(
    (status = 201, body = PersonWithPassword),
    Problem,
))]
pub(super) async fn add_person(
    State(app): State<App>,
    caller: Caller,
    Json(add): Json<AddPerson>,
) -> Result<(StatusCode, Json<PersonWithPassword>), Problem> {
    let (name, scope) = (name_of(&add.name)?, scope_of(add.sites)?);
    let AddPerson { display_name, role, .. } = add;
    let newcomer = Newcomer { name, display_name, role, scope, language: app.language };
    let (person, password) = app.people.add(newcomer, &caller).await?;
    let (person, password) = (person.into(), Some(password));
    Ok((StatusCode::CREATED, Json(PersonWithPassword { person, password })))
}

/// Somebody is changed, disabled, let in again, or gets a new password.
#[utoipa::path(patch, path = "/v1/people/{name}", tag = "people", params(("name" = String, Path)),
    request_body = ChangePerson, responses(
    (status = 200, body = PersonWithPassword),
    Problem,
))]
pub(super) async fn change_person(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(change): Json<ChangePerson>,
) -> Result<Json<PersonWithPassword>, Problem> {
    let name = Name::try_from(name).map_err(|_| Problem::not_found())?;
    let ChangePerson { display_name, role, sites, disabled, new_password } = change;
    let scope = match sites {
        SitesSaid::Nothing => None,
        SitesSaid::These(sites) => Some(scope_of(sites)?),
    };
    let change = Change { display_name, role, scope, disabled, ..Change::default() };
    let (person, password) = app.people.change(name, change, new_password, &caller).await?;
    Ok(Json(PersonWithPassword { person: person.into(), password }))
}

/// All tokens.
#[utoipa::path(get, path = "/v1/tokens", tag = "people", responses(
    (status = 200, body = TokensTold),
    Problem,
))]
pub(super) async fn tokens(State(app): State<App>) -> Result<Json<TokensTold>, Problem> {
    let tokens = app.store.tokens().await?.into_iter().map(TokenTold::from).collect();
    Ok(Json(TokensTold { tokens }))
}

/// A token comes; the answer has it, once.
#[utoipa::path(post, path = "/v1/tokens", tag = "people", request_body = AddToken, responses(
    (status = 201, body = TokenWithSecret),
    Problem,
))]
pub(super) async fn add_token(
    State(app): State<App>,
    caller: Caller,
    Json(AddToken { name, role, sites }): Json<AddToken>,
) -> Result<(StatusCode, Json<TokenWithSecret>), Problem> {
    let (name, scope) = (name_of(&name)?, scope_of(sites)?);
    let (token, secret) = app.people.add_token(name, role, scope, &caller).await?;
    Ok((StatusCode::CREATED, Json(TokenWithSecret { token: token.into(), secret })))
}

/// A token ends.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "people", params(("id" = i64, Path)), responses(
    (status = 204),
    Problem,
))]
pub(super) async fn revoke_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let revoked = app.store.revoke_token(id, app.people.acts(&caller)?).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

fn name_of(text: &str) -> Result<Name, Problem> {
    Name::try_from(text).map_err(|problem| Problem::field("name", problem))
}

fn scope_of(sites: Option<Vec<String>>) -> Result<Scope, Problem> {
    let Some(sites) = sites else { return Ok(Scope::All) };
    let names = sites.into_iter().map(Name::try_from).collect::<Result<BTreeSet<_>, _>>();
    names.map(Scope::Sites).map_err(|problem| Problem::field("sites", problem))
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        match refused {
            Refused::Field(field, problem) => Self::field(field, problem),
            Refused::Unchanged(Unchanged::Unknown) => Self::not_found(),
            Refused::Unchanged(Unchanged::AdminOfSites) => Self::field("sites", text),
            Refused::Unchanged(_) => Self::new(Kind::Conflict, text),
            Refused::Hasty(hasty) => hasty.into(),
            Refused::Store(error) => error.into(),
            Refused::Password(error) => error.into(),
            Refused::NoRandom(error) => PasswordError::from(error).into(),
        }
    }
}
