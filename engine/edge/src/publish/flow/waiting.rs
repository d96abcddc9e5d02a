//! Rows that are not to be sent now: until when, and what makes them due sooner. Pure.
//!
//! Three kinds wait. Rows that the centre has not confirmed and rows that the broker refused each
//! have a time of their own. Where the broker takes nothing on a topic, because nobody listens or
//! because it is not allowed, one row of it is tried now and then, the oldest, and the others wait
//! in the outbox until it is taken. Waits double; a new connection ends them, because what made
//! them long may be gone with the old one.

use super::row::{FlowOptions, RowRef};
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_core::random::SplitMix64;

/// Waits double with each try, up to this many times.
const DOUBLINGS_MAX: u32 = 4;

/// The same for topics on which nothing is taken: one message a topic is cheap.
const SHUT_DOUBLINGS_MAX: u32 = 2;

/// Topics that are held shut; there are fewer.
const SHUT_MAX: usize = 1_000;

/// How often a row is put off before it is blamed.
const PUT_OFF_MAX: u32 = 10;

/// Rows that became due together leave over so much of the usual wait.
const SPREAD: f64 = 1.0 / 6.0;

/// What a row waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The centre's word.
    Unconfirmed,
    /// The broker did not want it.
    Refused,
    /// Connections died on it: a new one is no reason to try it sooner.
    PutOff,
}

/// Why nothing is taken on a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Nobody listens.
    Unheard,
    /// It is not allowed.
    Denied,
}

#[derive(Clone, Debug)]
struct Parked {
    row: RowRef,
    since: Duration,
    due: Duration,
    why: Why,
}

#[derive(Clone, Debug)]
struct ShutTopic {
    why: Shut,
    /// The oldest row, by which it is tried.
    probe: RowRef,
    tries: u32,
    /// None while it is being tried.
    due: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    /// Since the connection was made.
    waits: u32,
    put_off: u32,
}

#[derive(Debug)]
pub(super) struct Waiting {
    options: FlowOptions,
    parked: BTreeMap<i64, Parked>,
    /// While a row is parked or in flight.
    tries: BTreeMap<i64, Tries>,
    shut: BTreeMap<String, ShutTopic>,
    /// The centre last confirmed anything.
    confirmed: Option<Duration>,
    random: SplitMix64,
}

impl Waiting {
    pub(super) fn new(options: FlowOptions) -> Self {
        Self {
            options,
            parked: BTreeMap::new(),
            tries: BTreeMap::new(),
            shut: BTreeMap::new(),
            confirmed: None,
            random: SplitMix64::new(options.seed),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.parked.len()
    }

    /// Nothing waits for the centre.
    pub(super) fn all_confirmed(&self) -> bool {
        self.parked.values().all(|parked| parked.why != Why::Unconfirmed)
    }

    /// A topic that is shut for this reason, and how many there are.
    pub(super) fn shut(&self, why: Shut) -> Option<(&str, usize)> {
        let mut topics = self.shut.iter().filter(|(_, shut)| shut.why == why);
        let first = topics.next()?.0;
        Some((first, 1 + topics.count()))
    }

    /// Is a topic shut, because nobody listens, that is tried by this row?
    pub(super) fn is_unheard(&self, row: i64) -> bool {
        self.shut.values().any(|shut| shut.why == Shut::Unheard && shut.probe.row == row)
    }

    /// Is a row parked because the broker did not want it?
    pub(super) fn refused(&self) -> usize {
        self.parked.values().filter(|parked| parked.why == Why::Refused).count()
    }

    /// May this row, read from the outbox, be sent now?
    pub(super) fn admits(&mut self, row: &RowRef, now: Duration) -> bool {
        if self.parked.contains_key(&row.row) || self.shut.contains_key(&row.topic) {
            return false;
        }
        // Revisions of an incident stay in order: a later one waits for the refused one.
        let ahead = |p: &&Parked| p.why != Why::Unconfirmed && p.row.incident == row.incident;
        match self.parked.values().find(ahead).map(|p| (p.due.max(now), p.why)) {
            Some((due, why)) => {
                self.parked.insert(row.row, Parked { row: row.clone(), since: now, due, why });
                false
            }
            None => true,
        }
    }

    /// At most `room` rows whose wait is over, in order.
    pub(super) fn take_due(&mut self, room: usize, now: Duration) -> Vec<i64> {
        let parked = self.parked.values().filter(|p| p.due <= now).map(|p| p.row.row);
        let probes = self.shut.values().filter(|shut| shut.due.is_some_and(|due| due <= now));
        let mut due: Vec<i64> = parked.chain(probes.map(|shut| shut.probe.row)).collect();
        due.sort_unstable();
        due.dedup();
        due.truncate(room);
        for row in &due {
            self.parked.remove(row);
        }
        for shut in self.shut.values_mut().filter(|shut| due.contains(&shut.probe.row)) {
            shut.due = None;
        }
        due
    }

    pub(super) fn park(&mut self, row: RowRef, why: Why, now: Duration) {
        let first = self.first(why);
        let tries = self.tries.entry(row.row).or_default();
        let doublings =
            if why == Why::PutOff { tries.waits.max(tries.put_off) } else { tries.waits };
        let due = now + first * (1 << doublings.min(DOUBLINGS_MAX));
        tries.waits += 1;
        self.unprobe(row.row);
        self.parked.insert(row.row, Parked { row, since: now, due, why });
    }

    /// Connections died on this row again and again. Says whether it is to blame now; if not, it waits.
    pub(super) fn put_off(&mut self, row: RowRef, now: Duration) -> bool {
        let tries = self.tries.entry(row.row).or_default();
        if tries.put_off >= PUT_OFF_MAX {
            return true;
        }
        let number = row.row;
        self.park(row, Why::PutOff, now);
        self.tries.entry(number).or_default().put_off += 1;
        false
    }

    /// Nothing is taken on the topic of `row`.
    pub(super) fn close(&mut self, row: RowRef, why: Shut, now: Duration) {
        if !self.shut.contains_key(&row.topic) && self.shut.len() >= SHUT_MAX {
            self.park(row, Why::Refused, now);
            return;
        }
        let first = self.options.retry_after;
        let shut = self.shut.entry(row.topic.clone()).or_insert_with(|| ShutTopic {
            why,
            probe: row.clone(),
            tries: 0,
            due: None,
        });
        shut.why = why;
        if row.row < shut.probe.row {
            shut.probe = row;
        } else if row.row != shut.probe.row {
            // One of those that were on their way when the first was refused.
            shut.due.get_or_insert(now + first);
            return;
        }
        shut.due = Some(now + first * (1 << shut.tries.min(SHUT_DOUBLINGS_MAX)));
        shut.tries += 1;
    }

    /// The broker takes messages on this topic. Says whether that is news: then rows that were
    /// passed over are to be read again.
    pub(super) fn open(&mut self, topic: &str, now: Duration) -> bool {
        for parked in self.parked.values_mut() {
            if parked.why == Why::Refused && parked.row.topic == topic {
                parked.due = parked.due.min(now);
            }
        }
        self.shut.remove(topic).is_some()
    }

    /// The row is dealt with, or gone. Says whether rows that were passed over are to be read again.
    pub(super) fn forget(&mut self, row: i64) -> bool {
        self.parked.remove(&row);
        self.tries.remove(&row);
        self.unprobe(row)
    }

    /// A topic is not tried by `row` any more: another one of it will show whether it is shut.
    pub(super) fn unprobe(&mut self, row: i64) -> bool {
        let before = self.shut.len();
        self.shut.retain(|_, shut| shut.probe.row != row);
        self.shut.len() < before
    }

    /// The centre spoke. After a long silence it is back, and what it missed need not wait longer.
    pub(super) fn confirmed(&mut self, now: Duration) {
        let silent =
            self.confirmed.is_none_or(|at| now.saturating_sub(at) > self.options.resend_after);
        self.confirmed = Some(now);
        if silent {
            self.hurry(now, |why| why == Why::Unconfirmed);
        }
    }

    /// There is a new connection.
    pub(super) fn connected(&mut self, now: Duration) {
        self.hurry(now, |why| why != Why::PutOff);
        let spread = self.options.retry_after;
        for shut in self.shut.values_mut() {
            let soon = now + spread.mul_f64(SPREAD * self.random.unit());
            shut.due = Some(shut.due.map_or(soon, |due| due.min(soon)));
            shut.tries = 0;
        }
    }

    /// What waits gets due soon, and the next waits are short again. Jitter keeps it from going
    /// all at once; what was sent a moment ago waits a little all the same.
    fn hurry(&mut self, now: Duration, of: impl Fn(Why) -> bool) {
        let [resend, retry] = [self.options.resend_after, self.options.retry_after];
        for (row, parked) in self.parked.iter_mut().filter(|(_, parked)| of(parked.why)) {
            let first = if parked.why == Why::Unconfirmed { resend } else { retry };
            let soon = (parked.since + first / 4).max(now);
            let soon = soon + first.mul_f64(SPREAD * self.random.unit());
            parked.due = parked.due.min(soon);
            if let Some(tries) = self.tries.get_mut(row) {
                tries.waits = 0;
            }
        }
    }

    fn first(&self, why: Why) -> Duration {
        match why {
            Why::Unconfirmed => self.options.resend_after,
            Why::Refused | Why::PutOff => self.options.retry_after,
        }
    }
}
