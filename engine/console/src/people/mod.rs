//! People and machines: who they are, what they may do, and on which sites.
//!
//! [`People`] is the desk at which somebody logs in and by which a caller is known; [`need_of`] is the one table of who
//! may do what. Passwords, sessions and tokens are kept as hashes only.
//!
//! Logins by another service (OIDC) have their place here: another way to a session, of a person whose row names the
//! service instead of a password.

mod buckets;
mod caller;
mod desk;
mod guesses;
mod looks;
mod manage;
mod origin;
mod pace;
mod password;
mod rights;
mod secret;

pub use caller::Caller;
pub use desk::{Clock, Denied, People, Shown, TOKEN_PREFIX};
pub use manage::{Newcomer, Refused};
pub use origin::Told;
pub use pace::Hasty;
pub use password::{Cost, PasswordError};
pub use rights::{Need, RIGHTS, methods_of, need_of};
pub(crate) use secret::random;
pub use secret::{csrf, same};
