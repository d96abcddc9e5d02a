//! Numbers from a seed, the same on every machine.

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): for
/// jitter and for tests, never for secrets.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Even in 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// As [`SplitMix64::unit`], in steps that an `f32` holds.
    pub fn unit_f32(&mut self) -> f32 {
        (self.draw() >> 40) as f32 / (1_u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 1234567, as other programs print them.
    #[test]
    fn draws_the_published_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.draw()).collect();
        let want =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(drawn, want);
    }

    #[test]
    fn units_lie_below_one() {
        for seed in 0..1000 {
            let mut random = SplitMix64::new(seed);
            assert!((0.0..1.0).contains(&random.unit()), "seed {seed}");
            assert!((0.0..1.0).contains(&random.unit_f32()), "seed {seed}");
        }
    }
}
