//! Any detector's scores → 0 to 1.

use crate::detect::Confidence;

/// Where the tenth percentile and the median of unknown scores are put. What is in a file was
/// worth writing down, so nine tenths must be able to start a track.
const UNKNOWN_SCALE: [f32; 2] = [0.5, 0.9];

/// A probability reaches this somewhere in a file; scores that never do are of another scale.
const SURE_MIN: f32 = 0.9;

/// Maps the scores of one file, in any scale, to 0 to 1, keeping their order.
///
/// - within 0 to 1 with some above 0.9: kept;
/// - within 0 to 100 with some above 90: taken as percent;
/// - all equal (a file without scores says 1, −1 or 0): 1;
/// - anything else (log-odds, margins, halved probabilities): a straight line through the tenth percentile and the median.
pub fn normalise(scores: &[f32]) -> Vec<Confidence> {
    let low = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let high = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let map: Box<dyn Fn(f32) -> f32> =
        if low >= high {
            Box::new(|_| 1.0)
        } else if low >= 0.0 && (SURE_MIN..=1.0).contains(&high) {
            Box::new(|v| v)
        } else if low >= 0.0 && (100.0 * SURE_MIN..=100.0).contains(&high) {
            Box::new(|v| v / 100.0)
        } else {
            let mut sorted = scores.to_vec();
            sorted.sort_unstable_by(f32::total_cmp);
            let at = |share: f32| sorted[((sorted.len() - 1) as f32 * share).round() as usize];
            let (from, to) = (at(0.1), at(0.5));
            let [bottom, top] = UNKNOWN_SCALE;
            Box::new(move |v| {
                if to > from { bottom + (v - from) / (to - from) * (top - bottom) } else { top }
            })
        };
    scores
        .iter()
        .map(|&v| Confidence::try_from(map(v).clamp(0.0, 1.0)).unwrap_or(Confidence::ONE))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales() {
        let cases: [(&str, &[f32], &[f32]); 8] = [
            ("probabilities", &[0.1, 0.9], &[0.1, 0.9]),
            ("percent", &[12.0, 97.0], &[0.12, 0.97]),
            ("all one", &[1.0, 1.0, 1.0], &[1.0, 1.0, 1.0]),
            ("all minus one", &[-1.0, -1.0], &[1.0, 1.0]),
            ("log-odds", &[-2.0, 4.0, 1.0], &[0.5, 1.0, 0.9]),
            ("halved", &[0.2, 0.45, 0.4], &[0.5, 1.0, 0.9]),
            ("sums of trees", &[5.0, 70.0, 30.0], &[0.5, 1.0, 0.9]),
            ("none", &[], &[]),
        ];
        for (name, scores, want) in cases {
            let got: Vec<f32> = normalise(scores).iter().map(|c| c.get()).collect();
            assert_eq!(got.len(), want.len(), "{name}");
            let near = got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-6);
            assert!(near, "{name}: {got:?}");
        }
    }
}
