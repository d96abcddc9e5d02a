//! A share that is known from some cases, and how well it is known.

/// Of the normal distribution: 95 % lie within as many deviations.
const Z: f64 = 1.959_963_985;

/// A share of cases, and between which bounds the true one lies in 95 of 100 such estimates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of the cases that are known.
    pub share: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// The share of `hits` in `of` cases with its Wilson score interval (Wilson 1927). It keeps what it promises also for
/// few cases and for shares near 0 and 1, where the textbook's interval does not (Brown, Cai and `DasGupta` 2001). None
/// without a case.
pub fn estimate(hits: u64, of: u64) -> Option<Estimate> {
    if of == 0 {
        return None;
    }
    let (n, share) = (of as f64, hits.min(of) as f64 / of as f64);
    let z2 = Z * Z;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // What rounding leaves of an end that is 0 or 1 exactly.
    let low = if hits == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if hits >= of { 1.0 } else { (middle + half).min(1.0) };
    Some(Estimate { share, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition: the bounds are the shares from which what was seen is just `Z` deviations away.
    fn by_definition(hits: u64, of: u64) -> (f64, f64) {
        let (n, seen) = (of as f64, hits as f64 / of as f64);
        let far = |p: f64| (seen - p).abs() > Z * (p * (1.0 - p) / n).sqrt();
        let edge = |mut outer: f64, mut inner: f64| {
            for _ in 0..80 {
                let middle = f64::midpoint(outer, inner);
                if far(middle) { outer = middle } else { inner = middle }
            }
            inner
        };
        (edge(0.0, seen), edge(1.0, seen))
    }

    proptest! {
        #[test]
        fn bounds_are_those_of_the_definition(of in 1_u64..400, part in 0.0_f64..=1.0) {
            let hits = (part * of as f64).round() as u64;
            let found = estimate(hits, of).unwrap();
            let (low, high) = by_definition(hits, of);
            prop_assert!((found.low - low).abs() < 1e-9 && (found.high - high).abs() < 1e-9, "{found:?} {low} {high}");
            prop_assert!(found.low <= found.share && found.share <= found.high);
        }

        #[test]
        fn more_cases_of_the_same_share_say_more(of in 2_u64..200, hits in 0_u64..200, times in 2_u64..9) {
            let hits = hits % (of + 1);
            let (few, many) = (estimate(hits, of).unwrap(), estimate(hits * times, of * times).unwrap());
            prop_assert!(many.high - many.low < few.high - few.low);
        }
    }

    #[test]
    fn values_of_a_table_and_ends() {
        let found = estimate(8, 10).unwrap();
        // As R's prop.test(8, 10, correct = FALSE) prints it.
        assert!((found.low - 0.490_162_5).abs() < 1e-6 && (found.high - 0.943_317_8).abs() < 1e-6);
        assert_eq!(estimate(0, 0), None);
        assert_eq!((estimate(0, 3).unwrap().low, estimate(3, 3).unwrap().high), (0.0, 1.0));
    }
}
