//! What who manages people does: people and tokens come, change and end.

use super::caller::Caller;
use super::desk::{People, TOKEN_PREFIX};
use super::pace::Hasty;
use super::password::PasswordError;
use super::secret::{self, NoRandom, Secret};
use crate::config::Language;
use crate::model::{Role, Scope};
use crate::store::{Change, Doer, KeptPerson, KeptToken, StoreError, Unchanged};
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

/// Characters of a name on the screen.
const DISPLAY_NAME_MAX: usize = 80;
/// Who does it, when it is done on the command line.
const CONSOLE: &str = "console";
/// The name of who manages people at first.
const FIRST: &str = "admin";

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A field will not do.
    #[error("{0} {1}")]
    Field(&'static str, String),
    /// It does not go with what is there.
    #[error("{}", words(*.0))]
    Unchanged(Unchanged),
    /// Too much in a short time.
    #[error(transparent)]
    Hasty(#[from] Hasty),
    /// Nothing is decided.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing is decided.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Nothing is decided.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// Why, in words.
fn words(why: Unchanged) -> &'static str {
    match why {
        Unchanged::Unknown => "nobody has this name",
        Unchanged::Taken => "a person or a token has this name, or had it: choose another",
        Unchanged::LastAdmin => "nobody else manages people: let somebody else be admin first",
        Unchanged::AdminOfSites => "an admin has all sites: leave sites empty",
    }
}

/// Somebody who is to come.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Unique, for ever.
    pub name: Name,
    /// On the screen.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// In which language it reads at first.
    pub language: Language,
}

impl People {
    /// Adds somebody; gives the password, which nobody sees again.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn add(
        &self,
        newcomer: Newcomer,
        by: &Caller,
    ) -> Result<(KeptPerson, String), Refused> {
        let (password, doer) = (secret::password()?, self.acts(by)?);
        let added = kept(newcomer, doer.at)?;
        let hash = self.passwords.hash(password.clone()).await?;
        let result = self.store.add_person(added.clone(), hash, doer).await?;
        result.map_err(Refused::Unchanged)?;
        Ok((added, password))
    }

    /// Changes somebody; with a new password if `anew`, which is given.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn change(
        &self,
        name: Name,
        mut change: Change,
        anew: bool,
        by: &Caller,
    ) -> Result<(KeptPerson, Option<String>), Refused> {
        let fits = change.display_name.as_deref().map_or(Ok(()), fitting_display_name);
        fits.map_err(|problem| Refused::Field("display_name", problem))?;
        if let Some(role) = change.role {
            fitting_role(role)?;
        }
        fitting_scope(change.scope.as_ref().unwrap_or(&Scope::All))?;
        let password = anew.then(secret::password).transpose()?;
        if let Some(password) = &password {
            change.password = Some(self.passwords.hash(password.clone()).await?);
        }
        let result = self.store.change_person(name, change, self.acts(by)?).await?;
        Ok((result.map_err(Refused::Unchanged)?, password))
    }

    /// Adds a token; gives it as it is listed, and itself, which nobody sees again.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn add_token(
        &self,
        name: Name,
        role: Role,
        scope: Scope,
        by: &Caller,
    ) -> Result<(KeptToken, String), Refused> {
        let doer = self.acts(by)?;
        let (token, text) = token(name, role, scope, &doer)?;
        let result = self.store.add_token(token, secret::hash(&text), doer).await?;
        Ok((result.map_err(Refused::Unchanged)?, text))
    }

    /// When nobody is known yet, somebody comes who manages people; gives name and password.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn first(&self, language: Language) -> Result<Option<(Name, String)>, Refused> {
        if !self.store.has_nobody()? {
            return Ok(None);
        }
        let (name, password) = (name(FIRST)?, secret::password()?);
        let display_name = "Admin".to_owned();
        let (role, scope) = (Role::Admin, Scope::All);
        let doer = self.console();
        let first = Newcomer { name: name.clone(), display_name, role, scope, language };
        let added = kept(first, doer.at)?;
        let hash = self.passwords.hash_here(&password)?;
        let came = self.store.add_first_person(added, hash, doer)?;
        Ok(came.then_some((name, password)))
    }

    /// Somebody gets a new password and may log in; gives it. For the command line.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn reset(&self, name: Name) -> Result<String, Refused> {
        let password = secret::password()?;
        let hash = self.passwords.hash_here(&password)?;
        let change = Change { password: Some(hash), disabled: Some(false), ..Change::default() };
        let result = self.store.change_person_here(name, change, self.console())?;
        result.map_err(Refused::Unchanged)?;
        Ok(password)
    }

    /// As [`People::add_token`], for the command line.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn add_token_here(&self, name: Name, role: Role, scope: Scope) -> Result<String, Refused> {
        let doer = self.console();
        let (token, text) = token(name, role, scope, &doer)?;
        let result = self.store.add_token_here(token, secret::hash(&text), doer)?;
        result.map_err(Refused::Unchanged)?;
        Ok(text)
    }

    fn console(&self) -> Doer {
        Doer { who: CONSOLE.to_owned(), address: String::new(), at: self.clock.now() }
    }
}

fn name(text: &str) -> Result<Name, Refused> {
    Name::try_from(text).map_err(|problem| Refused::Field("name", problem))
}

fn kept(newcomer: Newcomer, created: Timestamp) -> Result<KeptPerson, Refused> {
    let Newcomer { name, display_name, role, scope, language } = newcomer;
    fitting_name(&name)?;
    let fits = fitting_display_name(&display_name);
    fits.map_err(|problem| Refused::Field("display_name", problem))?;
    fitting_role(role)?;
    fitting_scope(&scope)?;
    let (last_login, ended) = (None, None);
    Ok(KeptPerson { name, display_name, role, scope, language, created, last_login, ended })
}

fn token(
    name: Name,
    role: Role,
    scope: Scope,
    doer: &Doer,
) -> Result<(KeptToken, String), Refused> {
    fitting_name(&name)?;
    fitting_scope(&scope)?;
    let one = matches!(&scope, Scope::Sites(sites) if sites.len() == 1);
    match role {
        Role::Admin => {
            let problem = "is not for tokens: people are managed by people".to_owned();
            return Err(Refused::Field("role", problem));
        }
        Role::Box if !one => {
            let problem = "of a box is the one at which it stands: name exactly one".to_owned();
            return Err(Refused::Field("sites", problem));
        }
        _ => {}
    }
    let text = format!("{TOKEN_PREFIX}{}", Secret::draw()?.text());
    let (created, created_by) = (doer.at, doer.who.clone());
    let (id, used, ended) = (0, None, None);
    Ok((KeptToken { id, name, role, scope, created, created_by, used, ended }, text))
}

/// In the audit these mean somebody else.
fn fitting_name(name: &Name) -> Result<(), Refused> {
    if [CONSOLE, "nobody"].contains(&name.as_str()) {
        return Err(Refused::Field("name", "has a meaning of its own: choose another".to_owned()));
    }
    Ok(())
}

fn fitting_role(role: Role) -> Result<(), Refused> {
    if role == Role::Box {
        return Err(Refused::Field("role", "is for tokens: nobody is a box".to_owned()));
    }
    Ok(())
}

fn fitting_scope(scope: &Scope) -> Result<(), Refused> {
    match scope {
        Scope::Sites(sites) if sites.is_empty() => {
            Err(Refused::Field("sites", "names none: name some, or null for all".to_owned()))
        }
        _ => Ok(()),
    }
}

/// What is wrong with a name on the screen.
///
/// # Errors
/// Says it.
pub(super) fn fitting_display_name(wanted: &str) -> Result<(), String> {
    let length = wanted.chars().count();
    if wanted.trim() != wanted || !(1..=DISPLAY_NAME_MAX).contains(&length) {
        return Err(format!("is not 1 to {DISPLAY_NAME_MAX} characters without space around them"));
    }
    // Also marks that turn the direction of writing: they make one name look like another.
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if wanted.chars().any(hidden) {
        return Err("has characters that cannot be seen".to_owned());
    }
    Ok(())
}
