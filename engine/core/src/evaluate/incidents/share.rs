//! A share, and how far it can be believed.

use serde::Serialize;

/// The share of `hits` in `of` cases, with the bounds between which the true one lies in 95 of 100 such trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub hits: u32,
    /// Of how many; not 0.
    pub of: u32,
    /// `hits / of`.
    pub share: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// The quantile of the normal distribution for 95 %, two-sided.
const Z: f64 = 1.959_963_984_540_054;

impl Share {
    /// None of nothing. The interval is Wilson's (1927), which keeps what it promises also for few cases and shares near 0
    /// and 1 (Brown, Cai and `DasGupta` 2001, "Interval estimation for a binomial proportion").
    pub fn new(hits: u32, of: u32) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (n, p) = (f64::from(of), f64::from(hits) / f64::from(of));
        let (square, middle) = (Z * Z, p + Z * Z / (2.0 * n));
        let half = Z * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
        let bound = |sum: f64| (sum / (1.0 + square / n)).clamp(0.0, 1.0);
        Some(Self { hits, of, share: p, low: bound(middle - half), high: bound(middle + half) })
    }
}
