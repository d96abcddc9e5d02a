//! Does a model see on other hardware what it sees on the processor?
//!
//! Both are shown a made picture, and all values of their outputs are held against each other: what would
//! differ on the street differs there already, since no value is left out. Rows that a graph has put in order by
//! itself may change places where two scores are nearly equal, so of such outputs the values alone are compared, from
//! the least to the greatest.

use super::detector::Detector;
use super::error::InferError;
use super::network::{Network, Parity};
use crate::clock;
use std::sync::Arc;
use std::time::Duration;
use viahe_core::model::Head;
use viahe_core::random::SplitMix64;
use viahe_core::tensor::{InputSpec, Layout};

/// Values may differ by so much of the span of all values of their output. Measured: 32-bit floats by 1e-5, 16-bit floats by
/// 3e-4. Judgement: a score is off by a hundredth at most then, and what has another order of channels, another mean, or a
/// broken kernel differs by far more.
const DIFFERENCE_MAX: f32 = 0.01;
/// Runs of each, of which the fastest counts.
const RUNS: usize = 3;

/// Holds `other` against `own`, which are of the same model.
///
/// # Errors
/// Why `other` is not to be used, for people.
pub(super) fn compare(own: &Arc<Network>, other: &Arc<Network>) -> Result<Parity, String> {
    let text = |e: InferError| e.to_string();
    let model = own.model();
    let picture = made_picture(&model.input);
    let (own, own_run) = outputs(own, &picture).map_err(text)?;
    let (other, run) = outputs(other, &picture).map_err(text)?;
    let mut difference = 0f32;
    for ((name, _), (own, other)) in model.head.tensors(1).iter().zip(own.into_iter().zip(other)) {
        let of = differ(own, other, is_ranked(&model.head));
        if of.is_nan() || of > DIFFERENCE_MAX {
            return Err(format!(
                "its output {name:?} differs from the processor's by {:.1} % of all its span on a made picture; {:.0} % are borne",
                of * 100.0,
                DIFFERENCE_MAX * 100.0
            ));
        }
        difference = difference.max(of);
    }
    Ok(Parity { difference, run, own_run })
}

/// All values of each output, and how long a run took.
fn outputs(
    network: &Arc<Network>,
    picture: &[f32],
) -> Result<(Vec<Vec<f32>>, Duration), InferError> {
    let mut detector = Detector::on(network)?;
    let mut fastest = Duration::MAX;
    let mut values = Vec::new();
    for _ in 0..RUNS {
        let began = clock::monotonic();
        values = detector.outputs_of(picture)?;
        fastest = fastest.min(clock::monotonic() - began);
    }
    Ok((values, fastest))
}

/// Has the graph put its rows in order?
fn is_ranked(head: &Head) -> bool {
    matches!(head, Head::Yolov10 { .. } | Head::Detr { .. } | Head::Efficientdet { .. })
}

/// As a share of the span of the first.
fn differ(mut own: Vec<f32>, mut other: Vec<f32>, ranked: bool) -> f32 {
    if own.len() != other.len() {
        return f32::INFINITY;
    }
    let (low, high) = own
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    if ranked {
        own.sort_by(f32::total_cmp);
        other.sort_by(f32::total_cmp);
    }
    let largest = own.iter().zip(&other).map(|(a, b)| (a - b).abs());
    // `f32::max` would pass over what is no number.
    let greater = |most: f32, of: f32| if most > of || most.is_nan() { most } else { of };
    let largest = largest.fold(0.0, greater);
    if largest == 0.0 { 0.0 } else { largest / (high - low).max(f32::MIN_POSITIVE) }
}

/// Light that changes slowly, edges, and noise: as a street has them, and the same each time.
fn made_picture(input: &InputSpec) -> Vec<f32> {
    let mut random = SplitMix64::new(1);
    let (width, height) = (input.width, input.height);
    let mut value = |x: usize, y: usize, channel: usize| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let slow = 60.0 * ((6.0 * u + channel as f32).sin() + (4.0 * v).cos());
        let edges = if (x / 24 + y / 40).is_multiple_of(2) { 40.0 } else { -40.0 };
        let light = (128.0 + slow + edges + 30.0 * (random.unit_f32() - 0.5)).clamp(0.0, 255.0);
        (light - input.mean[channel]) / input.std[channel]
    };
    let mut picture = Vec::with_capacity(input.len());
    match input.layout {
        Layout::Nchw => {
            for at in 0..3 * width * height {
                picture.push(value(at % width, at / width % height, at / (width * height)));
            }
        }
        Layout::Nhwc => {
            for at in 0..3 * width * height {
                picture.push(value(at / 3 % width, at / (3 * width), at % 3));
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_a_share_of_the_span() {
        let own = vec![0.0, 10.0, 5.0];
        assert!(differ(own.clone(), own.clone(), false) < 1e-9);
        assert!((differ(own.clone(), vec![0.0, 10.0, 5.5], false) - 0.05).abs() < 1e-6);
        assert!(differ(own.clone(), vec![10.0, 0.0, 5.0], true) < 1e-9, "other places");
        assert!(differ(own.clone(), vec![10.0, 0.0, 5.0], false) > 0.9);
        assert!(differ(own.clone(), vec![0.0, f32::NAN, 5.0], false).is_nan());
        assert!(differ(own.clone(), vec![f32::NAN, 10.0, 5.0], false).is_nan(), "the first");
        assert!(differ(own, vec![0.0, 10.0], false).is_infinite(), "values are missing");
        assert!(differ(vec![2.0; 3], vec![2.0, 2.0, 2.1], false) > 1.0, "without span");
    }
}
