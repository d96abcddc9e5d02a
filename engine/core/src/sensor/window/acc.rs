//! What is kept of many readings: a few words, whose merging does not depend on any order.

use super::spec::Function;
use serde::{Deserialize, Serialize};

/// Millionths in one.
const MICROS: f64 = 1e6;
const NANOS_PER_HOUR: f64 = 3.6e12;
/// Bits of a float below those that tell buckets apart: 6 of the 52 fraction bits stay, so a
/// bucket is at most 1/64 wide and its middle off by less than 1 %.
const BUCKET_SHIFT: u32 = 46;
/// Smaller values count as zero.
const ZERO_BELOW: f64 = 1e-6;

/// Readings, added up. Only what the function needs is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Acc {
    /// For sums: millionths, which add up exactly.
    Total { count: u32, micros: i64 },
    /// For the smallest, the largest.
    Extreme { count: u32, value: f64 },
    /// For the newest.
    Last { count: u32, at: u64, value: f64 },
    /// For percentiles.
    Sketch(Box<Sketch>),
}

impl Acc {
    /// Of one reading.
    pub(super) fn of(function: Function, at: u64, value: f64) -> Self {
        // -0 and 0 are one value, or which of them is the smaller would depend on the order.
        let value = value + 0.0;
        match function {
            Function::Sum | Function::Mean | Function::Rate | Function::Count => {
                Self::Total { count: 1, micros: (value * MICROS).round() as i64 }
            }
            Function::Min | Function::Max => Self::Extreme { count: 1, value },
            Function::Last => Self::Last { count: 1, at, value },
            Function::Percentile(_) => Self::Sketch(Box::new(Sketch::of(value))),
        }
    }

    /// Adds what another one holds.
    pub(super) fn add(&mut self, function: Function, other: &Self) {
        match (self, other) {
            (Self::Total { count, micros }, Self::Total { count: n, micros: more }) => {
                *count = count.saturating_add(*n);
                *micros = micros.saturating_add(*more);
            }
            (Self::Extreme { count, value }, Self::Extreme { count: n, value: other }) => {
                *count = count.saturating_add(*n);
                *value =
                    if function == Function::Min { value.min(*other) } else { value.max(*other) };
            }
            (
                Self::Last { count, at, value },
                Self::Last { count: n, at: other_at, value: other },
            ) => {
                *count = count.saturating_add(*n);
                if (*other_at, *other) > (*at, *value) {
                    (*at, *value) = (*other_at, *other);
                }
            }
            (Self::Sketch(sketch), Self::Sketch(other)) => sketch.add(other),
            // All of one operator are of one kind.
            _ => debug_assert!(false, "accumulators of different kinds"),
        }
    }

    /// How many readings.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Total { count, .. } | Self::Extreme { count, .. } | Self::Last { count, .. } => {
                u64::from(*count)
            }
            Self::Sketch(sketch) => sketch.count,
        }
    }

    /// What the function says of them in a window of `size_nanos`.
    pub(super) fn value(&self, function: Function, size_nanos: u64) -> f64 {
        match (self, function) {
            (Self::Total { count, .. }, Function::Count) => f64::from(*count),
            (Self::Total { count, micros }, Function::Mean) => {
                *micros as f64 / MICROS / f64::from(*count)
            }
            (Self::Total { micros, .. }, Function::Rate) => {
                *micros as f64 / MICROS * (NANOS_PER_HOUR / size_nanos.max(1) as f64)
            }
            (Self::Total { micros, .. }, _) => *micros as f64 / MICROS,
            (Self::Extreme { value, .. } | Self::Last { value, .. }, _) => *value,
            (Self::Sketch(sketch), Function::Percentile(p)) => sketch.percentile(p),
            (Self::Sketch(sketch), _) => sketch.max,
        }
    }
}

/// A histogram whose buckets are a fixed fraction wide: `DDSketch` with the float's own bits for
/// a logarithm, which is exact on every machine. At most some 6,000 buckets, whatever comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sketch {
    count: u64,
    min: f64,
    max: f64,
    /// By ascending bucket; negative ones are of negative values.
    buckets: Vec<(i64, u64)>,
}

fn bucket(value: f64) -> i64 {
    if value.abs() < ZERO_BELOW {
        return 0;
    }
    let size = (value.abs().to_bits() >> BUCKET_SHIFT).cast_signed();
    if value < 0.0 { -size } else { size }
}

fn middle(bucket: i64) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    let half = 1 << (BUCKET_SHIFT - 1);
    let size = f64::from_bits((bucket.unsigned_abs() << BUCKET_SHIFT) + half);
    if bucket < 0 { -size } else { size }
}

impl Sketch {
    fn of(value: f64) -> Self {
        Self { count: 1, min: value, max: value, buckets: vec![(bucket(value), 1)] }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for &(bucket, n) in &other.buckets {
            match self.buckets.binary_search_by_key(&bucket, |b| b.0) {
                Ok(found) => self.buckets[found].1 += n,
                Err(place) => self.buckets.insert(place, (bucket, n)),
            }
        }
    }

    /// By the nearest rank; the ends are exact.
    fn percentile(&self, percent: u8) -> f64 {
        let rank = (self.count * u64::from(percent)).div_ceil(100).max(1);
        let mut below = 0;
        let found = self.buckets.iter().find(|(_, n)| {
            below += n;
            below >= rank
        });
        found.map_or(self.max, |(bucket, _)| middle(*bucket).clamp(self.min, self.max))
    }
}
