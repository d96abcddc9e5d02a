//! What nobody asks for and must happen: floods are noticed and end, shelves end.
//!
//! It looks when something was committed, and when the next shelf ends. What it remembers is what came in the last ten
//! minutes and stands in the queue by itself; after a restart it reads that again.

use crate::clock;
use crate::store::{Newcomer, Store, StoreError};
use crate::vitals::{TEND, Vitals};
use crate::workload::{Arrival, SPAN_MS, found, is_over};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use viahe_contract::time::Timestamp;

/// It looks so often at most: under load a commit follows the other.
const PACE: Duration = Duration::from_secs(1);
/// And so often at least: floods end when nothing comes.
const IDLE: Duration = Duration::from_secs(30);
/// Fewer of a site are no flood, whatever is known of it.
const FEW: usize = 5;
/// Incidents that are read at once.
const PART: u32 = 1_000;
/// Incidents of a site that are remembered; of more the oldest are forgotten, and stay what they are in the queue.
const REMEMBERED: usize = 500;
/// Incidents that are read again after a restart.
const AGAIN: i64 = 2_000;

/// Tends the queue.
pub struct Tend {
    store: Store,
    vitals: Vitals,
    /// The newest incident that was looked at; none before the first look.
    seen: Option<i64>,
    /// Those up to it were counted before.
    counted: i64,
    lately: BTreeMap<String, VecDeque<Arrival>>,
}

impl Tend {
    /// Of this store.
    pub fn new(store: Store, vitals: Vitals) -> Self {
        Self { store, vitals, seen: None, counted: 0, lately: BTreeMap::new() }
    }

    /// Tends it without end.
    pub async fn run(mut self) {
        let mut committed = self.store.committed();
        loop {
            let now = clock::now();
            // Told by the vitals; tried again with the next look.
            let next = self.vitals.clone().follow(TEND, self.look(now).await).ok().flatten();
            let wait = next.map_or(IDLE, |end| end.since(now).clamp(PACE, IDLE));
            tokio::time::sleep(PACE).await;
            // No writer any more.
            if let Ok(Err(_)) = tokio::time::timeout(wait, committed.changed()).await {
                return;
            }
        }
    }

    /// Does what is to be done at `now`; gives when the next shelf ends.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn look(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        while self.store.settle_shelves(now).await? {}
        self.hear(now).await?;
        // Of each, also where nothing new came: what tells why may come after what it explains.
        for (site, arrivals) in self.lately.iter_mut().filter(|(_, lately)| lately.len() >= FEW) {
            let signs = self.store.signs(site.clone(), now).await?;
            let Some(found) = found(arrivals.make_contiguous(), &signs, ms(now)) else { continue };
            arrivals.retain(|arrival| !found.keys.contains(&arrival.key));
            let cause = found.cause.label();
            if self.store.fold(site.clone(), found, now).await? {
                self.vitals.count("floods", cause);
                tracing::info!(%site, cause, "incidents that come together are folded");
            }
        }
        let floods = self.store.settle_floods(now, is_over).await?;
        self.vitals.set("floods_open", floods);
        let (shelves, next) = self.store.shelves_going_on().await?;
        self.vitals.set("shelves", shelves);
        Ok(next)
    }

    /// Takes in what came, and forgets what came long ago.
    async fn hear(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut seen = if let Some(seen) = self.seen {
            seen
        } else {
            self.counted = self.store.newest_incident().await?;
            self.counted - AGAIN
        };
        loop {
            let came = self.store.newcomers(seen, PART).await?;
            let Some(last) = came.last() else { break };
            seen = last.arrival.key;
            for newcomer in came {
                if newcomer.arrival.key > self.counted {
                    self.vitals.count("alerts", newcomer.kind);
                }
                self.remember(newcomer);
            }
        }
        self.counted = self.counted.max(seen);
        self.seen = Some(seen);
        let old = |arrival: &Arrival| ms(now) - arrival.at >= SPAN_MS;
        self.lately.retain(|_, lately| {
            while lately.front().is_some_and(old) {
                lately.pop_front();
            }
            !lately.is_empty()
        });
        Ok(())
    }

    fn remember(&mut self, newcomer: Newcomer) {
        if !newcomer.alone {
            return;
        }
        let lately = self.lately.entry(newcomer.site).or_default();
        if lately.len() >= REMEMBERED {
            lately.pop_front();
        }
        lately.push_back(newcomer.arrival);
    }
}

fn ms(at: Timestamp) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}
