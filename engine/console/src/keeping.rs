//! What is kept no longer goes, in small steps: what is looked at each ten minutes. Whatever part of it fails holds up
//! no other, and is tried again the next time.

mod off;
mod strays;

pub use off::KeepingError;

use crate::clock;
use crate::config::Keep;
use crate::evidence::Files;
use crate::store::{Store, StoreError};
use crate::vitals::{SWEEP, Vitals};
use off::{Refusals, take_off};
use std::time::{Duration, UNIX_EPOCH};
use strays::Walk;
use viahe_contract::time::Timestamp;

/// How often it is looked.
const EVERY: Duration = Duration::from_mins(10);
/// A file that no incident names by then is of none. Incidents go another way than pictures, and wait for it in a
/// box as long as this.
const UNNAMED: Duration = Duration::from_hours(30 * 24);
/// A picture that somebody asked a camera for is of no incident: only the newest of a camera is kept longer.
const STILL: Duration = Duration::from_hours(24);
/// A verdict that a box has not heard by then is of no use to it.
const LETTER: Duration = Duration::from_hours(30 * 24);

/// Keeps house.
pub struct House {
    store: Store,
    files: Files,
    vitals: Vitals,
    keep: Keep,
    walk: Walk,
}

impl House {
    /// Of this store and these files.
    pub fn new(store: Store, files: Files, vitals: Vitals, keep: Keep) -> Self {
        Self { store, files, vitals, keep, walk: Walk::default() }
    }

    /// Keeps it without end.
    pub async fn run(mut self) {
        loop {
            // Told by the vitals.
            let _ = self.sweep(clock::now()).await;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Takes away all whose time is over by `now`; the vitals tell what of it stays.
    ///
    /// # Errors
    /// When something of it stays.
    pub async fn sweep(&mut self, now: Timestamp) -> Result<(), KeepingError> {
        let mut refused = Refusals::default();
        let swept = [
            self.incidents(now).await,
            self.pictures(now, &mut refused).await,
            self.unnamed(now).await,
            self.stills(now).await,
            self.find_strays(now, &mut refused).await,
            strays::remove((&self.store, &self.files, &self.vitals), now, &mut refused).await,
            self.parts(now, &mut refused).await,
            self.letters(now).await,
            self.count().await,
        ];
        self.vitals.set("evidence_refused", refused.count() as u64);
        let failed = swept.into_iter().find_map(Result::err).map(KeepingError::from);
        let told = failed.map_or_else(|| refused.told(), Err);
        self.vitals.follow(SWEEP, told)
    }

    async fn incidents(&self, now: Timestamp) -> Result<(), StoreError> {
        let Some(kept) = self.keep.incidents else { return Ok(()) };
        loop {
            let removed = self.store.remove_incidents(ago(now, kept), now).await?;
            self.vitals.add("removed", "incidents", removed as u64);
            if removed == 0 {
                return Ok(());
            }
        }
    }

    /// The file first: what has a line still is looked for again, if this ends in between.
    async fn pictures(&self, now: Timestamp, refused: &mut Refusals) -> Result<(), StoreError> {
        let Self { store, files, keep, .. } = self;
        let before = (ago(now, keep.pictures), ago(now, keep.confirmed_pictures));
        let mut after = None;
        loop {
            let (mut over, next) = store.pictures_over(before, after).await?;
            let wanted = over.iter().map(|(file, _)| *file).collect();
            let off = take_off((store, files), wanted, &over, refused).await?;
            over.retain(|(file, _)| off.done.contains(file));
            if !over.is_empty() {
                let removed = over.len() as u64;
                store.pictures_gone(over, now).await?;
                self.vitals.add("removed", "pictures", removed);
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// The line first, since an incident may name the file just now: it is a stray from then on.
    async fn unnamed(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let (unnamed, next) = self.store.unnamed(ago(now, UNNAMED), after).await?;
            if !unnamed.is_empty() {
                let forgotten = self.store.forget_unnamed(unnamed, now).await?;
                self.vitals.add("evidence", "unnamed", forgotten as u64);
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// The line first, as above.
    async fn stills(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let forgotten = self.store.forget_stills(ago(now, STILL), now).await?;
            self.vitals.add("evidence", "still_forgotten", forgotten as u64);
            if forgotten == 0 {
                return Ok(());
            }
        }
    }

    async fn find_strays(
        &mut self,
        now: Timestamp,
        refused: &mut Refusals,
    ) -> Result<(), StoreError> {
        let part = now.0 / EVERY.as_nanos() as u64;
        let found = self.walk.go_on((&self.store, &self.files), (part, now), refused).await?;
        self.vitals.add("evidence", "stray", found as u64);
        if found > 0 {
            tracing::warn!(
                found,
                "pictures are on the disk that the database does not know: they go in a day; if it is the wrong \
                 database, stop the console and put the right one in its place"
            );
        }
        Ok(())
    }

    async fn parts(&self, now: Timestamp, refused: &mut Refusals) -> Result<(), StoreError> {
        let before = UNIX_EPOCH + Duration::from_nanos(ago(now, UNNAMED).0);
        let files = self.files.clone();
        let stay = tokio::task::spawn_blocking(move || files.forget_parts(before)).await;
        // That it is not waited for means that the console stops.
        stay.map_err(|_| StoreError::Stopped)?.into_iter().for_each(|stays| refused.add(stays));
        Ok(())
    }

    async fn letters(&self, now: Timestamp) -> Result<(), StoreError> {
        let (waiting, given_up) = self.store.letters_waiting(ago(now, LETTER)).await?;
        self.vitals.set("letters_waiting", u64::from(waiting));
        self.vitals.add("letters", "given_up", given_up as u64);
        Ok(())
    }

    async fn count(&self) -> Result<(), StoreError> {
        self.vitals.set("evidence_bytes", self.store.file_bytes().await?);
        self.vitals.set("evidence_strays", self.store.strays().await?);
        Ok(())
    }
}

fn ago(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(by.as_nanos() as u64))
}
