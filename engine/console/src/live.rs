//! What becomes different, as it happens, for all who watch.
//!
//! Changes are numbered in the store; one task reads what each commit brought and hands it on. Whoever comes
//! back with a number is given what it missed from the store, or told that it is no longer known. What is
//! looked at is not kept: it has no number of its own, and ends by itself.

use crate::model::{Change, PlaceId};
use crate::store::{Store, StoreError};
use crate::vitals::{CHANGES, Vitals};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use viahe_contract::time::Timestamp;

/// Changes that a watcher may be behind; then it is told to load anew.
const BEHIND_MAX: usize = 2_048;
/// Changes read at once.
const READ_MAX: u32 = 1_000;
/// The event of somebody who looks, or looks no longer: it is not kept.
pub const LOOKING: &str = "looking";
/// How long somebody looks at something who does not say so again.
const LOOK: Duration = Duration::from_secs(30);
/// Cases that are looked at at the same time; of more nobody is told.
const LOOKING_MAX: usize = 10_000;

/// Who looks at what, and what changes; clones are the same one.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    /// None once the console stops.
    changes: Mutex<Option<broadcast::Sender<Change>>>,
    looking: Mutex<BTreeMap<(String, String), Looker>>,
    /// At what each looked last: one entry for each who is known.
    last: Mutex<BTreeMap<String, String>>,
    newest: Mutex<i64>,
}

/// Somebody who looks at an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looker {
    /// What people call them.
    pub display_name: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless they say so again.
    until: Timestamp,
}

impl Live {
    /// From the newest change that is kept on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        let (newest, _) = store.change_bounds().await?;
        let (changes, _) = broadcast::channel(BEHIND_MAX);
        let (changes, newest) = (Mutex::new(Some(changes)), Mutex::new(newest));
        let last = Mutex::default();
        let inner = Inner { changes, looking: Mutex::default(), last, newest };
        Ok(Self(Arc::new(inner)))
    }

    /// Hands on what commits bring, without end.
    pub async fn run(self, store: Store, vitals: Vitals) {
        let mut committed = store.committed();
        while committed.changed().await.is_ok() {
            // Told by the vitals; tried again with the next commit.
            let _ = vitals.follow(CHANGES, self.hand_on(&store).await);
        }
    }

    async fn hand_on(&self, store: &Store) -> Result<(), StoreError> {
        loop {
            let after = self.newest();
            let found = store.changes(after, READ_MAX).await?;
            let Some(last) = found.last() else { return Ok(()) };
            *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = last.no;
            for change in found {
                self.tell(change);
            }
        }
    }

    /// The number of the newest change that was handed on.
    pub fn newest(&self) -> i64 {
        *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes different from now on; none when the console stops.
    pub fn watch(&self) -> Option<broadcast::Receiver<Change>> {
        self.changes().as_ref().map(broadcast::Sender::subscribe)
    }

    /// How many watch.
    pub fn watchers(&self) -> usize {
        self.changes().as_ref().map_or(0, broadcast::Sender::receiver_count)
    }

    /// Tells nobody anything any more: whoever watches is sent away.
    pub fn end(&self) {
        *self.changes() = None;
    }

    /// `name` looks at an incident, from now on for a while. Is it another one than they looked at last? A page that
    /// nobody sees says so again and again, too.
    pub fn look(
        &self,
        (id, place): (&str, &PlaceId),
        (name, display_name): (&str, &str),
        now: Timestamp,
    ) -> bool {
        let key = (id.to_owned(), name.to_owned());
        let mut looking = self.0.looking.lock().unwrap_or_else(PoisonError::into_inner);
        looking.retain(|_, looker| looker.until > now);
        let before = looking.get(&key).map(|looker| looker.since);
        if looking.len() >= LOOKING_MAX && before.is_none() {
            return false;
        }
        let looker = Looker {
            display_name: display_name.to_owned(),
            since: before.unwrap_or(now),
            until: now.plus(LOOK),
        };
        looking.insert(key, looker);
        drop(looking);
        if before.is_none() {
            self.tell_looking(id, place);
        }
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(name.to_owned(), id.to_owned()).is_none_or(|before| before != id)
    }

    /// `name` looks at it no longer.
    pub fn look_away(&self, (id, place): (&str, &PlaceId), name: &str) {
        let key = (id.to_owned(), name.to_owned());
        let mut looking = self.0.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let was = looking.remove(&key).is_some();
        drop(looking);
        if was {
            self.tell_looking(id, place);
        }
    }

    /// Who looks at an incident.
    pub fn lookers(&self, id: &str, now: Timestamp) -> Vec<(String, Looker)> {
        let looking = self.0.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (id.to_owned(), String::new());
        let here = looking.range(from..).take_while(|((of, _), _)| of == id);
        let here = here.filter(|(_, looker)| looker.until > now);
        here.map(|((_, name), looker)| (name.clone(), looker.clone())).collect()
    }

    fn tell_looking(&self, id: &str, place: &PlaceId) {
        let change = Change {
            no: self.newest(),
            event: LOOKING.into(),
            site: place.site.clone(),
            id: Some(id.to_owned()),
            place: Some(place.to_string()),
            camera: Some(place.camera.clone()).filter(|camera| !camera.is_empty()),
        };
        self.tell(change);
    }

    fn tell(&self, change: Change) {
        if let Some(changes) = &*self.changes() {
            // Nobody may watch.
            let _ = changes.send(change);
        }
    }

    fn changes(&self) -> MutexGuard<'_, Option<broadcast::Sender<Change>>> {
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_says_nothing_for_a_while_looks_no_longer() {
        let dir = tempfile::tempdir().unwrap();
        let live =
            Live::begin(&Store::open(dir.path(), &Vitals::default()).unwrap()).await.unwrap();
        let mut watch = live.watch().unwrap();
        let place = PlaceId { site: "hue".into(), camera: "gate".into(), zone: String::new() };
        let at = Timestamp::from_secs;
        assert!(live.look(("A", &place), ("lan", "Lan"), at(100)));
        assert!(!live.look(("A", &place), ("lan", "Lan"), at(120)));
        assert!(live.look(("B", &place), ("minh", "Minh"), at(120)));
        let of = |id, secs| {
            live.lookers(id, at(secs))
                .into_iter()
                .map(|(name, l)| (name, l.since))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("A", 149), [("lan".to_owned(), at(100))]);
        assert_eq!(of("A", 150), []);
        live.look_away(("B", &place), "minh");
        assert_eq!(of("B", 121), []);
        let told: Vec<_> = std::iter::from_fn(|| watch.try_recv().ok()).collect();
        let ids: Vec<_> = told.iter().map(|change| change.id.clone().unwrap()).collect();
        assert_eq!(ids, ["A", "B", "B"], "one word for each beginning and end");
    }
}
