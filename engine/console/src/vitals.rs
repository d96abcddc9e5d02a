//! How the console is: what it counts, and what does not work now.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The trouble of a database that takes nothing, and what it means.
pub const DISK: (&str, &str) =
    ("disk", "the database takes nothing of what comes; look at the disk of data_dir");
/// The trouble of pictures that are not kept, and what it means.
pub const DISK_EVIDENCE: (&str, &str) =
    ("disk_evidence", "pictures are not kept; look at the disk of evidence/ in data_dir");

/// The trouble of what commits bring and pages do not hear, and what it means.
pub const CHANGES: (&str, &str) =
    ("changes", "pages are not told what changes; look at the disk of data_dir");
/// The trouble of the map that pages draw below all else, and what it means.
pub const BASE_MAP: (&str, &str) =
    ("base_map", "the map's file cannot be read; look at the disk of [console] map");
/// The trouble of what nobody wants any more and is still there, and what it means.
pub const SWEEP: (&str, &str) =
    ("sweep", "what nobody wants any more is not taken away; look at the disk of data_dir");

/// The trouble of floods and shelves that nobody tends, and what it means.
pub const TEND: (&str, &str) =
    ("tend", "floods are not folded and shelves do not end; look at the disk of data_dir");

/// What is told by `/metrics` and `/healthz`; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Vitals(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    counts: BTreeMap<(&'static str, &'static str), u64>,
    gauges: BTreeMap<&'static str, u64>,
    troubles: BTreeMap<&'static str, Trouble>,
}

#[derive(Debug)]
struct Trouble {
    text: String,
    /// From when on it is over, if it ends by itself.
    until: Option<Instant>,
}

impl Vitals {
    /// One more of `what`, for this reason.
    pub fn count(&self, what: &'static str, reason: &'static str) {
        self.add(what, reason, 1);
    }

    /// So many more.
    pub fn add(&self, what: &'static str, reason: &'static str, more: u64) {
        *self.kept().counts.entry((what, reason)).or_default() += more;
    }

    /// What is so many now.
    pub fn set(&self, what: &'static str, now: u64) {
        self.kept().gauges.insert(what, now);
    }

    /// How many it is now is not known.
    pub fn unset(&self, what: &'static str) {
        self.kept().gauges.remove(what);
    }

    /// Something does not work, until [`Vitals::end`]; logged when it is new.
    pub fn raise(&self, trouble: &'static str, text: &str) {
        self.insert(trouble, text, None);
    }

    /// Something did not work just now, which is told until this time unless it happens again. Nobody has to be there to
    /// end it.
    pub fn raise_until(&self, trouble: &'static str, text: &str, until: Instant) {
        self.insert(trouble, text, Some(until));
    }

    fn insert(&self, trouble: &'static str, text: &str, until: Option<Instant>) {
        let now = Trouble { text: text.to_owned(), until };
        let before = self.kept().troubles.insert(trouble, now);
        if before.is_none_or(|before| before.text != text) {
            tracing::warn!(trouble, text, "something does not work");
        }
    }

    /// It works again.
    pub fn end(&self, trouble: &'static str) {
        if self.kept().troubles.remove(trouble).is_some() {
            tracing::info!(trouble, "works again");
        }
    }

    /// `trouble` is there while this fails: `what` is not done then.
    ///
    /// # Errors
    /// Those of `result`.
    pub fn follow<T, E: Display>(
        &self,
        (trouble, what): (&'static str, &str),
        result: Result<T, E>,
    ) -> Result<T, E> {
        match &result {
            Ok(_) => self.end(trouble),
            Err(error) => self.raise(trouble, &format!("{what}: {error}")),
        }
        result
    }

    /// Ends what is over by itself at this time.
    pub fn settle(&self, now: Instant) {
        let over = |trouble: &Trouble| trouble.until.is_some_and(|until| until <= now);
        let ended: Vec<&'static str> = {
            let kept = self.kept();
            kept.troubles.iter().filter(|(_, it)| over(it)).map(|(name, _)| *name).collect()
        };
        for trouble in ended {
            self.end(trouble);
        }
    }

    /// What does not work at this time, in words.
    pub fn troubles(&self, now: Instant) -> Vec<(&'static str, String)> {
        self.settle(now);
        self.kept().troubles.iter().map(|(name, it)| (*name, it.text.clone())).collect()
    }

    /// What was counted: what, why, how often.
    pub fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.kept().counts.iter().map(|((what, why), count)| (*what, *why, *count)).collect()
    }

    /// What is so many now.
    pub fn gauges(&self) -> Vec<(&'static str, u64)> {
        self.kept().gauges.iter().map(|(what, now)| (*what, *now)).collect()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::time::Duration;

    #[test]
    fn what_happened_is_told_for_a_while_and_is_over_without_another_word() {
        let (vitals, start) = (Vitals::default(), clock::monotonic());
        let at = |secs| start + Duration::from_secs(secs);
        let told = |secs| vitals.troubles(at(secs)).into_iter().map(|it| it.0).collect::<Vec<_>>();
        vitals.raise("disk", "takes nothing");
        vitals.raise_until("dropped", "too many", at(10));
        assert_eq!(told(9), ["disk", "dropped"]);
        vitals.raise_until("dropped", "too many", at(19));
        assert_eq!(told(18), ["disk", "dropped"], "it happened again");
        assert_eq!(told(19), ["disk"]);
        vitals.end("disk");
        assert!(told(20).is_empty());
    }
}
