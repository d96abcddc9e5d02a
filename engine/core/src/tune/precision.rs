//! Weights of one model in several precisions → those that are used.
//!
//! 8-bit integers take a third of the time where the processor multiplies them in one step (VNNI), and more time
//! than floats where it does not, so nothing but a measurement on the box can say. Whether such weights
//! see as well is not measured here: who puts them into a model's folder has proved that.

use super::choose::{MARGIN, ROUNDS_MIN, median, ratios};
use crate::model::Precision;
use serde::{Deserialize, Serialize};

/// What looks with weights of one precision cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Precise {
    /// Which.
    pub precision: Precision,
    /// Processor time of a look in each round, ms. All precisions took part in the same rounds.
    pub cpu_ms: Vec<f64>,
}

impl Precise {
    /// Of a look in the median round, ms; none where nothing was measured.
    pub fn cpu_ms(&self) -> Option<f64> {
        median(self.cpu_ms.clone())
    }
}

/// The one whose looks cost least, if it beats 32-bit floats by [`MARGIN`] in the median of the rounds, and in three of
/// four: else these.
pub fn chosen_precision(measured: &[Precise]) -> Precision {
    let of = |precision| measured.iter().find(|of| of.precision == precision);
    let Some(own) = of(Precision::Fp32).filter(|own| own.cpu_ms.len() >= ROUNDS_MIN) else {
        return Precision::Fp32;
    };
    let gain = |other: &Precise| {
        let gains = ratios(&own.cpu_ms, &other.cpu_ms)?;
        let won = gains.iter().filter(|gain| **gain > 1.0).count();
        let many = won * 4 >= gains.len() * 3;
        Some((other.precision, median(gains).filter(|gain| *gain >= MARGIN && many)?))
    };
    let best = measured.iter().filter_map(gain).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(Precision::Fp32, |(precision, _)| precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(precision: Precision, cpu_ms: &[f64]) -> Precise {
        Precise { precision, cpu_ms: cpu_ms.to_vec() }
    }

    #[test]
    fn what_costs_least_is_used_where_it_wins_clearly_and_often() {
        let own = of(Precision::Fp32, &[10.0; 8]);
        let with = |others: &[Precise]| {
            let all: Vec<Precise> = [std::slice::from_ref(&own), others].concat();
            chosen_precision(&all)
        };
        let fast = of(Precision::Int8, &[3.5; 8]);
        assert_eq!(with(&[fast.clone(), of(Precision::Fp16, &[9.0; 8])]), Precision::Int8);
        assert_eq!(with(&[of(Precision::Int8, &[14.0; 8])]), Precision::Fp32, "without VNNI");
        assert_eq!(with(&[of(Precision::Fp16, &[9.8; 8])]), Precision::Fp32, "by 2 % only");
        let lucky = [2.0, 2.0, 2.0, 2.0, 2.0, 11.0, 11.0, 11.0];
        assert_eq!(with(&[of(Precision::Int8, &lucky)]), Precision::Fp32, "five rounds of eight");
        assert_eq!(with(&[of(Precision::Int8, &[3.5; 7])]), Precision::Fp32, "of other rounds");
        assert_eq!(with(&[of(Precision::Int8, &[f64::NAN; 8])]), Precision::Fp32);
        assert_eq!(chosen_precision(&[fast]), Precision::Fp32, "nothing to hold it against");
        assert_eq!(chosen_precision(&[]), Precision::Fp32);
        let few = [of(Precision::Fp32, &[10.0; 4]), of(Precision::Int8, &[3.5; 4])];
        assert_eq!(chosen_precision(&few), Precision::Fp32, "four rounds tell nothing");
    }
}
