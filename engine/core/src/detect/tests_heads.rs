//! Heads against plain decoders: loops over all that there is, in double precision, without early exits.

#![allow(
    clippy::float_cmp,
    clippy::neg_cmp_op_on_partial_ord,
    clippy::many_single_char_names,
    reason = "plain decoders compare as the layouts are written"
)]

use super::street::{self, CLASSES};
use super::*;
use crate::model::{Activation, BoxUnit};
use crate::random::SplitMix64;

const LABELLED: [u16; 4] = [0, 1, 2, 3];
const MIN: f32 = 0.25;
/// Whether a score so near to the least one reaches it, rounding decides.
const EDGE: f64 = 1e-5;

#[derive(Clone, Copy, Debug)]
struct Found {
    candidate: usize,
    class: u16,
    score: f64,
    corners: [f64; 4],
}

/// One image's tensors.
struct Plain<'a> {
    head: &'a Head,
    tensors: &'a [&'a [f32]],
}

impl Plain<'_> {
    fn value(&self, tensor: usize, at: usize) -> f64 {
        f64::from(self.tensors[tensor][at])
    }

    fn found(&self) -> Vec<Found> {
        match self.head {
            Head::Centernet { .. } => self.peaks(),
            Head::Yolov10 { .. } | Head::Efficientdet { .. } => self.numbered(),
            _ => self.best_classes(),
        }
    }

    /// The score of a class at a candidate; none, when it is no score.
    fn score(&self, candidate: usize, class: usize) -> Option<f64> {
        let (n, classes) = (self.head.candidates(), self.head.classes());
        match self.head {
            Head::Yolov5 { .. } => {
                let row = candidate * (5 + classes);
                Some(
                    probability(self.value(0, row + 4))?
                        * probability(self.value(0, row + 5 + class))?,
                )
            }
            Head::Yolov8 { .. } => probability(self.value(0, (4 + class) * n + candidate)),
            Head::Ssd { .. } | Head::Detr { activation: Activation::None, .. } => {
                probability(self.value(0, candidate * classes + class))
            }
            Head::Detr { activation: Activation::Sigmoid, .. } => {
                let logit = self.value(0, candidate * classes + class);
                (logit < f64::INFINITY).then(|| 1.0 / (1.0 + (-logit).exp()))
            }
            Head::Detr { .. } => {
                let row: Vec<f64> =
                    (0..classes).map(|c| self.value(0, candidate * classes + c)).collect();
                let mass: f64 = row.iter().map(|logit| (logit - row[class]).exp()).sum();
                let good = row.iter().all(|logit| *logit < f64::INFINITY);
                let share = 1.0 / mass;
                (good && share.is_finite()).then_some(share)
            }
            other => panic!("{other:?} has no scores by class"),
        }
    }

    /// Is it the best class of a candidate just as well?
    fn is_as_sure(&self, got: &Scored, best: &Found) -> bool {
        let by_class = matches!(
            self.head,
            Head::Ssd { .. } | Head::Yolov5 { .. } | Head::Yolov8 { .. } | Head::Detr { .. }
        );
        let score = || self.score(got.candidate as usize, usize::from(got.class));
        by_class && score().is_some_and(|score| (score - best.score).abs() < 1e-6)
    }

    /// Each candidate as its best labelled class.
    fn best_classes(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for candidate in 0..self.head.candidates() {
            let mut best: Option<(u16, f64)> = None;
            for class in LABELLED {
                if let Some(score) = self.score(candidate, usize::from(class))
                    && best.is_none_or(|(_, so_far)| score > so_far)
                {
                    best = Some((class, score));
                }
            }
            if let Some((class, score)) = best {
                found.push(Found { candidate, class, score, corners: self.corners(candidate) });
            }
        }
        found
    }

    fn numbered(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for candidate in 0..self.head.candidates() {
            let (score, number) = match self.head {
                Head::Yolov10 { .. } => {
                    (self.value(0, candidate * 6 + 4), self.value(0, candidate * 6 + 5))
                }
                _ => (self.value(1, candidate), self.value(2, candidate)),
            };
            for class in LABELLED {
                if let Some(score) = probability(score)
                    && number == f64::from(class)
                {
                    found.push(Found { candidate, class, score, corners: self.corners(candidate) });
                }
            }
        }
        found
    }

    fn peaks(&self) -> Vec<Found> {
        let Head::Centernet { cells: [columns, rows], activation, .. } = self.head else {
            panic!("another head");
        };
        let mut found = Vec::new();
        for (class, y, x) in LABELLED
            .into_iter()
            .flat_map(|c| (0..*rows).flat_map(move |y| (0..*columns).map(move |x| (c, y, x))))
        {
            let at =
                |x: usize, y: usize| self.value(0, (usize::from(class) * rows + y) * columns + x);
            let here = at(x, y);
            let mut peak = true;
            for (other_x, other_y) in (0..9).map(|i| (x + i % 3, y + i / 3)) {
                let inside = (1..=*columns).contains(&other_x) && (1..=*rows).contains(&other_y);
                peak &= !inside || !(at(other_x - 1, other_y - 1) > here);
            }
            let score = match activation {
                Activation::Sigmoid => (here < f64::INFINITY).then(|| 1.0 / (1.0 + (-here).exp())),
                _ => probability(here),
            };
            if let Some(score) = score
                && peak
            {
                let candidate = y * columns + x;
                found.push(Found { candidate, class, score, corners: self.corners(candidate) });
            }
        }
        found
    }

    /// `x0, y0, x1, y1`, px.
    fn corners(&self, candidate: usize) -> [f64; 4] {
        let (n, classes) = (self.head.candidates(), self.head.classes());
        let side = street::SIDE as f64;
        let row = |tensor: usize, from: usize| [0, 1, 2, 3].map(|i| self.value(tensor, from + i));
        let of = |unit: &BoxUnit, v: [f64; 4]| {
            if *unit == BoxUnit::Px { v } else { v.map(|v| v * side) }
        };
        match self.head {
            Head::Yolov5 { unit, .. } => around(of(unit, row(0, candidate * (5 + classes)))),
            Head::Yolov8 { unit, .. } => {
                around(of(unit, [0, 1, 2, 3].map(|i| self.value(0, i * n + candidate))))
            }
            Head::Yolov10 { unit, .. } => of(unit, row(0, candidate * 6)),
            Head::Ssd { .. } => {
                let [y0, x0, y1, x1] = row(1, candidate * 4).map(|v| v * side);
                [x0, y0, x1, y1]
            }
            Head::Efficientdet { unit, .. } => {
                let [y0, x0, y1, x1] = of(unit, row(0, candidate * 4));
                [x0, y0, x1, y1]
            }
            Head::Detr { .. } => around(row(1, candidate * 4).map(|v| v * side)),
            Head::Centernet { cells: [columns, _], .. } => {
                let (x, y) = (candidate % columns, candidate / columns);
                let (x, y) =
                    (x as f64 + self.value(2, candidate), y as f64 + self.value(2, n + candidate));
                let (w, h) = (self.value(1, candidate), self.value(1, n + candidate));
                around([x, y, w, h].map(|cells| cells * 4.0))
            }
            other => panic!("{other:?} has tests of its own"),
        }
    }
}

fn probability(value: f64) -> Option<f64> {
    (-1e-3..=1.001).contains(&value).then_some(value.clamp(0.0, 1.0))
}

fn around([x, y, w, h]: [f64; 4]) -> [f64; 4] {
    [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]
}

/// Some heads are smaller than those of the street, so that blocks and rows end anywhere.
fn smaller(head: &Head, n: usize) -> Head {
    let mut head = head.clone();
    match &mut head {
        Head::Ssd { candidates, .. }
        | Head::Yolov5 { candidates, .. }
        | Head::Yolov8 { candidates, .. }
        | Head::Yolov10 { candidates, .. }
        | Head::Detr { candidates, .. }
        | Head::Efficientdet { candidates, .. } => *candidates = n,
        Head::Centernet { cells, .. } => *cells = [n.clamp(1, 20), n % 7 + 1],
        other => panic!("{other:?} has tests of its own"),
    }
    head
}

/// Values as this head may give them, and some that none should.
fn any_values(head: &Head, tensor: usize, len: usize, random: &mut SplitMix64) -> Vec<f32> {
    const HOSTILE: [f32; 8] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0005, -0.0005, 1.5, 1e30, -1e30];
    let numbers = matches!((head, tensor), (Head::Efficientdet { .. }, 2));
    let sixth = |at: usize| matches!(head, Head::Yolov10 { .. }) && at % 6 == 5;
    (0..len)
        .map(|at| {
            if random.draw().is_multiple_of(40) {
                return HOSTILE[(random.draw() % 8) as usize];
            }
            let share = random.unit_f32();
            match random.draw() % 4 {
                _ if numbers || sixth(at) => (share * (CLASSES as f32 + 2.0)).floor() - 1.0,
                0 => share * 300.0,
                1 => share * 12.0 - 6.0,
                // Equal values, and such as are just at the least one.
                2 => (share * 8.0).floor() / 8.0,
                _ => share,
            }
        })
        .collect()
}

fn compare(head: &Head, images: usize, random: &mut SplitMix64) -> usize {
    let shapes = head.tensors(images);
    let data: Vec<Vec<f32>> = shapes
        .iter()
        .enumerate()
        .map(|(i, (_, shape))| any_values(head, i, shape.iter().product(), random))
        .collect();
    let tensors: Vec<TensorView<'_>> =
        shapes.iter().zip(&data).map(|((_, shape), data)| TensorView { shape, data }).collect();
    let reader = reads(&street::model(head));
    let mut seen = 0;
    for image in 0..images {
        let parts: Vec<&[f32]> =
            data.iter().map(|d| &d[d.len() / images * image..][..d.len() / images]).collect();
        let want = Plain { head, tensors: &parts }.found();
        let (sure, at_edge): (Vec<_>, Vec<_>) =
            want.into_iter().filter(|found| found.score > f64::from(MIN) - EDGE).partition(
                |found| found.score >= f64::from(MIN) + EDGE || found.score == f64::from(MIN),
            );
        let outputs = Outputs { tensors: &tensors, image };
        let mut got = Vec::new();
        reader.scan(outputs, Wanted { labelled: &LABELLED, score_min: MIN }, &mut got);
        got.retain(|g| {
            !at_edge.iter().any(|e| (e.candidate, e.class) == (g.candidate as usize, g.class))
        });
        let by_place = |scored: &Scored| (scored.class, scored.candidate);
        got.sort_by_key(by_place);
        let mut sure = sure;
        let plain = Plain { head, tensors: &parts };
        for one in &mut sure {
            // Of classes that are equally sure, rounding decides.
            let same =
                |g: &&Scored| g.candidate as usize == one.candidate && plain.is_as_sure(g, one);
            one.class = got.iter().find(same).map_or(one.class, |g| g.class);
        }
        sure.sort_by_key(|found| (found.class, found.candidate));
        assert_eq!(got.len(), sure.len(), "{head:?}: {got:?} {sure:?}");
        for (got, want) in got.iter().zip(&sure) {
            assert_eq!(
                (got.candidate as usize, got.class),
                (want.candidate, want.class),
                "{head:?}"
            );
            assert!((f64::from(got.score) - want.score).abs() < 1e-6, "{head:?}: {got:?} {want:?}");
            same_box(reader.corners(outputs, want.candidate), want.corners);
        }
        seen += sure.len();
    }
    seen
}

/// Where one is a box, the other is the same.
fn same_box(got: [f32; 4], want: [f64; 4]) {
    for (got, want) in got.into_iter().map(f64::from).zip(want) {
        let near = (got - want).abs() <= 1e-3 + 1e-5 * want.abs().max(1e3);
        let lost = !got.is_finite() || want.abs() > 1e25;
        assert!(near || (lost && (!want.is_finite() || want.abs() > 1e25)), "{got} {want}");
    }
}

#[test]
fn heads_agree_with_plain_decoders() {
    for head in street::heads() {
        if matches!(head, Head::Yolox { .. } | Head::Nanodet { .. }) {
            continue;
        }
        let mut compared = 0;
        for (seed, n) in [1, 2, 7, 63, 64, 65, 129, 300].into_iter().enumerate() {
            for images in 1..=3 {
                let seed = (seed * 10 + images) as u64;
                println!("{head:?}, {n} candidates, {images} images, seed {seed}");
                compared += compare(&smaller(&head, n), images, &mut SplitMix64::new(seed));
            }
        }
        assert!(compared > 100, "{head:?}: only {compared} candidates");
    }
}

/// Whatever bits a model gives: boxes lie in the frame, confidences are probabilities, order holds.
#[test]
fn any_bits_give_valid_detections_of_any_head() {
    let model_side = street::SIDE as f32;
    for (seed, head) in
        (0..20_u64).flat_map(|seed| street::heads().into_iter().map(move |h| (seed, h)))
    {
        println!("seed {seed}, {head:?}");
        let mut random = SplitMix64::new(seed);
        let tensors: Vec<Vec<f32>> = head
            .tensors(1)
            .iter()
            .map(|(_, shape)| {
                let len: usize = shape.iter().product();
                let bits = |random: &mut SplitMix64| f32::from_bits(random.draw() as u32);
                let plain = |random: &mut SplitMix64| random.unit_f32();
                (0..len)
                    .map(|_| {
                        if random.draw().is_multiple_of(3) {
                            bits(&mut random)
                        } else {
                            plain(&mut random)
                        }
                    })
                    .collect()
            })
            .collect();
        let (seen, stats) = street::read(&head, &tensors);
        assert_eq!(stats.detections as usize, seen.len());
        for one in &seen {
            assert!((MIN..=1.0).contains(&one.confidence.get()) && one.class.0 < 4, "{one:?}");
            let PxBox { x0, y0, x1, y1 } = one.bbox;
            assert!(0.0 <= x0 && x0 < x1 && x1 <= model_side, "{one:?}");
            assert!(0.0 <= y0 && y0 < y1 && y1 <= model_side, "{one:?}");
        }
        assert!(seen.windows(2).all(|w| w[0].confidence >= w[1].confidence));
    }
}

/// A graph that gives no row at all is read as an empty street.
#[test]
fn no_candidates() {
    for head in street::heads() {
        if matches!(head, Head::Yolox { .. } | Head::Nanodet { .. } | Head::Centernet { .. }) {
            continue;
        }
        let head = smaller(&head, 0);
        let tensors = vec![Vec::new(); head.tensors(1).len()];
        assert_eq!(street::read(&head, &tensors), (vec![], DecodeStats::default()), "{head:?}");
    }
}
