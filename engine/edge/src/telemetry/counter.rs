//! Totals over many starts of a worker.

use std::collections::BTreeMap;

/// A total that never goes back, fed by a counter that begins again with each worker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Total<T> {
    /// Of the workers that are gone.
    before: T,
    /// Of the present one.
    present: T,
}

/// What a [`Total`] counts in.
pub(super) trait Amount: Copy + Default + PartialOrd {
    /// `self + other`; stays at the end instead of wrapping.
    fn plus(self, other: Self) -> Self;
    /// Can it be a count?
    fn is_count(self) -> bool;
}

impl Amount for u64 {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    fn is_count(self) -> bool {
        true
    }
}

impl Amount for f64 {
    fn plus(self, other: Self) -> Self {
        (self + other).min(f64::MAX)
    }

    fn is_count(self) -> bool {
        self.is_finite() && self >= 0.0
    }
}

impl<T: Amount> Total<T> {
    /// The present worker says `now`. One that says less than before has begun again, unannounced.
    pub(super) fn observe(&mut self, now: T) {
        if !now.is_count() {
            return;
        }
        if now < self.present {
            self.restart();
        }
        self.present = now;
    }

    /// The present worker is gone.
    pub(super) fn restart(&mut self) {
        self.before = self.before.plus(self.present);
        self.present = T::default();
    }

    /// Over all workers.
    pub(super) fn get(&self) -> T {
        self.before.plus(self.present)
    }
}

/// Totals by a label; of these there are few, as its type says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Labelled<L>(BTreeMap<L, Total<u64>>);

impl<L> Default for Labelled<L> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<L: Copy + Ord> Labelled<L> {
    /// The present worker says `now`.
    pub(super) fn observe(&mut self, now: &BTreeMap<L, u64>) {
        for (label, count) in now {
            self.0.entry(*label).or_default().observe(*count);
        }
    }

    /// The present worker is gone.
    pub(super) fn restart(&mut self) {
        self.0.values_mut().for_each(Total::restart);
    }

    /// 0 of a label that was never counted.
    pub(super) fn get(&self, label: L) -> u64 {
        self.0.get(&label).map_or(0, Total::get)
    }

    /// Sorted by label.
    pub(super) fn iter(&self) -> impl Iterator<Item = (L, u64)> {
        self.0.iter().map(|(label, total)| (*label, total.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_count_is_passed_over() {
        let mut total = Total::default();
        for value in [1.5, f64::NAN, f64::INFINITY, -3.0] {
            total.observe(value);
        }
        assert_eq!(total.get().to_bits(), 1.5f64.to_bits());
        for _ in 0..2 {
            total.observe(f64::MAX);
            total.restart();
        }
        assert_eq!(total.get().to_bits(), f64::MAX.to_bits(), "it stays at the end");
    }

    proptest! {
        /// Against a model: what the workers counted, added up, and never going back.
        #[test]
        fn a_total_is_the_sum_over_workers(
            workers in prop::collection::vec((prop::collection::vec(0u64..50, 0..6), any::<bool>()), 0..6),
        ) {
            let (mut total, mut want, mut shown) = (Total::default(), 0, 0);
            for (steps, announced) in workers {
                let mut count = 0;
                for step in &steps {
                    count += step;
                    total.observe(count);
                    prop_assert!(total.get() >= shown);
                    shown = total.get();
                }
                // An end that was not announced shows when the next worker says less: so it must
                // say something less, such as the 0 of its first report.
                if announced { total.restart() } else { total.observe(0) }
                want += count;
                prop_assert_eq!(total.get(), want);
            }
        }
    }
}
