//! People, their sessions, tokens and the audit, as others have them. What is done and its line in the audit are one
//! commit.

use super::audit::{self, AuditLine, AuditWanted, Entry, What};
use super::error::StoreError;
use super::handle::Store;
use super::pass::SecretHash;
use super::person::{self, KeptPerson};
use super::session;
use super::showing;
use super::token::{self, KeptToken};
use crate::model::{Role, Scope};
use rusqlite::Connection;
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// Who does something, from where and when.
#[derive(Clone, Debug)]
pub struct Doer {
    /// Name of the person or token; `console` for the command line.
    pub who: String,
    /// The address.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

impl Doer {
    /// Writes it into the audit; `site` is that of what it is about, if it has one.
    pub(super) fn notes(
        &self,
        db: &Connection,
        what: What,
        about: &str,
        site: Option<&str>,
    ) -> rusqlite::Result<()> {
        let Self { who, address, at } = self;
        audit::write(db, &Entry { at: *at, who, what, about, site, address })
    }
}

/// Who did what, about what of which site.
pub type NoteOfSite = (Doer, What, String, String);
/// Lines of the audit that are written at once.
const NOTES: usize = 200;

/// A password that is to be another one, or a session that is to begin, was proved by the password kept then.
#[derive(Clone, Debug)]
pub struct Proved {
    /// Whose.
    pub name: Name,
    /// The password as it was kept when it was proved.
    pub kept: String,
    /// Keep it in this way from now on; or another one.
    pub keep: Option<String>,
    /// The session that begins.
    pub session: SecretHash,
}

/// What is to be different of somebody.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name on the screen.
    pub display_name: Option<String>,
    /// Language of the pages.
    pub language: Option<crate::config::Language>,
    /// The role.
    pub role: Option<Role>,
    /// The sites.
    pub scope: Option<Scope>,
    /// May not log in, or may again.
    pub disabled: Option<bool>,
    /// A password as it is kept.
    pub password: Option<String>,
}

/// Why somebody is not changed or added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// Nobody has this name.
    Unknown,
    /// A person or token has it.
    Taken,
    /// Nobody could manage people any more.
    LastAdmin,
    /// An admin has all sites.
    AdminOfSites,
}

impl Store {
    /// Who has this name, and the password as it is kept.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn person(&self, name: Name) -> Result<Option<(KeptPerson, String)>, StoreError> {
        self.read(move |db| Ok(person::find(db, &name)?)).await
    }

    /// Everybody.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn people(&self) -> Result<Vec<KeptPerson>, StoreError> {
        self.read(|db| Ok(person::all(db)?)).await
    }

    /// Begins a session, and ends the one that was there before. False when the password is another one by now, or
    /// the person may not log in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn log_in(
        &self,
        proved: Proved,
        before: Option<SecretHash>,
        doer: Doer,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let goes = begin(db, &proved, &doer)?;
            if let (true, Some(before)) = (goes, before) {
                session::end(db, &before)?;
            }
            if goes {
                person::logged_in(db, &proved.name, doer.at)?;
                doer.notes(db, What::Login, proved.name.as_str(), None)?;
            }
            Ok(goes)
        })
        .await
    }

    /// Somebody's own password becomes `proved.keep`: all sessions end and one begins. False as in [`Store::log_in`].
    ///
    /// # Errors
    /// Those of the database.
    pub async fn change_own_password(
        &self,
        proved: Proved,
        doer: Doer,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            session::end_all(db, &proved.name)?;
            let goes = begin(db, &proved, &doer)?;
            if goes {
                doer.notes(db, What::PasswordChanged, proved.name.as_str(), None)?;
            }
            Ok(goes)
        })
        .await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn log_out(&self, hash: SecretHash, doer: Doer) -> Result<(), StoreError> {
        self.write(move |db| {
            session::end(db, &hash)?;
            showing::goes(db, &doer.who, doer.at)?;
            Ok(doer.notes(db, What::Logout, &doer.who, None)?)
        })
        .await
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_person(
        &self,
        added: KeptPerson,
        password: String,
        doer: Doer,
    ) -> Result<Result<(), Unchanged>, StoreError> {
        self.write(move |db| Ok(add(db, &added, &password, &doer)?)).await
    }

    /// Adds somebody if nobody is known yet, and waits for it: before the console runs. False when nobody was added.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_first_person(
        &self,
        added: KeptPerson,
        password: String,
        doer: Doer,
    ) -> Result<bool, StoreError> {
        self.write_and_wait(move |db| {
            let first = person::all(db)?.is_empty();
            Ok(first && add(db, &added, &password, &doer)?.is_ok())
        })
    }

    /// Is nobody known?
    ///
    /// # Errors
    /// Those of the database.
    pub fn has_nobody(&self) -> Result<bool, StoreError> {
        self.read_here(|db| Ok(person::all(db)?.is_empty()))
    }

    /// Changes somebody. Sessions end when the password is another one, or the person may log in no more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn change_person(
        &self,
        name: Name,
        change: Change,
        doer: Doer,
    ) -> Result<Result<KeptPerson, Unchanged>, StoreError> {
        self.write(move |db| Ok(alter(db, &name, &change, &doer)?)).await
    }

    /// As [`Store::change_person`], for the command line.
    ///
    /// # Errors
    /// Those of the database.
    pub fn change_person_here(
        &self,
        name: Name,
        change: Change,
        doer: Doer,
    ) -> Result<Result<KeptPerson, Unchanged>, StoreError> {
        self.write_and_wait(move |db| Ok(alter(db, &name, &change, &doer)?))
    }

    /// All tokens, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tokens(&self) -> Result<Vec<KeptToken>, StoreError> {
        self.read(|db| Ok(token::all(db)?)).await
    }

    /// Adds a token; gives it as it is listed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_token(
        &self,
        token: KeptToken,
        hash: SecretHash,
        doer: Doer,
    ) -> Result<Result<KeptToken, Unchanged>, StoreError> {
        self.write(move |db| Ok(add_token(db, token, &hash, &doer)?)).await
    }

    /// As [`Store::add_token`], for the command line.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_token_here(
        &self,
        token: KeptToken,
        hash: SecretHash,
        doer: Doer,
    ) -> Result<Result<KeptToken, Unchanged>, StoreError> {
        self.write_and_wait(move |db| Ok(add_token(db, token, &hash, &doer)?))
    }

    /// Ends a token. False when there is none that goes on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_token(&self, id: i64, doer: Doer) -> Result<bool, StoreError> {
        self.write(move |db| {
            let revoked = token::revoke(db, id, doer.at)?;
            if let Some(name) = &revoked {
                doer.notes(db, What::TokenRevoked, name, None)?;
            }
            Ok(revoked.is_some())
        })
        .await
    }

    /// Writes a line into the audit, of what changes nothing here.
    ///
    /// # Errors
    /// Those of the database: then it must not happen.
    pub async fn note(
        &self,
        doer: Doer,
        what: What,
        about: String,
        site: Option<String>,
    ) -> Result<(), StoreError> {
        self.write(move |db| Ok(doer.notes(db, what, &about, site.as_deref())?)).await
    }

    /// Writes several.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note_all(&self, notes: Vec<NoteOfSite>) -> Result<(), StoreError> {
        for some in notes.chunks(NOTES) {
            let some = some.to_vec();
            self.write(move |db| {
                for (doer, what, about, site) in &some {
                    doer.notes(db, *what, about, Some(site))?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Lines of the audit, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit(&self, wanted: AuditWanted) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |db| Ok(audit::read(db, &wanted)?)).await
    }
}

fn begin(db: &Connection, proved: &Proved, doer: &Doer) -> rusqlite::Result<bool> {
    let now = person::find(db, &proved.name)?;
    if !now.is_some_and(|(person, kept)| person.ended.is_none() && kept == proved.kept) {
        return Ok(false);
    }
    if let Some(keep) = &proved.keep {
        person::set_password(db, &proved.name, keep)?;
    }
    session::begin(db, &proved.session, &proved.name, &doer.address, doer.at)?;
    Ok(true)
}

fn add(
    db: &Connection,
    added: &KeptPerson,
    password: &str,
    doer: &Doer,
) -> rusqlite::Result<Result<(), Unchanged>> {
    if person::is_taken(db, &added.name)? {
        return Ok(Err(Unchanged::Taken));
    }
    if added.role == Role::Admin && added.scope != Scope::All {
        return Ok(Err(Unchanged::AdminOfSites));
    }
    person::add(db, added, password)?;
    doer.notes(db, What::PersonAdded, &told(added), None)?;
    Ok(Ok(()))
}

fn alter(
    db: &Connection,
    name: &Name,
    change: &Change,
    doer: &Doer,
) -> rusqlite::Result<Result<KeptPerson, Unchanged>> {
    let Some((before, _)) = person::find(db, name)? else { return Ok(Err(Unchanged::Unknown)) };
    let mut after = before.clone();
    after.display_name = change.display_name.clone().unwrap_or(after.display_name);
    after.language = change.language.unwrap_or(after.language);
    after.role = change.role.unwrap_or(after.role);
    after.scope = change.scope.clone().unwrap_or(after.scope);
    if let Some(disabled) = change.disabled {
        after.ended = disabled.then(|| after.ended.unwrap_or(doer.at));
    }
    if after.role == Role::Admin && after.scope != Scope::All {
        return Ok(Err(Unchanged::AdminOfSites));
    }
    let manages = |person: &KeptPerson| person.role == Role::Admin && person.ended.is_none();
    if manages(&before) && !manages(&after) && !person::other_admin(db, name)? {
        return Ok(Err(Unchanged::LastAdmin));
    }
    if after != before {
        person::change(db, &after)?;
        doer.notes(db, What::PersonChanged, &told(&after), None)?;
    }
    if let Some(password) = &change.password {
        person::set_password(db, name, password)?;
        doer.notes(db, What::PasswordReset, name.as_str(), None)?;
    }
    if change.password.is_some() || after.ended.is_some() {
        session::end_all(db, name)?;
    }
    Ok(Ok(after))
}

fn add_token(
    db: &Connection,
    mut token: KeptToken,
    hash: &SecretHash,
    doer: &Doer,
) -> rusqlite::Result<Result<KeptToken, Unchanged>> {
    if person::is_taken(db, &token.name)? {
        return Ok(Err(Unchanged::Taken));
    }
    token.id = token::add(db, &token, hash)?;
    let about = format!("{}: {}, {}", token.name, token.role, sites(&token.scope));
    doer.notes(db, What::TokenAdded, &about, None)?;
    Ok(Ok(token))
}

/// Somebody, as the audit says it.
fn told(person: &KeptPerson) -> String {
    let ended = if person.ended.is_some() { ", disabled" } else { "" };
    let KeptPerson { name, display_name, role, scope, .. } = person;
    format!("{name} ({display_name}): {role}, {}{ended}", sites(scope))
}

fn sites(scope: &Scope) -> String {
    scope.names().map_or_else(|| "all sites".to_owned(), |names| names.join(" "))
}
