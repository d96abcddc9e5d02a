//! Hand-computed values, hostile values, and suppression against its definition.

use super::*;
use crate::config::model::parse;
use crate::detect::{GROUP_IOU, Sanity};
use crate::geometry::PxRect;
use crate::model::{Batch, Head};
use crate::tensor::{Fit, Sheet};
use proptest::prelude::*;

#[path = "tests_heads.rs"]
mod heads;
#[path = "tests_nanodet.rs"]
mod nanodet;
#[path = "tests_street.rs"]
mod street;
#[path = "tests_wrong_heads.rs"]
mod wrong_heads;

/// Two candidates, four classes: person, car, truck, unlabelled.
fn ssd_model() -> Model {
    let text = r#"
name = "tiny-ssd"
version = 1
title = "t"
licence = "l"
file = "f"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
recipe = "r"
[input]
name = "image"
width = 100
height = 50
batch = "any"
layout = "nhwc"
channels = "rgb"
fit = "stretch"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
[output]
head = "ssd"
scores = "scores"
boxes = "boxes"
candidates = 2
classes = 4
[nms]
iou = 0.5
confidence_min = 0.25
[labels]
0 = "person"
1 = "vehicle.car"
2 = "vehicle.truck"
"#;
    parse("model.toml", text).unwrap()
}

/// 16 x 16 px, strides 8 and 16: 4 + 1 cells; classes person and car.
fn yolox_model() -> Model {
    let mut model = ssd_model();
    model.head =
        Head::Yolox { tensor: "output".into(), strides: vec![8, 16], candidates: 5, classes: 2 };
    (model.input.width, model.input.height, model.batch) = (16, 16, Batch::Fixed(1));
    model.labels.truncate(2);
    model
}

/// A frame twice as large as the model's input.
fn twice(model: &Model) -> Fit {
    model.input.fit_frame(model.input.width * 2, model.input.height * 2)
}

fn with_candidates(mut model: Model, n: usize) -> Model {
    let Head::Ssd { candidates, .. } = &mut model.head else { panic!("an SSD model") };
    *candidates = n;
    model
}

type Seen = Vec<(u16, f32, [f32; 4])>;

fn run(model: &Model, data: &[&[f32]], fit: Fit) -> (Seen, DecodeStats) {
    let shapes = model.head.tensors(1);
    let tensors: Vec<TensorView<'_>> =
        shapes.iter().zip(data).map(|((_, shape), data)| TensorView { shape, data }).collect();
    let mut out = Vec::new();
    let stats = Decoder::new(model)
        .decode(&tensors, 0, &Sheet::new(model.input.size(), [fit]), &mut out)
        .unwrap();
    assert_eq!(
        stats.candidates,
        stats.over_limit + stats.outside + stats.suppressed + stats.detections + stats.invalid
            - score_only(&stats, model, data),
        "nothing vanishes uncounted: {stats:?}"
    );
    let seen = out
        .iter()
        .map(|d| (d.class.0, d.confidence.get(), [d.bbox.x0, d.bbox.y0, d.bbox.x1, d.bbox.y1]))
        .collect();
    (seen, stats)
}

/// Invalid scores that never became candidates; the rest of `invalid` are boxes.
fn score_only(stats: &DecodeStats, model: &Model, data: &[&[f32]]) -> u32 {
    let mut scored = Vec::new();
    let labelled: Vec<u16> =
        (0u16..).zip(&model.labels).filter(|(_, l)| l.is_some()).map(|(i, _)| i).collect();
    let shapes = model.head.tensors(1);
    let tensors: Vec<TensorView<'_>> =
        shapes.iter().zip(data).map(|((_, shape), data)| TensorView { shape, data }).collect();
    let outputs = Outputs { tensors: &tensors, image: 0 };
    let wanted = Wanted { labelled: &labelled, score_min: 0.25 };
    reads(model).scan(outputs, wanted, &mut scored).invalid.min(stats.invalid)
}

#[test]
fn ssd_by_hand() {
    let model = ssd_model();
    let fit = twice(&model);
    let whole = [0.0f32, 0.0, 1.0, 1.0];
    // Input 100 x 50 px, frame 200 x 100 px; y comes first in a box.
    let quarter = [0.5f32, 0.25, 1.0, 0.75];
    #[rustfmt::skip]
    let cases: [(&str, [f32; 8], [f32; 4], Seen); 6] = [
        ("a car",        [0.1, 0.9, 0.1, 0.0,  0.0, 0.0, 0.0, 0.0], quarter, vec![(1, 0.9, [50.0, 50.0, 150.0, 100.0])]),
        ("at the limit", [0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], quarter, vec![(0, 0.25, [50.0, 50.0, 150.0, 100.0])]),
        ("too weak",     [0.2, 0.2, 0.2, 0.2,  0.0, 0.0, 0.0, 0.0], quarter, vec![]),
        ("no label",     [0.0, 0.0, 0.0, 0.99, 0.0, 0.0, 0.0, 0.0], quarter, vec![]),
        ("under a class without label",
                         [0.3, 0.0, 0.0, 0.99, 0.0, 0.0, 0.0, 0.0], quarter, vec![(0, 0.3, [50.0, 50.0, 150.0, 100.0])]),
        ("best first",   [0.3, 0.0, 0.0, 0.0,  0.0, 0.8, 0.0, 0.0], quarter,
                         vec![(1, 0.8, [0.0, 0.0, 200.0, 100.0]), (0, 0.3, [50.0, 50.0, 150.0, 100.0])]),
    ];
    for (name, scores, first, want) in cases {
        let boxes: Vec<f32> = first.into_iter().chain(whole).collect();
        assert_eq!(run(&model, &[&scores, &boxes], fit).0, want, "{name}");
    }
}

#[test]
fn yolox_by_hand() {
    let model = yolox_model();
    let fit = twice(&model);
    let mut rows = [[0.0f32; 7]; 5];
    // Cell (1, 0) of stride 8: centre ((0.5 + 1) 8, (0.25 + 0) 8) = (12, 2), size (8, 8 e^0).
    rows[1] = [0.5, 0.25, 0.0, 0.0, 0.5, 0.1, 0.8];
    // The one cell of stride 16: centre (8, 8), size (4, 8).
    rows[4] = [0.5, 0.5, 0.25f32.ln(), 0.5f32.ln(), 1.0, 0.9, 0.0];
    let data: Vec<f32> = rows.concat();
    let (seen, stats) = run(&model, &[&data], fit);
    assert_eq!(seen.len(), 2, "{stats:?}");
    let near =
        |got: [f32; 4], want: [f32; 4]| got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-3);
    assert!(seen[0].0 == 0 && near(seen[0].2, [12.0, 8.0, 20.0, 24.0]), "{seen:?}");
    // Cut off at the frame's top: y from -2 to 6 model px.
    assert!(seen[1].0 == 1 && near(seen[1].2, [16.0, 0.0, 32.0, 12.0]), "{seen:?}");
    assert!((seen[1].1 - 0.4).abs() < 1e-6, "objectness times class");
}

#[test]
fn letterbox_is_undone() {
    let mut model = yolox_model();
    model.input.fit = crate::tensor::FitMode::Letterbox { pad: 114.0 };
    // 64 x 32 px into 16 x 16 px: scale 1/4, the lower half is padding.
    let fit = model.input.fit_frame(64, 32);
    let mut rows = [[0.0f32; 7]; 5];
    rows[0] = [0.5, 0.5, 0.5f32.ln(), 0.5f32.ln(), 1.0, 1.0, 0.0]; // centre (4, 4), 4 x 4
    rows[2] = [0.5, 0.5, 0.0, 0.0, 1.0, 1.0, 0.0]; // centre (4, 12): in the padding
    let (seen, stats) = run(&model, &[&rows.concat()], fit);
    assert_eq!(seen, [(0, 1.0, [8.0, 8.0, 24.0, 24.0])]);
    assert_eq!(stats.outside, 1);
}

#[test]
fn hostile_values_are_skipped_and_counted() {
    let model = ssd_model();
    let fit = twice(&model);
    let good = [0.0f32, 0.0, 1.0, 1.0];
    let bad_scores = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.01, f32::MAX];
    for bad in bad_scores {
        let scores = [bad, 0.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0];
        let (seen, stats) = run(&model, &[&scores, &[good, good].concat()], fit);
        assert_eq!(seen.len(), 1, "{bad}");
        // Minus infinity is merely weak.
        assert_eq!(stats.invalid, u32::from(bad != f32::NEG_INFINITY), "{bad}");
    }
    let bad_boxes = [
        [f32::NAN, 0.0, 1.0, 1.0],
        [0.0, f32::NEG_INFINITY, 1.0, 1.0],
        [0.0, 0.0, f32::MAX, f32::INFINITY],
        [1.0, 0.0, 0.0, 1.0],
    ];
    for bad in bad_boxes {
        let scores = [0.9, 0.0, 0.0, 0.0, 0.0, 0.8, 0.0, 0.0];
        let (seen, stats) = run(&model, &[&scores, &[bad, good].concat()], fit);
        assert_eq!((seen.len(), stats.invalid), (1, 1), "{bad:?}");
    }
    let (seen, stats) =
        run(&model, &[&[0.9; 8], &[[2.0, 2.0, 3.0, 3.0], [0.2, 0.2, 0.2, 0.9]].concat()], fit);
    assert_eq!((seen.len(), stats.outside), (0, 2), "outside, and without height");
}

/// Two models that are equally sure say so with equal confidence, and nothing is lost at the least one.
#[test]
fn scores_are_calibrated() {
    let mut model = ssd_model();
    let fit = twice(&model);
    let boxes = [[0.0f32, 0.0, 0.4, 0.4], [0.6, 0.6, 1.0, 1.0]].concat();
    let of = |model: &Model, a: f32, b: f32| {
        let scores = [a, 0.0, 0.0, 0.0, 0.0, b, 0.0, 0.0];
        run(model, &[&scores, &boxes], fit).0.iter().map(|seen| seen.1).collect::<Vec<_>>()
    };
    assert_eq!(of(&model, 0.81, 0.2), [0.81]);
    model.scores = Some(Scores { slope: 2.0, offset: 0.0 });
    let near = |got: &[f32], want: &[f32]| {
        got.len() == want.len() && got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-6)
    };
    // Odds of 3 to 1 are 9 to 1 when they are squared. Of 0.25, the least confidence, the score is 0.366.
    for (scores, want) in [
        ([0.75, 0.5], &[0.9, 0.5][..]),
        ([1.0, 0.367], &[1.0, 0.251_577]),
        ([0.365, 0.0], &[]),
        ([1.0005, 0.0], &[1.0]),
    ] {
        let got = of(&model, scores[0], scores[1]);
        assert!(near(&got, want), "{scores:?}: {got:?}");
    }
    model.confidence_min = 0.35;
    for hundredth in 1..500 {
        let at = hundredth as f32 / 100.0;
        let scores = Scores { slope: 0.5 + at, offset: 2.5 - at };
        model.scores = Some(scores);
        let got = of(&model, scores.score(0.35), 0.0);
        assert!(got.len() == 1 && (0.35..0.351).contains(&got[0]), "{scores:?}: {got:?}");
    }
}

#[test]
fn hostile_yolox() {
    let model = yolox_model();
    let fit = twice(&model);
    let row = [0.5f32, 0.5, 0.0, 0.0, 0.9, 0.9, 0.0];
    for (at, bad) in
        [(0, f32::NAN), (2, 100.0), (3, f32::INFINITY), (4, f32::NAN), (5, f32::NAN), (4, 7.0)]
    {
        let mut rows = [[0.0f32; 7]; 5];
        (rows[0], rows[3]) = (row, row);
        rows[0][at] = bad;
        let (seen, stats) = run(&model, &[&rows.concat()], fit);
        assert_eq!((seen.len(), stats.invalid), (1, 1), "row[{at}] = {bad}");
    }
}

/// However many there are: of boxes beyond the limit nothing is known, so they excuse no wrong model.
#[test]
fn every_box_of_a_wrong_export_is_a_bad_one() {
    for n in [40, 2_000] {
        let model = with_candidates(ssd_model(), n);
        let (scores, pixels) = (vec![0.99f32; 4 * n], [10.0f32, 10.0, 200.0, 200.0].repeat(n));
        let (seen, stats) = run(&model, &[&scores, &pixels], twice(&model));
        assert_eq!((seen.len(), stats.bad_boxes), (0, stats.sure), "{n}");
        let mut sanity = Sanity::default();
        sanity.add(&stats);
        let told = sanity.of_pictures(&model.head).unwrap();
        assert!(told.contains("pixels"), "{told}");
    }
}

#[test]
fn one_vehicle_is_one_detection() {
    let model = ssd_model();
    let fit = twice(&model);
    // Class pairs and the second box's width; the first is the whole frame, so IoU is that width.
    #[rustfmt::skip]
    let cases = [
        ("car and truck, nearly equal",   1, 2, 0.8, 1),
        ("car and truck, overlapping",    1, 2, 0.6, 2),
        ("car and car, overlapping",      1, 1, 0.6, 1),
        ("car and car, apart enough",     1, 1, 0.45, 2),
        ("person in a car",               0, 1, 0.95, 2),
    ];
    for (name, a, b, width, want) in cases {
        let mut scores = [0.0f32; 8];
        scores[a] = 0.9;
        scores[4 + b] = 0.8;
        let boxes = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, width];
        let (seen, _) = run(&model, &[&scores, &boxes], fit);
        assert_eq!(seen.len(), want, "{name}");
        assert_eq!(seen[0].0, a as u16, "{name}: the surer one stays");
    }
}

#[test]
fn wrong_shapes_say_what_to_do() {
    let model = ssd_model();
    let fit = twice(&model);
    let mut decoder = Decoder::new(&model);
    let mut out = vec![Detection {
        class: ClassIx(0),
        confidence: Confidence::ONE,
        bbox: PxBox::new(0.0, 0.0, 1.0, 1.0).unwrap(),
        part: 0,
    }];
    let data = [0.0f32; 16];
    let view = |shape: &'static [usize], n| TensorView { shape, data: &data[..n] };
    let good = view(&[1, 2, 4], 8);
    let mut fails = |tensors: &[TensorView<'_>], image| {
        let err = decoder
            .decode(tensors, image, &Sheet::new(model.input.size(), [fit]), &mut out)
            .unwrap_err();
        assert!(out.is_empty());
        err.to_string()
    };
    insta::assert_snapshot!(fails(&[view(&[1, 2, 3], 6), good], 0), @r#"model tiny-ssd: output "scores" has shape [1, 2, 3] (6 values), its description says [1, 2, 4]; export the model again, or correct candidates and classes in models/tiny-ssd/model.toml"#);
    assert!(fails(&[good], 0).contains("1 output tensors"));
    assert!(fails(&[good, good], 1).contains("image 1 of a batch of 1"));
    assert!(fails(&[good, view(&[1, 2, 4], 7)], 0).contains("7 values"));
    assert!(fails(&[good, view(&[], 0)], 0).contains("\"boxes\" has shape []"));
    assert!(fails(&[good, view(&[0, 2, 4], 0)], 0).contains("of a batch of 0"));
    assert!(fails(&[view(&[usize::MAX, 2, 4], 8), good], 0).contains("8 values"));
}

#[test]
fn the_second_image_of_a_batch() {
    let model = ssd_model();
    let fit = twice(&model);
    let mut scores = [0.0f32; 16];
    scores[8 + 1] = 0.9;
    let mut boxes = [0.0f32; 16];
    boxes[8..12].copy_from_slice(&[0.0, 0.0, 0.5, 0.5]);
    let (s, b) = ([2, 2, 4], [2, 2, 4]);
    let tensors = [TensorView { shape: &s, data: &scores }, TensorView { shape: &b, data: &boxes }];
    let mut decoder = Decoder::new(&model);
    let mut out = Vec::new();
    assert_eq!(
        decoder.decode(&tensors, 0, &Sheet::new(model.input.size(), [fit]), &mut out).unwrap(),
        DecodeStats::default()
    );
    decoder.decode(&tensors, 1, &Sheet::new(model.input.size(), [fit]), &mut out).unwrap();
    assert_eq!((out.len(), out[0].bbox.x1, out[0].bbox.y1), (1, 100.0, 50.0));
}

/// What lies on one sheet is told where it is in the frame, by the part in which its middle lies.
#[test]
fn parts_of_a_frame_are_undone_each_by_itself() {
    let mut model = yolox_model();
    model.input.fit = crate::tensor::FitMode::Letterbox { pad: 114.0 };
    let rect = |x, y, width, height| PxRect { x, y, width, height };
    // 64 x 32 px above; below it 20 x 7 px of it from (40, 11) on, at their own scale, and a column of padding.
    let part = Fit::part(rect(40, 11, 15, 7), rect(0, 8, 15, 7));
    let sheet = Sheet::new(model.input.size(), [model.input.fit_frame(64, 32), part]);
    let mut rows = [[0.0f32; 7]; 5];
    rows[0] = [0.5, 0.5, 0.5f32.ln(), 0.5f32.ln(), 1.0, 1.0, 0.0]; // centre (4, 4), 4 x 4
    rows[2] = [0.5, 0.5, 0.0, 0.0, 1.0, 0.9, 0.0]; // centre (4, 12), 8 x 8: larger than the part
    rows[3] = [0.96, 0.5, 0.0, 0.0, 1.0, 0.8, 0.0]; // centre (15.7, 12): in the padding
    let (shapes, data) = (model.head.tensors(1), rows.concat());
    let tensors = [TensorView { shape: &shapes[0].1, data: &data }];
    let mut out = Vec::new();
    let stats = Decoder::new(&model).decode(&tensors, 0, &sheet, &mut out).unwrap();
    let boxes: Vec<PxBox> = out.iter().map(|d| d.bbox).collect();
    let want = [[8.0, 8.0, 24.0, 24.0], [40.0, 11.0, 48.0, 18.0]];
    assert_eq!(boxes, want.map(|[x0, y0, x1, y1]| PxBox { x0, y0, x1, y1 }));
    assert_eq!((stats.detections, stats.outside), (2, 1));
}

#[test]
fn work_is_bounded_and_the_best_survive() {
    let n = CANDIDATES_KEPT_MAX + 100;
    let model = with_candidates(ssd_model(), n);
    let fit = twice(&model);
    // Scores rise; boxes are thin columns that do not overlap.
    let scores: Vec<f32> =
        (0..n).flat_map(|i| [0.3 + i as f32 / n as f32 * 0.6, 0.0, 0.0, 0.0]).collect();
    let boxes: Vec<f32> =
        (0..n).flat_map(|i| [0.0, i as f32 / n as f32, 1.0, (i as f32 + 0.9) / n as f32]).collect();
    let (seen, stats) = run(&model, &[&scores, &boxes], fit);
    assert_eq!((seen.len(), stats.over_limit), (CANDIDATES_KEPT_MAX, 100));
    assert!(seen.windows(2).all(|w| w[0].1 >= w[1].1), "best first");
    assert!((seen[0].1 - 0.9).abs() < 0.01 && seen.last().unwrap().1 > 0.3 + 0.6 * 99.0 / n as f32);
}

/// The definition, written naively over all pairs: a box stays unless one that stays is better,
/// means the same object, and there is no tie to break (rows are in order).
fn oracle(model: &Model, sorted: &[Detection]) -> Vec<Detection> {
    let label = |d: &Detection| model.labels[usize::from(d.class.0)].clone().unwrap();
    let mut stays = vec![true; sorted.len()];
    for i in 0..sorted.len() {
        for j in 0..i {
            let (a, b) = (label(&sorted[i]), label(&sorted[j]));
            let root = |c: &crate::observe::Class| c.as_str().split('.').next().unwrap().to_owned();
            let limit = if a == b { model.nms_iou } else { GROUP_IOU.max(model.nms_iou) };
            if stays[j] && root(&a) == root(&b) && sorted[i].bbox.iou(&sorted[j].bbox) > limit {
                stays[i] = false;
            }
        }
    }
    sorted.iter().zip(stays).filter(|(_, s)| *s).map(|(d, _)| *d).collect()
}

proptest! {
    /// Corners and scores on coarse grids, so that equal boxes, touching boxes and ties are
    /// common.
    #[test]
    fn agrees_with_the_definition(
        rows in prop::collection::vec((0u8..4, 0u8..8, 0u8..6, 0u8..6, 1u8..5, 1u8..5), 1..60),
        iou in 1u8..10,
    ) {
        let mut model = with_candidates(ssd_model(), rows.len());
        model.nms_iou = f32::from(iou) / 10.0;
        let mut scores = vec![0.0f32; rows.len() * 4];
        let mut boxes = vec![0.0f32; rows.len() * 4];
        for (i, &(class, score, x, y, w, h)) in rows.iter().enumerate() {
            scores[i * 4 + usize::from(class)] = f32::from(score) / 8.0;
            let unit = |v: u8| f32::from(v) / 10.0;
            boxes[i * 4..][..4].copy_from_slice(&[unit(y), unit(x), unit(y + h), unit(x + w)]);
        }
        let fit = twice(&model);
        let (seen, _) = run(&model, &[&scores, &boxes], fit);

        let mut all: Vec<Detection> = rows
            .iter()
            .enumerate()
            .filter(|(_, r)| r.0 < 3 && f32::from(r.1) / 8.0 >= model.confidence_min)
            .map(|(i, r)| {
                let b = &boxes[i * 4..][..4];
                Detection {
                    class: ClassIx(u16::from(r.0)),
                    confidence: Confidence::try_from(f32::from(r.1) / 8.0).unwrap(),
                    bbox: fit.to_frame(b[1] * 100.0, b[0] * 50.0, b[3] * 100.0, b[2] * 50.0).unwrap(),
                    part: 0,
                }
            })
            .collect();
        all.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
        let want: Seen = oracle(&model, &all)
            .iter()
            .map(|d| (d.class.0, d.confidence.get(), [d.bbox.x0, d.bbox.y0, d.bbox.x1, d.bbox.y1]))
            .collect();
        prop_assert_eq!(seen, want);
    }

    /// Whatever bits a model gives: boxes lie in the frame, confidences are probabilities, order
    /// holds.
    #[test]
    fn any_bits_give_valid_detections(
        bits in prop::collection::vec(any::<u32>(), 35..=35),
        objectness in prop::collection::vec(0u8..=4, 5..=5),
    ) {
        let model = yolox_model();
        let mut rows: Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
        for (i, o) in objectness.iter().enumerate() {
            rows[i * 7 + 4] = f32::from(*o) / 4.0;
            rows[i * 7 + 5] = f32::from(*o) / 4.0;
        }
        let fit = twice(&model);
        let (seen, _) = run(&model, &[&rows], fit);
        for (class, confidence, [x0, y0, x1, y1]) in &seen {
            prop_assert!(*class < 2 && (0.25..=1.0).contains(confidence));
            prop_assert!(0.0 <= *x0 && x0 < x1 && *x1 <= 32.0 && 0.0 <= *y0 && y0 < y1 && *y1 <= 32.0);
        }
        prop_assert!(seen.windows(2).all(|w| w[0].1 >= w[1].1));
    }
}
