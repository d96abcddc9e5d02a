//! Who somebody is that asks.

use super::error::StoreError;
use super::handle::Store;
use super::pass::{Held, Pass};
use super::rows::is_due;
use super::{session, token};
use crate::model::Person;
use viahe_contract::time::Timestamp;

/// Why a pass is nobody's.
enum Nobody {
    Unknown,
    Store(StoreError),
}

impl Store {
    /// Who shows this pass; none once it has ended. That it was used is kept.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known(&self, pass: Pass, now: Timestamp) -> Result<Option<Person>, StoreError> {
        let Some(Held { person, used, .. }) = self.held(pass, now).await? else { return Ok(None) };
        if used.is_none_or(|used| is_due(used, now)) {
            let touched = self.write(move |db| match pass {
                Pass::Session(hash) => Ok(session::touch(db, &hash, now)?),
                Pass::Token(hash) => Ok(token::touch(db, &hash, now)?),
            });
            // Who only looks may look while nothing can be written.
            if let Err(error) = touched.await {
                tracing::warn!(%error, "it could not be kept that a session or token was used");
            }
        }
        Ok(Some(person))
    }

    /// Who showed this pass before, if it goes on. An open page alone is no use of a session: it would never end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn still(&self, pass: Pass, now: Timestamp) -> Result<Option<Person>, StoreError> {
        Ok(self.held(pass, now).await?.map(|held| held.person))
    }

    /// What this pass is, if it goes on at `now`.
    async fn held(&self, pass: Pass, now: Timestamp) -> Result<Option<Held>, StoreError> {
        let read = async {
            let found = self.read(move |db| match pass {
                Pass::Session(hash) => Ok(session::find(db, &hash)?),
                Pass::Token(hash) => Ok(token::find(db, &hash)?),
            });
            found.await.map_err(Nobody::Store)?.ok_or(Nobody::Unknown)
        };
        match self.passes().get(pass, read).await {
            Ok(held) => Ok(Some(held).filter(|held| held.until.is_none_or(|until| now < until))),
            Err(Nobody::Unknown) => Ok(None),
            Err(Nobody::Store(error)) => Err(error),
        }
    }
}
