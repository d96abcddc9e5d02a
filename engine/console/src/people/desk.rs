//! The desk at which people log in, and by which everybody is known who asks for something.

use super::caller::Caller;
use super::guesses::Guesses;
use super::looks::{Again, Look, Looks};
use super::pace::{Hasty, Pace};
use super::password::{Cost, PasswordError, Passwords, Said, fitting};
use super::secret::{self, NoRandom, Secret};
use crate::store::{Doer, KeptPerson, NoteOfSite, Pass, Proved, Store, StoreError, What};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;

/// What a token begins with, so that who finds one, or looks for ones that lie about, knows it.
pub const TOKEN_PREFIX: &str = "vht_";

/// What the desk knows of time.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// Since some point in the past; never steps.
    fn uptime(&self) -> Duration;
}

/// By what somebody wants to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A session's cookie.
    Cookie(&'a str),
    /// A token.
    Token(&'a str),
}

impl Shown<'_> {
    /// As it is kept.
    pub fn pass(self) -> Pass {
        match self {
            Self::Cookie(text) => Pass::Session(secret::hash(text)),
            Self::Token(text) => Pass::Token(secret::hash(text)),
        }
    }
}

/// Why somebody does not get in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// This is not the password of this name.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many tries.
    #[error("too many tries: wait {} seconds", .0.as_secs().max(1))]
    Wait(Duration),
    /// Too much else.
    #[error(transparent)]
    Hasty(#[from] Hasty),
    /// The new password will not do.
    #[error("the new password {0}")]
    Unfit(String),
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

/// The desk.
pub struct People {
    pub(super) store: Store,
    pub(super) passwords: Passwords,
    pub(super) clock: Box<dyn Clock>,
    guesses: Mutex<Guesses>,
    pace: Mutex<Pace>,
    looks: Mutex<Looks>,
}

impl People {
    /// With passwords kept at this cost.
    ///
    /// # Errors
    /// [`PasswordError`] when none can be hashed.
    pub fn new(store: Store, cost: Cost, clock: Box<dyn Clock>) -> Result<Self, PasswordError> {
        let passwords = Passwords::new(cost)?;
        let (guesses, pace, looks) = (Mutex::default(), Mutex::default(), Mutex::default());
        Ok(Self { store, passwords, clock, guesses, pace, looks })
    }

    /// Who shows this, and asks from `address`. None when it is nothing, or no more.
    ///
    /// # Errors
    /// Those of the store: nobody can be known.
    pub async fn who(
        &self,
        shown: Shown<'_>,
        address: IpAddr,
    ) -> Result<Option<Caller>, StoreError> {
        let pass = shown.pass();
        let person = self.store.known(pass, self.clock.now()).await?;
        let csrf = match shown {
            Shown::Cookie(cookie) => Some(secret::csrf(cookie)),
            Shown::Token(_) => None,
        };
        Ok(person.map(|person| Caller { person, csrf, pass: Some(pass), address }))
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A caller as somebody who does something now that the audit tells.
    ///
    /// # Errors
    /// Too much in a short time.
    pub fn acts(&self, caller: &Caller) -> Result<Doer, Hasty> {
        self.paced(&caller.person.name)?;
        Ok(self.doer(caller))
    }

    fn paced(&self, who: &str) -> Result<(), Hasty> {
        let now = self.clock.uptime();
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).act(who, now)
    }

    fn doer(&self, caller: &Caller) -> Doer {
        let (who, address) = (caller.person.name.clone(), caller.address.to_string());
        Doer { who, address, at: self.clock.now() }
    }

    /// A caller looks at a picture of a site: the audit tells it before it is shown, or counts it.
    ///
    /// # Errors
    /// [`Denied`]: then it must not be shown.
    pub async fn sees(&self, caller: &Caller, file: Sha256, site: String) -> Result<(), Denied> {
        let Doer { who, address, at } = self.doer(caller);
        let look = Look { who, address, file, site };
        if self.looks().again(&look, self.clock.uptime(), at) {
            return Ok(());
        }
        let (doer, about) = (self.acts(caller)?, file.to_string());
        self.store.note(doer, What::EvidenceSeen, about, Some(look.site.clone())).await?;
        let before = self.looks().begin(look.clone(), self.clock.uptime());
        if let Some(again) = before {
            self.store.note_all(vec![told_again(look, again)]).await?;
        }
        Ok(())
    }

    /// Tells how often pictures were looked at again, once that is over; `all` of it when nobody is to come any more.
    ///
    /// # Errors
    /// Those of the store: what was not kept is lost.
    pub async fn tell_looks(&self, all: bool) -> Result<(), StoreError> {
        let now = if all { None } else { Some(self.clock.uptime()) };
        let over = self.looks().take(now);
        if over.is_empty() {
            return Ok(());
        }
        let lines = over.into_iter().map(|(look, again)| told_again(look, again));
        self.store.note_all(lines.collect()).await
    }

    fn looks(&self) -> std::sync::MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cookie of a new session; that of the session `before` is none any more.
    ///
    /// # Errors
    /// [`Denied`]; nobody learns by it, or by the time that it takes, whether there is such a name.
    pub async fn log_in(
        &self,
        said: &str,
        password: String,
        address: IpAddr,
        before: Option<&str>,
    ) -> Result<(Secret, KeptPerson), Denied> {
        self.guess(said, address)?;
        let known = match Name::try_from(said) {
            Ok(name) => self.store.person(name).await?,
            Err(_) => None,
        };
        let (person, kept) = known.unzip();
        let doer = |who| Doer { who, address: address.to_string(), at: self.clock.now() };
        // Nothing that is said as a name is written down but a name: it may be a password.
        let failed = doer(person.as_ref().map_or("nobody".to_owned(), |p| p.name.to_string()));
        if let (Said::Right { keep }, Some(person), Some(kept)) =
            (self.passwords.verify(kept.clone(), password).await?, person, kept)
        {
            self.paced(person.name.as_str())?;
            let (name, cookie) = (person.name.clone(), Secret::draw()?);
            let session = secret::hash(cookie.text());
            let proved = Proved { name, kept, keep, session };
            let doer = doer(person.name.to_string());
            if self.store.log_in(proved, before.map(secret::hash), doer).await? {
                self.guesses().right(said, address);
                return Ok((cookie, person));
            }
        }
        let about = failed.who.clone();
        self.store.note(failed, What::LoginFailed, about, None).await?;
        Err(Denied::Wrong)
    }

    /// Ends the session of a caller; a token goes on.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn log_out(&self, caller: &Caller) -> Result<(), StoreError> {
        match caller.pass {
            Some(Pass::Session(hash)) => self.store.log_out(hash, self.doer(caller)).await,
            Some(Pass::Token(_)) | None => Ok(()),
        }
    }

    /// Somebody's own password becomes another one. All sessions end; gives the cookie of the one that begins.
    ///
    /// # Errors
    /// [`Denied`]. Who holds a session guesses no faster than who has none.
    pub async fn change_own_password(
        &self,
        caller: &Caller,
        old: String,
        new: String,
    ) -> Result<Secret, Denied> {
        let said = &caller.person.name;
        fitting(said, &new).map_err(Denied::Unfit)?;
        self.guess(said, caller.address)?;
        let name = Name::try_from(said.as_str()).map_err(|_| Denied::Wrong)?;
        let Some((_, kept)) = self.store.person(name.clone()).await? else {
            return Err(Denied::Wrong);
        };
        if self.passwords.verify(Some(kept.clone()), old).await? == Said::Wrong {
            self.store.note(self.doer(caller), What::LoginFailed, said.clone(), None).await?;
            return Err(Denied::Wrong);
        }
        let doer = self.acts(caller)?;
        let (keep, cookie) = (Some(self.passwords.hash(new).await?), Secret::draw()?);
        let proved = Proved { name, kept, keep, session: secret::hash(cookie.text()) };
        if !self.store.change_own_password(proved, doer).await? {
            return Err(Denied::Wrong);
        }
        self.guesses().right(said, caller.address);
        Ok(cookie)
    }

    fn guess(&self, said: &str, address: IpAddr) -> Result<(), Denied> {
        let now = self.clock.uptime();
        self.guesses().try_once(said, address, now).map_err(Denied::Wait)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of the audit: who looked at what again, and how often.
fn told_again(look: Look, again: Again) -> NoteOfSite {
    let Look { who, address, file, site } = look;
    let doer = Doer { who, address, at: again.last };
    (doer, What::EvidenceSeenAgain, format!("{file} ×{}", again.times), site)
}
