//! Bounds of proportions, one-sided.

use serde::Serialize;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Proportion {
    /// Those that count.
    pub hits: u64,
    /// All.
    pub of: u64,
}

impl Proportion {
    /// The part; none of nothing.
    pub fn part(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}

/// From here to there; each end holds by itself with the confidence that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Not less than this.
    pub low: f64,
    /// Not more than this.
    pub high: f64,
}

/// How many standard deviations a normal variable stays below with this probability (Acklam's rational approximation, relative
/// error below 1.2e-9).
pub fn z_of(confidence: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const TAIL: f64 = 0.024_25;
    let poly = |of: &[f64], x: f64| of.iter().fold(0.0, |sum, c| sum * x + c);
    let p = confidence.clamp(1e-12, 1.0 - 1e-12);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        poly(&C, q) / poly(&D, q)
    };
    if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        q * poly(&A, q * q) / poly(&B, q * q)
    }
}

/// Wilson's score interval (1927); of nothing it is all there is.
pub fn wilson(of: Proportion, z: f64) -> Interval {
    let Some(p) = of.part() else { return Interval { low: 0.0, high: 1.0 } };
    let n = of.of as f64;
    let (zz, denominator) = (z * z, 1.0 + z * z / n);
    let centre = (p + zz / (2.0 * n)) / denominator;
    let half = z / denominator * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

/// Of `new - old`, of which `shared` are the same items: Wilson's intervals joined by MOVER (Zou and Donner, Statistics in
/// Medicine 27, 2008), with the correlation that these make. None of nothing.
pub(super) fn difference(
    old: Proportion,
    new: Proportion,
    shared: u64,
    z: f64,
) -> Option<Interval> {
    let (p, q) = (new.part()?, old.part()?);
    let (of_new, of_old) = (wilson(new, z), wilson(old, z));
    let correlation = (shared as f64 / (new.of as f64 * old.of as f64).sqrt()).min(1.0);
    let joined = |a: f64, b: f64| (a * a + b * b - 2.0 * correlation * a * b).max(0.0).sqrt();
    Some(Interval {
        low: p - q - joined(p - of_new.low, of_old.high - q),
        high: p - q + joined(of_new.high - p, q - of_old.low),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    #[test]
    fn quantiles_and_wilsons_bounds_are_those_of_tables() {
        for (confidence, z) in [
            (0.5, 0.0),
            (0.95, 1.644_853_627),
            (0.975, 1.959_963_985),
            (0.999, 3.090_232_306),
            (0.01, -2.326_347_874),
        ] {
            assert!((z_of(confidence) - z).abs() < 1e-7, "{confidence}: {}", z_of(confidence));
        }
        // Newcombe 1998, table I: 81 of 263, and 0 of 20, two-sided 95 %.
        for (hits, of, low, high) in [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611)] {
            let found = wilson(Proportion { hits, of }, z_of(0.975));
            assert!(
                (found.low - low).abs() < 5e-5 && (found.high - high).abs() < 5e-5,
                "{found:?}"
            );
        }
        // Newcombe 1998 (differences), example a: 56/70 - 48/80, two-sided 95 %, method 10.
        let (new, old) = (Proportion { hits: 56, of: 70 }, Proportion { hits: 48, of: 80 });
        let found = difference(old, new, 0, z_of(0.975)).unwrap();
        assert!(
            (found.low - 0.0524).abs() < 5e-5 && (found.high - 0.3339).abs() < 5e-5,
            "{found:?}"
        );
    }

    #[test]
    fn who_tells_the_same_is_hardly_in_doubt() {
        let same = Proportion { hits: 180, of: 200 };
        let z = z_of(0.95);
        let [shared, apart] = [200, 0].map(|n| difference(same, same, n, z).unwrap().low);
        assert!(shared > -0.02 && (-0.06..-0.04).contains(&apart), "{shared} {apart}");
        assert_eq!(difference(same, Proportion::default(), 0, z), None);
    }

    /// In 20 times 2 000 trials of two models of the same precision, the low bound is above zero about as seldom as was asked.
    #[test]
    fn the_bound_holds_as_often_as_it_says() {
        let z = z_of(0.95);
        for (seed, precision, part_shared) in
            [(1, 0.9, 0.0), (2, 0.9, 0.7), (3, 0.6, 0.3), (4, 0.75, 0.9)]
        {
            let mut random = SplitMix64::new(seed);
            let mut wrong = 0;
            for _ in 0..2_000 {
                let [mut old, mut new] = [Proportion::default(); 2];
                let mut shared = 0;
                for _ in 0..200 {
                    let both = random.unit() < part_shared;
                    let [one, other] = [0, 1].map(|_| u64::from(random.unit() < precision));
                    shared += u64::from(both);
                    old = Proportion { hits: old.hits + one, of: old.of + 1 };
                    let hit = if both { one } else { other };
                    new = Proportion { hits: new.hits + hit, of: new.of + 1 };
                }
                let low = difference(old, new, shared, z).unwrap().low;
                wrong += u32::from(low > 0.0);
            }
            assert!(
                (50..=130).contains(&wrong),
                "{wrong} of 2000, 100 were asked for: seed {seed}"
            );
        }
    }
}
