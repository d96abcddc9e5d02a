//! Passwords: what may be one, how it is kept, and how one that is said is held against it.

use super::secret::{self, NoRandom};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};
use unicode_normalization::UnicodeNormalization as _;

/// Characters that a password has at least. NIST SP 800-63B asks for 8, and 15 where nothing else is asked for;
/// guesses are slowed down here, so between (judgement).
const SHORTEST: usize = 12;
/// Characters that a password has at most, so that nobody makes us hash a book.
const LONGEST: usize = 128;
/// Hashes that are computed at the same time: each takes memory and a core.
const AT_ONCE: usize = 2;
/// Logins that wait for one of those at most, beside them; who comes then is asked to come again.
const WAITING: usize = 30;

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// How often it is passed over.
    pub passes: u32,
}

impl Cost {
    /// Argon2id with 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage
    /// Cheat Sheet (read in November 2026).
    pub const OWASP: Self = Self { memory_kib: 19_456, passes: 2 };
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// More want to log in than can be served.
    #[error("too many logins at the same time: try again in a moment")]
    Busy,
    /// What is kept is no hash, or the memory for one is lacking.
    #[error("a password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    /// These are no parameters.
    #[error("argon2 does not take these parameters: {0}")]
    Cost(argon2::Error),
    /// As it says.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
    /// No thread hashes it.
    #[error("a password could not be hashed: there is no thread for it")]
    NoThread,
}

/// What a password that was said is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Not the one.
    Wrong,
    /// The one.
    Right {
        /// It is kept in the old way: keep this instead.
        keep: Option<String>,
    },
}

/// Hashes passwords, a few at once, on threads that may be busy for long.
#[derive(Debug)]
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    cost: Cost,
    /// Nobody's password, for names that nobody has.
    nobody: Arc<str>,
    turns: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl Passwords {
    /// With hashes of this cost.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(super) fn new(cost: Cost) -> Result<Self, PasswordError> {
        let argon2 = argon2_of(cost)?;
        let nobody = hashed(&argon2, &secret::password()?)?.into();
        let (turns, room) = (AT_ONCE, AT_ONCE + WAITING);
        let [turns, room] = [turns, room].map(|permits| Arc::new(Semaphore::new(permits)));
        Ok(Self { argon2, cost, nobody, turns, room })
    }

    /// What is kept of a password.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(super) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let argon2 = self.argon2.clone();
        self.in_turn(move || hashed(&argon2, &password)).await
    }

    /// As [`Self::hash`], on the thread of the caller: for the command line.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(super) fn hash_here(&self, password: &str) -> Result<String, PasswordError> {
        hashed(&self.argon2, password)
    }

    /// Holds what is `said` against what is `kept`; against nobody's when nothing is, which takes as long.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(super) async fn verify(
        &self,
        kept: Option<String>,
        said: String,
    ) -> Result<Said, PasswordError> {
        let (argon2, cost, nobody) = (self.argon2.clone(), self.cost, Arc::clone(&self.nobody));
        self.in_turn(move || {
            let known = PasswordHash::new(kept.as_deref().unwrap_or(&nobody));
            let known = known.map_err(|e| PasswordError::Hash(e.into()))?;
            match argon2.verify_password(plain(&said).as_bytes(), &known) {
                Ok(()) if kept.is_some() => {
                    let keep =
                        (!is_of(&known, cost)).then(|| hashed(&argon2, &said)).transpose()?;
                    Ok(Said::Right { keep })
                }
                Ok(()) | Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Said::Wrong),
                Err(error) => Err(PasswordError::Hash(error)),
            }
        })
        .await
    }

    /// Does `work` on a thread of its own when it is its turn. The turn ends with the work, also when
    /// who asked has gone away meanwhile. On threads that others share, glibc would keep the 19 MiB of a hash for each
    /// thread that ever made one: 300 MB after an hour of guesses.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.room).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| PasswordError::Busy)?;
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("password".into()).spawn(move || {
            let worked = work();
            drop((turn, place));
            // Whoever asked may have gone.
            let _ = tell.send(worked);
        });
        thread.map_err(|_| PasswordError::NoThread)?;
        told.await.map_err(|_| PasswordError::NoThread)?
    }
}

/// What is wrong with a password that somebody wants to have, in words for a person.
///
/// # Errors
/// Says it.
pub(super) fn fitting(name: &str, wanted: &str) -> Result<(), String> {
    let (wanted, name) = (plain(wanted), name.to_lowercase());
    let length = wanted.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(format!("has {length} characters: use {SHORTEST} to {LONGEST}"));
    }
    let distinct: std::collections::BTreeSet<char> = wanted.chars().collect();
    if distinct.len() < SHORTEST / 2 {
        return Err("repeats the same few characters: use more of them".to_owned());
    }
    let rest = wanted.to_lowercase().replace(&name, "");
    if rest.chars().count() < SHORTEST / 2 {
        return Err("is little more than the name: use words that nobody expects".to_owned());
    }
    Ok(())
}

/// One way of writing what looks alike (NIST SP 800-63B): keyboards write ế as one, two or three characters.
fn plain(password: &str) -> String {
    password.nfkc().take(LONGEST + 1).collect()
}

fn argon2_of(cost: Cost) -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None);
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(PasswordError::Cost)?))
}

fn hashed(argon2: &Argon2<'_>, password: &str) -> Result<String, PasswordError> {
    let hash = argon2.hash_password(plain(password).as_bytes());
    Ok(hash.map_err(PasswordError::Hash)?.to_string())
}

/// Was this hash made at this cost?
fn is_of(kept: &PasswordHash, cost: Cost) -> bool {
    let is = |name: &str, value: u32| kept.params.get_decimal(name) == Some(value);
    kept.algorithm.as_str() == Algorithm::Argon2id.as_str()
        && is("m", cost.memory_kib)
        && is("t", cost.passes)
        && is("p", 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use tokio::sync::{RwLock, mpsc};

    /// As cheap as argon2 lets it be.
    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

    #[tokio::test]
    async fn a_password_is_right_wrong_or_nobodys() {
        let passwords = Passwords::new(CHEAP).unwrap();
        let kept = passwords.hash("vỉa hè thông thoáng".to_owned()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{kept}");
        let say = async |kept: Option<&str>, said: &str| {
            passwords.verify(kept.map(str::to_owned), said.to_owned()).await.unwrap()
        };
        let right = Said::Right { keep: None };
        assert_eq!(say(Some(&kept), "vỉa hè thông thoáng").await, right);
        let apart: String = "vỉa hè thông thoáng".nfd().collect();
        assert_eq!(say(Some(&kept), &apart).await, right, "as another keyboard writes it");
        assert_eq!(say(Some(&kept), "via he thong thoang").await, Said::Wrong);
        assert_eq!(say(None, "").await, Said::Wrong);
        assert!(passwords.verify(Some("plain".to_owned()), "plain".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn of_an_unknown_name_as_much_is_computed() {
        let mut passwords = Passwords::new(CHEAP).unwrap();
        passwords.nobody = "no hash".into();
        let said = passwords.verify(None, "whatever".to_owned()).await;
        assert!(matches!(said, Err(PasswordError::Hash(_))), "nothing was held against: {said:?}");
    }

    #[tokio::test]
    async fn what_was_kept_at_another_cost_is_kept_anew() {
        let kept = Passwords::new(CHEAP).unwrap().hash_here("one two three").unwrap();
        let dearer = Cost { memory_kib: 16, passes: 2 };
        let passwords = Passwords::new(dearer).unwrap();
        let said = passwords.verify(Some(kept), "one two three".to_owned()).await.unwrap();
        let Said::Right { keep: Some(anew) } = said else { panic!("{said:?}") };
        assert!(anew.starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{anew}");
        let said = passwords.verify(Some(anew), "one two three".to_owned()).await.unwrap();
        assert_eq!(said, Said::Right { keep: None });
    }

    #[tokio::test]
    async fn no_more_wait_than_there_is_room_for() {
        let passwords = Passwords::new(CHEAP).unwrap();
        let held = Arc::clone(&passwords.room).acquire_many_owned((AT_ONCE + WAITING) as u32);
        let held = held.await.unwrap();
        let full = passwords.verify(None, String::new()).await;
        assert!(matches!(full, Err(PasswordError::Busy)), "{full:?}");
        drop(held);
        assert_eq!(passwords.verify(None, String::new()).await.unwrap(), Said::Wrong);
    }

    /// So the memory of hashes is bounded: 40 MiB, however many want to log in at once.
    #[tokio::test]
    async fn so_many_are_hashed_at_once_and_no_more_also_when_who_asked_has_gone() {
        assert!(AT_ONCE * (Cost::OWASP.memory_kib as usize) <= 40 << 10);
        let passwords = Passwords::new(CHEAP).unwrap();
        let (start, mut begun) = mpsc::channel(AT_ONCE + WAITING);
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().await;
        let hash = || {
            let (start, gate) = (start.clone(), Arc::clone(&gate));
            Box::pin(passwords.in_turn(move || {
                start.blocking_send(()).unwrap();
                drop(gate.blocking_read());
                Ok(())
            }))
        };
        let mut all: Vec<_> = (0..AT_ONCE).map(|_| hash()).collect();
        assert!(all.iter_mut().all(|one| one.now_or_never().is_none()));
        for _ in 0..AT_ONCE {
            begun.recv().await.unwrap();
        }
        let free = || passwords.turns.available_permits();
        assert_eq!(free(), 0, "a turn lasts as long as its work");
        drop(all.remove(0));
        assert_eq!(free(), 0, "it is hashed on");
        all.extend((0..WAITING).map(|_| hash()));
        assert!(all.iter_mut().all(|one| one.now_or_never().is_none()));
        assert!(matches!(hash().await, Err(PasswordError::Busy)));
        assert!(begun.try_recv().is_err(), "they wait");
        drop(closed);
        for one in all {
            one.await.unwrap();
        }
        let others = std::iter::from_fn(|| begun.try_recv().ok());
        assert_eq!(others.count(), WAITING);
        drop(passwords.turns.acquire_many(AT_ONCE as u32).await.unwrap());
    }

    #[test]
    fn the_default_is_what_owasp_says() {
        let kept = Passwords::new(Cost::OWASP).unwrap().nobody;
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }

    #[test]
    fn a_fitting_password_is_long_and_no_name() {
        for good in ["con đường số 7", "k3f9x-aaaaa-bbbbb-ccccc", &"xyzabc".repeat(21)] {
            assert_eq!(fitting("nguyen-an", good), Ok(()), "{good}");
        }
        let long = "abcdef".repeat(22);
        for (bad, why) in [
            ("short", "5 characters"),
            ("aaaaaaaaaaaaab", "repeats"),
            ("Nguyen-An2026", "name"),
            (&*long, "132 characters"),
        ] {
            let told = fitting("nguyen-an", bad).unwrap_err();
            assert!(
                told.contains(why) || long.len() > 128 && told.contains("129"),
                "{bad}: {told}"
            );
        }
    }
}
