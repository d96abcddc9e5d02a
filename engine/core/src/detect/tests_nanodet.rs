//! The `NanoDet` head by hand, and against a plain decoder.

use super::*;
use crate::model::CellPoint;

const BINS: usize = 5;
const COLUMNS: usize = 2 + 4 * BINS;

/// 16 x 16 px, strides 8 and 16: 4 + 1 cells; classes person and car.
fn model(point: CellPoint) -> Model {
    let mut model = yolox_model();
    let (tensor, strides) = ("output".into(), vec![8, 16]);
    model.head = Head::Nanodet { tensor, strides, candidates: 5, classes: 2, bins: BINS, point };
    model
}

/// A row of which each side is surely so many cells away.
fn row(scores: [f32; 2], sides: [usize; 4]) -> [f32; COLUMNS] {
    let mut row = [-100.0; COLUMNS];
    row[..2].copy_from_slice(&scores);
    for (side, distance) in sides.into_iter().enumerate() {
        row[2 + side * BINS + distance] = 100.0;
    }
    row
}

const NOTHING: [f32; COLUMNS] = [0.0; COLUMNS];

#[test]
fn by_hand() {
    // Cell (1, 0) of stride 8: its middle is (12, 4), its corner (8, 0); sides left, top, right, bottom.
    let fine = row([0.1, 0.8], [1, 0, 0, 1]);
    let mut between = row([0.0, 0.6], [0, 0, 0, 0]);
    // Half at 1, half at 2 cells of 16 px to the left: 1.5 cells.
    between[2..2 + BINS].copy_from_slice(&[-100.0, 3.0, 3.0, -100.0, -100.0]);
    for (point, want) in [
        (CellPoint::Middle, [[4.0, 4.0, 12.0, 12.0], [-16.0, 8.0, 8.0, 8.0]]),
        (CellPoint::Corner, [[0.0, 0.0, 8.0, 8.0], [-24.0, 0.0, 0.0, 0.0]]),
    ] {
        let model = model(point);
        let data = [NOTHING, fine, NOTHING, NOTHING, between].concat();
        let shapes = model.head.tensors(1);
        let tensors = [TensorView { shape: &shapes[0].1, data: &data }];
        let outputs = Outputs { tensors: &tensors, image: 0 };
        for (candidate, want) in [1, 4].into_iter().zip(want) {
            let got = reads(&model).corners(outputs, candidate);
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-4), "{point:?}: {got:?}");
        }
    }
    let model = model(CellPoint::Middle);
    let (seen, stats) =
        run(&model, &[&[NOTHING, fine, NOTHING, NOTHING, NOTHING].concat()], twice(&model));
    // A frame twice as large.
    assert_eq!(seen, [(1, 0.8, [8.0, 8.0, 24.0, 24.0])]);
    assert_eq!((stats.candidates, stats.invalid), (1, 0));
}

#[test]
fn hostile() {
    let model = model(CellPoint::Middle);
    let good = row([0.9, 0.0], [1, 1, 1, 1]);
    let other = row([0.0, 0.7], [1, 1, 1, 1]);
    for bad in [f32::NAN, f32::INFINITY] {
        for at in [2, 2 + BINS, COLUMNS - 1] {
            let mut broken = good;
            broken[at] = bad;
            let data = [broken, NOTHING, NOTHING, other, NOTHING].concat();
            let (seen, stats) = run(&model, &[&data], twice(&model));
            assert_eq!((seen.len(), stats.invalid, stats.bad_boxes), (1, 1, 1), "[{at}] = {bad}");
        }
    }
    // No side can be anywhere.
    let mut nowhere = good;
    nowhere[2..2 + BINS].fill(f32::NEG_INFINITY);
    let data = [nowhere, NOTHING, NOTHING, other, NOTHING].concat();
    let (seen, stats) = run(&model, &[&data], twice(&model));
    assert_eq!((seen.len(), stats.bad_boxes), (1, 1));
    // Large logits are logits.
    let mut large = good;
    for logit in &mut large[2..] {
        *logit *= 1e30;
    }
    let data = [large, NOTHING, NOTHING, NOTHING, NOTHING].concat();
    assert_eq!(run(&model, &[&data], twice(&model)).0.len(), 1);
}

/// Without their sigmoid, or with the sides first, the scores are no probabilities, and somebody is told.
#[test]
fn another_layout_is_told() {
    let model = model(CellPoint::Middle);
    let rows = [row([7.0, -3.0], [1, 1, 1, 1]); 5].concat();
    let (seen, stats) = run(&model, &[&rows], twice(&model));
    assert_eq!(seen, []);
    let mut sanity = Sanity::default();
    sanity.add(&stats);
    let told = sanity.of_pictures(&model.head).unwrap();
    assert!(told.contains("no probabilities") && told.contains("\"nanodet\""), "{told}");
}

/// As the paper says it, in double precision and without care.
fn plain(row: &[f32], cell: [f64; 2], stride: f64, point: f64) -> [f64; 4] {
    let distance = |side: usize| {
        let logits = row[2 + side * BINS..][..BINS].iter().map(|logit| f64::from(*logit).exp());
        let shares: Vec<f64> = logits.collect();
        let mass: f64 = shares.iter().sum();
        let mean: f64 = (0u32..).zip(&shares).map(|(i, share)| f64::from(i) * share / mass).sum();
        mean * stride
    };
    let [x, y] = cell.map(|at| (at + point) * stride);
    [x - distance(0), y - distance(1), x + distance(2), y + distance(3)]
}

proptest! {
    #[test]
    fn agrees_with_a_plain_decoder(logits in prop::collection::vec(-20.0f32..20.0, 5 * COLUMNS)) {
        let cells = [([0.0, 0.0], 8.0), ([1.0, 0.0], 8.0), ([0.0, 1.0], 8.0), ([1.0, 1.0], 8.0), ([0.0, 0.0], 16.0)];
        for (point, share) in [(CellPoint::Middle, 0.5), (CellPoint::Corner, 0.0)] {
            let model = model(point);
            let shapes = model.head.tensors(1);
            let tensors = [TensorView { shape: &shapes[0].1, data: &logits }];
            let outputs = Outputs { tensors: &tensors, image: 0 };
            for (candidate, (cell, stride)) in cells.into_iter().enumerate() {
                let got = reads(&model).corners(outputs, candidate);
                let want = plain(&logits[candidate * COLUMNS..], cell, stride, share);
                for (got, want) in got.iter().zip(want) {
                    prop_assert!((f64::from(*got) - want).abs() < 1e-3, "{got} and {want}");
                }
            }
        }
    }

    /// Whatever bits a model gives: boxes lie in the frame, confidences are probabilities, order holds.
    #[test]
    fn any_bits_give_valid_detections(
        bits in prop::collection::vec(any::<u32>(), 5 * COLUMNS),
        scores in prop::collection::vec(0u8..=4, 5),
    ) {
        let model = model(CellPoint::Middle);
        let mut rows: Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
        for (i, score) in scores.iter().enumerate() {
            rows[i * COLUMNS] = f32::from(*score) / 4.0;
        }
        let (seen, _) = run(&model, &[&rows], twice(&model));
        for (class, confidence, [x0, y0, x1, y1]) in &seen {
            prop_assert!(*class < 2 && (0.25..=1.0).contains(confidence));
            prop_assert!(0.0 <= *x0 && x0 < x1 && *x1 <= 32.0 && 0.0 <= *y0 && y0 < y1 && *y1 <= 32.0);
        }
        prop_assert!(seen.windows(2).all(|w| w[0].1 >= w[1].1));
    }
}
