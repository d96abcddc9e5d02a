//! Going on where the last run stopped.
//!
//! What was saved and cannot be read is kept in a file, and told. An incident that the store knows as open
//! and of which the engine knows nothing would stay open at the centre for ever: it is closed, whatever
//! the reason that it was forgotten.

use super::host::Live;
use super::outside::Storage;
use crate::store::{StoreError, StoredState, Unread};
use crate::trouble::Trouble;
use std::collections::BTreeSet;
use std::sync::Arc;
use viahe_contract::id::IncidentId;
use viahe_core::engine::{Effect, Engine, Lost, Restored};
use viahe_core::incident::Revision;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

/// Scopes that are named; of more their number is told.
const NAMED_MAX: usize = 5;

/// The engine as it was saved, with what became of incidents whose rules are no more or were changed.
///
/// # Errors
/// [`StoreError`] when the file cannot be read.
pub(super) fn take_up(
    plan: &Arc<Plan>,
    store: &dyn Storage,
) -> Result<(Engine, Vec<Effect>), StoreError> {
    let StoredState { saved, damaged } = store.state()?;
    let Restored { engine, effects, lost } = Engine::restore_what_can_be(Arc::clone(plan), &saved);
    let bytes = |scope: &_| saved.parts().find(|(s, _)| *s == scope).map(|(_, b)| b.to_vec());
    let unread = lost.into_iter().map(|Lost { scope, why }| Unread {
        bytes: bytes(&scope).unwrap_or_default(),
        scope: scope.to_string(),
        why: why.to_string(),
    });
    let unread: Vec<Unread> = damaged.into_iter().chain(unread).collect();
    let open = engine.open_incidents();
    if open > 0 {
        tracing::info!(open, "incidents of the last run go on");
    }
    for note in engine.notes() {
        tracing::warn!("the state of an earlier release was taken over: {note}");
    }
    if let Some(first) = unread.first() {
        let named: Vec<&str> =
            unread.iter().take(NAMED_MAX).map(|unread| unread.scope.as_str()).collect();
        let (named, parts, why) = (named.join(", "), unread.len(), &first.why);
        match store.keep_unread(&unread) {
            Ok(path) => {
                let kept = path.display();
                tracing::error!(%kept, parts, named, why, "what was saved of this cannot be read");
            }
            Err(error) => {
                tracing::error!(%error, parts, named, why, "what was saved of this is lost");
            }
        }
    }
    Ok((engine, effects))
}

/// The last word on each incident that the store knows as open and nobody else knows.
///
/// # Errors
/// [`StoreError`] when the file cannot be read.
fn forgotten(
    store: &dyn Storage,
    known: &BTreeSet<IncidentId>,
    now: Timestamp,
) -> Result<Vec<Revision>, StoreError> {
    let is_known = |id: &str| known.iter().any(|known| known.as_str() == id);
    let mut last_words = Vec::new();
    for open in store.open_incidents()? {
        match open {
            Ok(revision) if known.contains(&revision.incident) => {}
            Ok(revision) => last_words.push(revision.forgotten(now)),
            Err(id) if is_known(&id) => {}
            Err(incident) => tracing::error!(
                incident,
                "it is open at the centre, and nothing is known of it here any more: close it there"
            ),
        }
    }
    Ok(last_words)
}

impl Live {
    /// Closes the incidents that the store knows as open and the engine does not know.
    pub(super) fn close_forgotten(&mut self, engine: &Engine) {
        let queued = self.owed.incidents();
        let known: BTreeSet<IncidentId> = engine.incidents().chain(queued).cloned().collect();
        let last_words = match forgotten(&*self.owed.store, &known, self.time.now()) {
            Ok(last_words) => last_words,
            Err(error) => {
                tracing::warn!(%error, "which incidents are open is asked when the file can be read");
                return;
            }
        };
        self.owed.forgotten_closed = true;
        for revision in last_words {
            tracing::error!(incident = %revision.incident, "closed: what was remembered of it is lost");
            self.queue(revision);
        }
    }

    /// A state that could not be read lies there until somebody takes it away.
    pub(super) fn tell_of_unread_states(&self) {
        let kept = self.owed.store.unread_states();
        let text = kept.last().map(|newest| {
            format!(
                "what the box remembered could not be read (files kept: {}, the newest {}): incidents that \
                 were open are closed as `state_lost` and begin anew if they go on; look at the file and at \
                 the disk, then move it away",
                kept.len(),
                newest.display()
            )
        });
        self.troubles.set(Trouble::StateLost, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FILE_NAME, OutboxRow, SchemaVersion, Store};
    use std::path::{Path, PathBuf};
    use viahe_contract::message::{EndReason, State};
    use viahe_core::engine::{Changes, Saved, Scope};

    fn formats() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats")
    }

    fn plan() -> Arc<Plan> {
        Arc::new(crate::project::load(&formats().join("street.toml")).unwrap())
    }

    /// A state folder with three open incidents, one at each camera and one of the site, as an older
    /// viahe left it.
    fn folder(schema: u32) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let file = formats().join(format!("database-{schema}.db"));
        std::fs::copy(file, dir.path().join(FILE_NAME)).unwrap();
        dir
    }

    fn now() -> Timestamp {
        Timestamp::from_secs(1_795_009_999)
    }

    fn last_words(store: &Store, engine: &Engine) -> Vec<Revision> {
        let known = engine.incidents().cloned().collect();
        forgotten(store, &known, now()).unwrap()
    }

    /// With `VIAHE_UPDATE_FORMATS` set, writes the newest one first.
    #[test]
    fn databases_of_each_version_go_on() {
        if std::env::var_os("VIAHE_UPDATE_FORMATS").is_some() {
            let dir = folder(2);
            let mut store = Store::open(dir.path()).unwrap();
            let (engine, _) = take_up(&plan(), &store).unwrap();
            store.commit(&[], Some(&engine.changes(store.saves()))).unwrap();
            drop(store);
            let newest = formats().join(format!("database-{}.db", SchemaVersion::NEWEST.number()));
            std::fs::copy(dir.path().join(FILE_NAME), newest).unwrap();
        }
        for schema in SchemaVersion::ALL.iter().map(|version| version.number()) {
            let dir = folder(schema);
            let store = Store::open(dir.path()).unwrap();
            assert_eq!((store.set_aside(), store.held().damaged()), (None, 0), "{schema}");
            assert_eq!(store.depth().unwrap().rows, 3, "{schema}");
            let (engine, ended) = take_up(&plan(), &store).unwrap();
            assert_eq!((ended, engine.open_incidents()), (Vec::new(), 3), "{schema}");
            assert_eq!(last_words(&store, &engine), [], "{schema}");
            assert!(store.unread_states().is_empty(), "{schema}");
            // Also what an older viahe said of them is enough to close them.
            let nothing = Engine::new(plan());
            assert_eq!(last_words(&store, &nothing).len(), 3, "{schema}");
        }
    }

    /// How parts are spoilt; how many incidents are closed then, and parts kept.
    type Way<'a> = (&'a str, &'a dyn Fn(&Scope, &[u8]) -> Option<Vec<u8>>, usize, usize);

    #[test]
    fn what_is_open_and_forgotten_is_closed_as_state_lost() {
        let gate = Scope::Camera("gate".try_into().unwrap());
        let is_gate = |scope: &Scope| *scope == gate;
        let future = |part: &[u8]| {
            let text = String::from_utf8_lossy(part);
            text.replacen("\"version\":4", "\"version\":99", 1).into_bytes()
        };
        let garbage = |_: &[u8]| vec![0xff, 0, 7];
        let cut = |part: &[u8]| part[..part.len() / 3].to_vec();
        let same = |part: &[u8]| part.to_vec();
        let ways: [Way<'_>; 7] = [
            ("garbage", &|_, part| Some(garbage(part)), 3, 3),
            ("of the future", &|_, part| Some(future(part)), 3, 3),
            ("cut", &|_, part| Some(cut(part)), 3, 3),
            ("one camera's part only", &|scope, part| is_gate(scope).then(|| same(part)), 3, 1),
            ("all but one camera's", &|scope, part| (!is_gate(scope)).then(|| same(part)), 1, 0),
            (
                "one camera's is cut",
                &|scope, part| Some(if is_gate(scope) { cut(part) } else { same(part) }),
                1,
                1,
            ),
            ("none", &|_, _| None, 3, 0),
        ];
        for (way, spoil, closed, kept) in ways {
            let dir = folder(2);
            let mut store = Store::open(dir.path()).unwrap();
            let (engine, _) = take_up(&plan(), &store).unwrap();
            let saved = engine.save();
            let spoilt: Saved = saved
                .parts()
                .filter_map(|(scope, part)| Some((scope.clone(), spoil(scope, part)?)))
                .collect();
            store.commit(&[], Some(&Changes::from(spoilt))).unwrap();
            drop(store);

            let mut store = Store::open(dir.path()).unwrap();
            let (engine, _) = take_up(&plan(), &store).unwrap();
            assert_eq!(engine.open_incidents(), 3 - closed, "{way}");
            let said = last_words(&store, &engine);
            assert_eq!(said.len(), closed, "{way}");
            for revision in &said {
                assert_eq!((revision.revision, revision.state), (2, State::Closed), "{way}");
                assert_eq!(revision.ended_by, Some(EndReason::StateLost), "{way}");
                assert_eq!(revision.updated, now(), "{way}");
            }
            let files = store.unread_states();
            let lines = files.first().map(|path| std::fs::read_to_string(path).unwrap());
            assert_eq!(lines.map_or(0, |lines| lines.lines().count()), kept, "{way}");
            // Said once.
            let zone = jiff::tz::TimeZone::UTC;
            let site = plan().site.id.clone();
            let rows: Vec<OutboxRow> =
                said.iter().map(|r| OutboxRow::new(r, &site, &zone).unwrap()).collect();
            let changes = engine.changes(store.saves());
            assert_eq!(store.commit(&rows, Some(&changes)).unwrap().added, closed, "{way}");
            assert_eq!(last_words(&store, &engine), [], "{way}");
        }
    }

    #[test]
    fn bytes_that_changed_on_the_disk_lose_their_camera_alone() {
        let dir = folder(2);
        let mut store = Store::open(dir.path()).unwrap();
        let (engine, _) = take_up(&plan(), &store).unwrap();
        store.commit(&[], Some(&engine.changes(store.saves()))).unwrap();
        drop(store);
        let path = dir.path().join(FILE_NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        let part = br#""state":{"id":"gate""#;
        // Pages that are free may still hold what was there before.
        let is_part = |at: &usize| bytes[*at..].starts_with(part);
        let places: Vec<usize> = (0..bytes.len()).filter(is_part).collect();
        assert!(!places.is_empty(), "it is in the file");
        for at in places {
            bytes[at + part.len() - 2] = b'x';
        }
        std::fs::write(&path, bytes).unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (engine, _) = take_up(&plan(), &store).unwrap();
        assert_eq!((engine.open_incidents(), store.held().damaged()), (2, 1));
        assert_eq!(last_words(&store, &engine).len(), 1);
        assert_eq!(store.unread_states().len(), 1);
    }
}
