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
        self + other
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

/// Totals by a label that the worker chooses. What goes beyond the bound is counted as `other`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Labelled(BTreeMap<String, Total<u64>>);

/// More labels than the worker has, few enough for a time series database.
const LABELS_MAX: usize = 24;
const LABEL_BYTES_MAX: usize = 40;
const OTHER: &str = "other";

impl Labelled {
    /// The present worker says `now`.
    pub(super) fn observe(&mut self, now: &BTreeMap<String, u64>) {
        let mut other: Option<u64> = None;
        for (label, count) in now {
            let known = self.0.contains_key(label) && label != OTHER;
            if known || (is_label(label) && self.0.len() < LABELS_MAX && label != OTHER) {
                self.0.entry(label.clone()).or_default().observe(*count);
            } else {
                other = Some(other.unwrap_or(0).saturating_add(*count));
            }
        }
        if let Some(count) = other {
            self.0.entry(OTHER.into()).or_default().observe(count);
        }
    }

    /// The present worker is gone.
    pub(super) fn restart(&mut self) {
        self.0.values_mut().for_each(Total::restart);
    }

    /// Sorted by label.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(label, total)| (label.as_str(), total.get()))
    }
}

fn is_label(text: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_are_bounded() {
        let mut totals = Labelled::default();
        let many = (0..100).map(|i| (format!("reason-{i:03}"), 1)).collect();
        totals.observe(&many);
        totals.observe(&BTreeMap::from([("bad label\n".into(), 80), ("other".into(), 5)]));
        assert_eq!(totals.iter().count(), LABELS_MAX + 1);
        let (_, other) = totals.iter().find(|(label, _)| *label == OTHER).unwrap();
        assert_eq!(other, 85);
    }

    #[test]
    fn what_is_no_count_is_passed_over() {
        let mut total = Total::default();
        for value in [1.5, f64::NAN, f64::INFINITY, -3.0] {
            total.observe(value);
        }
        assert_eq!(total.get().to_bits(), 1.5f64.to_bits());
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
