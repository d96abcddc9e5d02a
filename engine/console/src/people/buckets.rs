//! Buckets of tries that fill up again with time, by whoever tries.

use std::collections::BTreeMap;
use std::time::Duration;

/// Who is remembered, by one sort of bucket.
pub(super) const REMEMBERED: usize = 10_000;

/// How much there is at once, and how fast it comes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Tries.
    pub(super) tries: u32,
    /// How long one takes to come back.
    pub(super) each: Duration,
}

impl Rate {
    fn whole(self) -> Duration {
        self.each * self.tries
    }
}

/// Debts of tries, in the time that it takes until they are forgotten.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    /// Until when there is a debt.
    until: BTreeMap<K, Duration>,
}

impl<K: Ord + Clone> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, until: BTreeMap::new() }
    }

    /// How long until there is a try.
    pub(super) fn wait(&self, key: &K, now: Duration) -> Duration {
        let debt = self.until.get(key).map_or(Duration::ZERO, |until| until.saturating_sub(now));
        (debt + self.rate.each).saturating_sub(self.rate.whole())
    }

    pub(super) fn take(&mut self, key: K, now: Duration) {
        if self.until.len() >= REMEMBERED && !self.until.contains_key(&key) {
            self.forget(now);
        }
        let until = self.until.entry(key).or_insert(now);
        *until = (*until).max(now) + self.rate.each;
    }

    pub(super) fn give_back(&mut self, key: &K) {
        if let Some(until) = self.until.get_mut(key) {
            *until = until.saturating_sub(self.rate.each);
        }
    }

    /// All of a debt is forgotten.
    pub(super) fn forgive(&mut self, key: &K) {
        self.until.remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.until.len()
    }

    /// Makes room: who owes nothing is forgotten, else who owes one try, else who owes least.
    fn forget(&mut self, now: Duration) {
        for owed in [Duration::ZERO, self.rate.each] {
            if self.until.len() >= REMEMBERED {
                self.until.retain(|_, until| *until > now + owed);
            }
        }
        if self.until.len() >= REMEMBERED {
            let least = self.until.iter().min_by_key(|(_, until)| **until);
            if let Some(key) = least.map(|(key, _)| key.clone()) {
                self.until.remove(&key);
            }
        }
    }
}
